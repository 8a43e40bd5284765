"""Reading it is in tests/integration/test_external_core.py."""

from __future__ import annotations

from tasks.warehouse.core_owner import CoreOwner


def test_names_in_existing_databases_are_understood() -> None:
    assert [CoreOwner("dataops"), CoreOwner("foreign")] == [CoreOwner.DATAOPS, CoreOwner.EXTERNAL]
