from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

# Prefect reads its settings when it is imported: nothing of a developer's own set-up may leak in.
_HOME = Path(tempfile.mkdtemp(prefix="dataops-tests-", dir="/var/tmp"))
_HOME.chmod(0o755)
for _name in [name for name in os.environ if name.startswith("PREFECT_")]:
    del os.environ[_name]
os.environ |= {
    "PREFECT_HOME": str(_HOME),
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "INFO",
    "DO_NOT_TRACK": "1",
}

import asyncpg  # noqa: E402 - after the environment is set
import pytest  # noqa: E402
from hypothesis import settings as hypothesis_settings  # noqa: E402

from schemas.settings import PROJECT_ROOT, Settings  # noqa: E402
from tasks import embed_postgres  # noqa: E402
from tasks.migrate_database import migrate  # noqa: E402

if TYPE_CHECKING:
    from tests.world import World

# `make fuzz`: as many new examples as there is time for; `make test` tries the same few each time.
hypothesis_settings.register_profile("fuzz", max_examples=20_000)

REAL_FILES = PROJECT_ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def state_dir() -> Iterator[Path]:
    """One embedded PostgreSQL for all tests; it ends with them."""
    folder = _HOME / "state"
    yield folder
    embed_postgres.stop(folder)
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_dsn(state_dir: Path) -> str:
    """A server to make databases on: TEST_DATABASE_URL, or the embedded one."""
    return os.environ.get("TEST_DATABASE_URL") or embed_postgres.start(state_dir)


@pytest.fixture
async def database_url(postgres_dsn: str) -> AsyncIterator[str]:
    """A new empty database with an unguessable name, dropped afterwards."""
    name = f"test_{secrets.token_hex(8)}"
    server = await asyncpg.connect(postgres_dsn)
    await server.execute(f"create database {name}")
    yield postgres_dsn.rpartition("/")[0] + "/" + name
    await server.execute(f"drop database {name} with (force)")
    await server.close()


@pytest.fixture
async def role_prefix(postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A prefix of our own for roles, which are the whole server's; asked for before a database, dropped after it."""
    prefix = f"test_{secrets.token_hex(8)}"
    monkeypatch.setenv("ROLE_PREFIX", prefix)
    yield prefix
    server = await asyncpg.connect(postgres_dsn)
    names = "select string_agg(rolname, ', ') from pg_roles where starts_with(rolname, $1)"
    if mine := await server.fetchval(names, prefix):
        await server.execute(f"drop role {mine}")
    await server.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a new empty database and temporary folders; also in the environment, for flows."""
    values = {
        "DATABASE_URL": database_url,
        "RAW_DIR": str(tmp_path / "raw"),
        "ARTIFACTS_DIR": str(tmp_path / "artifacts"),
        "STATE_DIR": str(tmp_path / "state"),
        "FILE_SETTLE_SEC": "0",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings(_env_file=None)  # type: ignore[call-arg] - pydantic-settings' own argument


@pytest.fixture
async def warehouse(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the migrated database of `settings`."""
    assert settings.database_url
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    await migrate(connection, settings)
    yield connection
    await connection.close()


@pytest.fixture
def world(warehouse: asyncpg.Connection, settings: Settings) -> World:
    """The pipeline without Prefect: files in, core out."""
    from tests.world import World

    return World(warehouse, settings)


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[None]:
    """A Prefect API for flows that run in the test's own process; about ten seconds, once a session."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield
        # The harness says good-bye on a stream that pytest has closed by then.
        logging.getLogger("prefect").setLevel(logging.CRITICAL)


@pytest.fixture
def real_files() -> Path:
    """The folder of the utility's two real files; not part of the project."""
    if not REAL_FILES.is_dir():
        pytest.skip("the utility's real files are not here (../shared/data)")
    return REAL_FILES
