"""Names of months, in Russian (any case form) and English."""

from __future__ import annotations

import re

_SOFT = "(?:ь|я|е|ю|ем)"
_HARD = "(?:а|е|у|ом)?"
_NAMES = (
    rf"янв(?:ар{_SOFT})?|jan(?:uary)?",
    rf"фев(?:р|рал{_SOFT})?|feb(?:ruary)?",
    rf"мар(?:т{_HARD})?|mar(?:ch)?",
    rf"апр(?:ел{_SOFT})?|apr(?:il)?",
    "ма(?:й|я|е|ю|ем)|may",
    rf"июн{_SOFT}?|june?",
    rf"июл{_SOFT}?|july?",
    rf"авг(?:уст{_HARD})?|aug(?:ust)?",
    rf"сен(?:т|тябр{_SOFT})?|sept?(?:ember)?",
    rf"окт(?:ябр{_SOFT})?|oct(?:ober)?",
    rf"ноя(?:б|бр{_SOFT})?|nov(?:ember)?",
    rf"дек(?:абр{_SOFT})?|dec(?:ember)?",
)
MONTH_WORD = rf"(?:{'|'.join(_NAMES)})\.?"
"""Pattern of a name in lower case, for Python and RE2; a point may follow a short one."""


def find_month(text: str) -> int | None:
    """Return the number of a month by its name, or None."""
    word = text.strip().lower().replace("ё", "е").removesuffix(".")
    return next((number for number, names in enumerate(_NAMES, start=1) if re.fullmatch(names, word)), None)
