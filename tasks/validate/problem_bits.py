"""What is wrong with a reading as a set of bits."""

from __future__ import annotations

import numpy as np

from schemas.reasons import Reason
from schemas.time_faults import TimeFault

REASON_BITS: dict[Reason, int] = {reason: 1 << index for index, reason in enumerate(Reason)}
"""The reasons of a reading as a set of bits, so that those of a million readings are one array."""
HOUR_IS_BAD = 1 << len(REASON_BITS)
"""Beside BAD_TIMESTAMP: the error is in the cell of the hour, not of the date."""

INTERVAL_IS_BAD = HOUR_IS_BAD << 1
"""Likewise, in that of the interval's length or end; with HOUR_IS_BAD, in that of the end's time of day."""
_TIME_FAULT = INTERVAL_IS_BAD.bit_length()
"""Where the five bits of the TimeFault begin that is beside BAD_TIMESTAMP."""
_FAULTS = 0b11111
FACTOR_IS_BAD = HOUR_IS_BAD
"""Beside BAD_NUMBER, of a time that is good: the error is in the cell of the factor. All bits are taken."""
NO_READING = -1 << 31
"""Never in PARSED: the cell holds no reading, and none is missing."""


def bad_timestamp(fault: TimeFault) -> int:
    """Return the bits of a reading whose time is bad for some reason."""
    return REASON_BITS[Reason.BAD_TIMESTAMP] | fault << _TIME_FAULT


def time_faults(problems: np.ndarray) -> np.ndarray:
    """Return the TimeFault of each reading whose time is bad; of the others 0."""
    return problems >> _TIME_FAULT & _FAULTS
