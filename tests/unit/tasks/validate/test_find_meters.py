"""`find_meters` is a query: tests/integration/test_validate_loads.py."""

from __future__ import annotations

import pyarrow as pa

from tasks.validate.apply_rules import Meter
from tasks.validate.find_meters import METER, meters_by_code


def test_meters_are_found_by_their_code() -> None:
    meters = pa.table([["M", "N"], [7, 8], ["I", "J"], ["B", "C"], [60, 30]], schema=METER)

    assert meters_by_code(meters) == {"M": Meter(7, "I", "B", 60), "N": Meter(8, "J", "C", 30)}


def test_a_meter_that_was_at_several_places_is_one() -> None:
    meters = pa.table([["M", "M", "M"], [7] * 3, ["I", "J", "I"], ["B", "C", "B"], [60] * 3], schema=METER)

    (meter,) = meters_by_code(meters).values()

    assert meter == Meter(7, "I", "B", 60, frozenset({("J", "C")}))
    assert meter.has_been_at("C", None)
    assert meter.has_been_at(None, "I")
    assert not meter.has_been_at("B", "J")
