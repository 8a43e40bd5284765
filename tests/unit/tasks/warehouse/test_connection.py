from __future__ import annotations

import errno

import asyncpg
import pytest
from pydantic import SecretStr

from schemas.errors import TerminalError, TransientError
from tasks.warehouse.connection import connection_facts, display_name, fetch_one, is_transient, libpq_environment

URL = "postgresql://us%40er:p%40s%2Fs@host:5433/base?sslmode=require"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (asyncpg.DeadlockDetectedError("x"), True),
        (asyncpg.SerializationError("x"), True),
        (asyncpg.UniqueViolationError("x"), True),
        (asyncpg.LockNotAvailableError("x"), True),
        (asyncpg.AdminShutdownError("x"), True),
        (asyncpg.DiskFullError("x"), True),
        (ConnectionResetError(), True),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (TransientError("x"), True),
        (asyncpg.UndefinedTableError("deadlock detected"), False),
        (asyncpg.NotNullViolationError("x"), False),
        (TerminalError("connection lost"), False),
        (ValueError("x"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_whether_to_try_again_is_decided_by_type_and_sqlstate(error: Exception, expected: bool) -> None:
    assert is_transient(error) is expected


def test_facts_and_name_of_a_database_hold_everything_but_the_password() -> None:
    facts = connection_facts(SecretStr(URL))

    assert facts == {"host": "host", "port": 5433, "user": "us@er", "database name": "base"}
    assert display_name(SecretStr(URL)) == "PostgreSQL us@er@host:5433/base"
    assert display_name(SecretStr("postgresql://u:p@h:no/d")) == "PostgreSQL"


def test_libpq_programs_get_the_decoded_password_by_the_environment() -> None:
    assert libpq_environment(URL) == {
        "PGHOST": "host",
        "PGPORT": "5433",
        "PGUSER": "us@er",
        "PGPASSWORD": "p@s/s",
        "PGDATABASE": "base",
        "PGSSLMODE": "require",
    }
    assert "PGSSLMODE" not in libpq_environment("postgresql://u:p@h/d")


async def test_query_that_must_return_a_row_is_named_when_it_does_not() -> None:
    class Empty:
        async def fetchrow(self, *_: object) -> None:
            return None

    with pytest.raises(LookupError, match="select 1"):
        await fetch_one(Empty(), "select 1")  # type: ignore[arg-type]
