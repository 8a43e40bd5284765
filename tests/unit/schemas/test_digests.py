from __future__ import annotations

import pytest

from schemas.digests import _digest_of_definitions, digest, rules_digest
from schemas.mappings import read_mappings
from schemas.metrics import METRICS
from schemas.settings import Settings

MAPPING = """
name: heat
match: [a*]
layout: day-sheet
timestamp: t
columns: {V: {metric: flow_supply}}
identity: {meter: M}
"""


def digest_of(text: str) -> str:
    (mapping,) = read_mappings("heat.yaml", text.encode())
    return mapping.digest


def test_order_of_keys_does_not_matter_and_that_of_lists_does() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1}) != digest({"a": 1, "b": [2, 1]})


def test_mapping_that_reads_the_same_has_the_same_digest() -> None:
    same = MAPPING.replace("[a*]", "[b*]").replace("heat", "warmth") + "description: x\nstamp: start\n"

    assert digest_of(same) == digest_of(MAPPING)


def test_mapping_that_reads_otherwise_has_another_digest() -> None:
    others = [
        MAPPING.replace("flow_supply", "flow_return"),
        MAPPING.replace("meter: M", "meter: N"),
        MAPPING + "stamp: end\n",
        MAPPING + "replaces: days\n",
    ]

    assert len({digest_of(MAPPING), *map(digest_of, others)}) == 5


def test_descriptions_and_what_features_make_of_registers_change_no_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    before = rules_digest(Settings())
    changed = {
        name: metric.model_copy(update={"description": "another", "register_of": None})
        for name, metric in METRICS.items()
    }
    monkeypatch.setattr("schemas.metrics.METRICS", changed)
    _digest_of_definitions.cache_clear()
    assert rules_digest(Settings()) == before

    heat = METRICS["heat_energy"].model_copy(update={"highest": 7})
    monkeypatch.setattr("schemas.metrics.METRICS", METRICS | {"heat_energy": heat})
    _digest_of_definitions.cache_clear()
    assert rules_digest(Settings()) != before
    _digest_of_definitions.cache_clear()


def test_rules_are_metrics_units_and_what_readings_are_validated_with() -> None:
    settings = Settings()
    others: list[dict[str, object]] = [{"delta_t_min": 1.0}, {"delta_t_max": 70.0}, {"default_tz": "UTC"}]

    digests = {rules_digest(settings.model_copy(update=other)) for other in others}

    assert len({rules_digest(settings), *digests}) == 4
    assert rules_digest(settings.model_copy(update={"files_at_once": 7})) == rules_digest(settings)
