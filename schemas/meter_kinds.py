"""Kinds of meters: what operators call them, and which metrics each is expected to report (`meter_kinds.yaml`)."""

from __future__ import annotations

from pydantic import field_validator

from schemas.definitions import read_definitions
from schemas.metrics import METRICS
from schemas.spec_types import Strict


class MeterKind(Strict):
    """A kind of meter."""

    title: str
    """In the operators' words."""
    description: str
    expected: list[str]
    """Metrics once an interval; what is not there is counted as missing."""

    @field_validator("expected")
    @classmethod
    def _are_known(cls, value: list[str]) -> list[str]:
        if unknown := [name for name in value if name not in METRICS]:
            raise ValueError(f"metrics of metrics.yaml, not {', '.join(unknown)}")
        return value


METER_KINDS = read_definitions("meter_kinds.yaml", MeterKind, names=r"^[a-z][a-z0-9_]{0,62}$")
