"""Which database is the warehouse: DATABASE_URL, else the block that an operator may edit, else the embedded one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from flows.runtime import warehouse
from schemas.settings import Settings
from tasks.warehouse.credentials_block import BLOCK_NAME, connector, ensure_block, find_block

pytestmark = [pytest.mark.usefixtures("prefect_api"), pytest.mark.server]

EMBEDDED = "postgresql://dataops:r4ndom@127.0.0.1:5001/dataops"
MOVED = EMBEDDED.replace("5001", "5002")
OPERATORS = "postgresql://loader:p%40ss@db.example:5433/meters?sslmode=require"


async def test_operators_block_is_the_warehouse_where_no_database_url_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse, "_BLOCK_URLS", {})
    unset = Settings(_env_file=None, state_dir=tmp_path, database_url=None)
    named = unset.model_copy(update={"database_url": SecretStr(EMBEDDED)})

    await ensure_block(SecretStr(EMBEDDED))
    first = await find_block()
    await ensure_block(SecretStr(MOVED))
    moved = await find_block()
    await connector(SecretStr(OPERATORS)).save(BLOCK_NAME, overwrite=True)
    await ensure_block(SecretStr(EMBEDDED))

    assert first == SecretStr(EMBEDDED)
    assert moved == SecretStr(MOVED), "the embedded server may come up on another port"
    assert (await warehouse.open_warehouse(unset)).dsn == SecretStr(OPERATORS)
    assert (await warehouse.open_warehouse(named)).dsn == SecretStr(EMBEDDED)
