from __future__ import annotations

from schemas.settings import PROJECT_ROOT
from tasks.warehouse.locks import Lock


def test_every_lock_has_its_table_with_a_comment() -> None:
    migration = (PROJECT_ROOT / "schemas" / "migrations" / "0009_quality_claims.sql").read_text(encoding="utf-8")

    assert len(Lock) == 3
    for lock in Lock:
        assert f"create table {{quality}}.{lock} ();" in migration
        assert f"comment on table {{quality}}.{lock} is" in migration
