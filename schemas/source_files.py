r"""How the load log names a file: its day, a slash, and its path below the day's folder (`source_file`).

A path is spelled so that any database, log and page can show it, and so that it leads back to the file: what is not
UTF-8 and what nobody sees (control characters, changes of direction) is written byte by byte as `\xNN`, and `\`
twice. The load log, mappings and commands know this spelling alone.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import date

_MAX_BYTES = 2_400
_KEPT_CHARACTERS = 500
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_ESCAPE = re.compile(rb"\\(?:(?P<backslash>\\)|x(?P<byte>[0-9a-f]{2}))")


def spell(path: str) -> str:
    """Return the spelling of a path that the system gave us."""
    if path.isprintable() and "\\" not in path:
        return path
    return "".join(_spell_character(character) for character in path)


def _spell_character(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if unicodedata.category(character) not in _UNSEEN:
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def unspell(spelling: str) -> str:
    """Return the path, as the system takes it, of a spelling."""
    path = _ESCAPE.sub(
        lambda escape: escape["backslash"] or bytes.fromhex(escape["byte"].decode("ascii")),
        spelling.encode("utf-8", "surrogateescape"),
    )
    return path.decode("utf-8", "surrogateescape")


def source_file_of(day: date, relative_path: str) -> str:
    """Return the name of a file in the load log; the path is spelled."""
    return _short(f"{day.isoformat()}/{relative_path}")


def member_of(source_file: str, name: str) -> str:
    """Return the name in the load log of a file out of an archive; its name there is spelled."""
    return _short(f"{source_file}/{name}")


def day_and_path(source_file: str) -> tuple[date, str]:
    """Return the day of a file that the load log names, and its path below the day's folder, as it is spelled."""
    day, _, path = source_file.partition("/")
    return date.fromisoformat(day), path


def _short(name: str) -> str:
    """Return a name that an index of the database takes; a shortened one leads to no file, but is no other file's."""
    if len(name.encode()) <= _MAX_BYTES:
        return name
    return f"{name[:_KEPT_CHARACTERS]}…{hashlib.sha256(name.encode()).hexdigest()[:16]}"
