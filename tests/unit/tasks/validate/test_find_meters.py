"""`find_meters` is a query: tests/integration/test_validate_loads.py."""

from __future__ import annotations

import pyarrow as pa

from tasks.validate.apply_rules import Meter
from tasks.validate.find_meters import METER, meters_by_code


def test_meters_are_found_by_their_code() -> None:
    meters = pa.table([["M", "N"], [7, 8], ["I", "J"], ["B", "C"], [60, 30]], schema=METER)

    assert meters_by_code(meters) == {"M": Meter(7, "I", "B", 60), "N": Meter(8, "J", "C", 30)}
