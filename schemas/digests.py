"""Digests of what a file is read with, kept with each load: another digest, and it would be read otherwise."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from schemas.settings import Settings

_LENGTH = 16


def digest(said: object) -> str:
    """Return a digest of what can be written as JSON; the order of keys does not matter."""
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def rules_digest(settings: Settings) -> str:
    """Return a digest of what readings are validated with, whatever the mapping: metrics, units and settings."""
    return digest([_digest_of_definitions(), settings.default_tz, settings.delta_t_min, settings.delta_t_max])


@lru_cache(maxsize=1)
def _digest_of_definitions() -> str:
    # Only who claims files asks: other commands start without the definitions.
    from schemas.metrics import METRICS
    from schemas.units import all_units

    # No file is read otherwise for another description, or for what features make of a register.
    left_out = {"description", "register_of"}
    metrics = {name: metric.model_dump(exclude=left_out) for name, metric in METRICS.items()}
    return digest([metrics, {name: unit.model_dump() for name, unit in all_units().items()}])
