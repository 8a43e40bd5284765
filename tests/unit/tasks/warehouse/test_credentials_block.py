from __future__ import annotations

import pytest
from prefect_sqlalchemy import AsyncSqlAlchemyConnector
from pydantic import SecretStr

from tasks.warehouse import credentials_block
from tasks.warehouse.credentials_block import connector, ensure_block, find_block

EMBEDDED = SecretStr("postgresql://dataops:r4ndom@127.0.0.1:5001/dataops")


def test_block_keeps_what_is_said_about_tls() -> None:
    assert connector(SecretStr("postgresql://u:p@h/d?sslmode=verify-full"))._rendered_url.query == {
        "ssl": "verify-full"
    }


def test_block_keeps_special_characters_of_the_password() -> None:
    block = connector(SecretStr("postgresql://user:p%40s%2Fs@host:5433/base"))

    assert block._rendered_url.render_as_string(hide_password=False) == (  # the block has no public way
        "postgresql+asyncpg://user:p%40s%2Fs@host:5433/base"
    )


@pytest.mark.parametrize(
    ("saved", "is_replaced"),
    [
        (None, True),
        ("postgresql://dataops:r4ndom@127.0.0.1:4000/dataops", True),
        ("postgresql://loader:secret@db.example/meters", False),
    ],
    ids=["no_block", "the_same_server_on_another_port", "the_operators"],
)
async def test_embedded_server_is_saved_unless_an_operator_has_saved_another(
    monkeypatch: pytest.MonkeyPatch, saved: str | None, is_replaced: bool
) -> None:
    writes: list[str] = []

    class Block:
        async def save(self, name: str, *, overwrite: bool) -> None:
            writes.append(name)

    async def find() -> SecretStr | None:
        return SecretStr(saved) if saved else None

    monkeypatch.setattr(credentials_block, "find_block", find)
    monkeypatch.setattr(credentials_block, "connector", lambda _: Block())

    await ensure_block(EMBEDDED)

    assert bool(writes) is is_replaced


async def test_block_that_does_not_exist_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async def load(_: str) -> None:
        raise ValueError("no such block")

    monkeypatch.setattr(AsyncSqlAlchemyConnector, "aload", load)

    assert await find_block() is None
