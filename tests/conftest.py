from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

# The processes that share the tests share a server, and the databases on it that others are copies of.
_RUN_HOME = Path(os.environ.get("DATAOPS_TESTS_HOME") or tempfile.mkdtemp(prefix="dataops-tests-", dir="/var/tmp"))
_RUN_HOME.chmod(0o755)
os.environ["DATAOPS_TESTS_HOME"] = str(_RUN_HOME)
_STATE = _RUN_HOME / "state"
_MACHINE = _RUN_HOME / "machine"
# Prefect reads its settings when it is imported: nothing of a developer's settings may leak in.
for _name in [name for name in os.environ if name.startswith("PREFECT_")]:
    del os.environ[_name]
os.environ |= {
    "PREFECT_HOME": str(_RUN_HOME / os.environ.get("PYTEST_XDIST_WORKER", "prefect")),
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "dataops",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "DO_NOT_TRACK": "1",
}

import asyncpg  # noqa: E402 - after the environment is set
import psycopg2  # noqa: E402
import pytest  # noqa: E402
from filelock import FileLock  # noqa: E402
from hypothesis import settings as hypothesis_settings  # noqa: E402

from schemas.settings import PROJECT_ROOT, Settings  # noqa: E402
from tasks.warehouse import embedded_postgres  # noqa: E402
from tasks.warehouse.embedded_home import find_home  # noqa: E402
from tasks.warehouse.migrate import migrate  # noqa: E402
from tests.databases import Databases, PGlite, Server, new_database  # noqa: E402

if TYPE_CHECKING:
    from schemas.windows import Window
    from tasks.warehouse.connection import Connection
    from tests.harness import PipelineHarness

# `make fuzz`: as many new examples as there is time for; `make test` tries the same few each time.
hypothesis_settings.register_profile("fuzz", max_examples=20_000)

NO_SESSIONS = "PGlite is one session underneath: this needs several at once"
REAL_FILES = PROJECT_ROOT.parent / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--timescale",
        action="store_true",
        help="run the tests that use a database, on TimescaleDB: the server of TIMESCALE_URL, or PGlite",
    )
    parser.addoption("--slow", action="store_true", help="run only what takes long, which make check-full does")


def _fixtures(item: pytest.Item) -> list[str]:
    return item.fixturenames if isinstance(item, pytest.Function) else []


def _needs_timescale(item: pytest.Item) -> bool:
    """Return True if TimescaleDB could make a difference to a test."""
    return "databases" in _fixtures(item) and not item.get_closest_marker("files")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for the other kind of server, or takes long; skip what the one at hand cannot do."""
    is_timescale = config.getoption("--timescale")
    kept = [
        item
        for item in items
        if bool(item.get_closest_marker("slow")) == config.getoption("--slow")
        if (_needs_timescale(item) if is_timescale else not item.get_closest_marker("timescale"))
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    # Files whose tests use Prefect or dbt take longest: begun first, none is what everyone waits for at the end.
    longest = Counter(
        item.path for item in kept if item.get_closest_marker("server") or "prefect_api" in _fixtures(item)
    )
    items[:] = sorted(kept, key=lambda item: -longest[item.path])
    if not is_timescale or os.environ.get("TIMESCALE_URL"):
        return
    why_not = PGlite.why_not()
    for item in items:
        if why_not or item.get_closest_marker("sessions") or item.get_closest_marker("server"):
            item.add_marker(pytest.mark.skip(reason=why_not or NO_SESSIONS))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server of the run with the process that has begun it."""
    if not hasattr(config, "workerinput"):
        for state in (_STATE, _MACHINE):
            embedded_postgres.stop(state)
        shutil.rmtree(_RUN_HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def homes_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remove what servers of tests have kept outside of their folders, where those are root's alone."""
    yield
    for state in tmp_path_factory.getbasetemp().glob("*/state"):
        if (home := find_home(state).folder.parent) != state.resolve():
            shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def state_dir() -> Path:
    """One embedded PostgreSQL for all tests; it ends with them."""
    return _STATE


@pytest.fixture(scope="session")
def state_of_machine() -> Path:
    """The state folder of one machine, for commands: its embedded server holds Prefect's database, made once a run."""
    return _MACHINE


@pytest.fixture(scope="session")
def postgres_dsn(state_dir: Path) -> str:
    """A server to make databases on: TEST_DATABASE_URL, or the embedded one."""
    if dsn := os.environ.get("TEST_DATABASE_URL"):
        return dsn
    dsn = embedded_postgres.start(state_dir)
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        # No test cuts the machine's power.
        connection.cursor().execute("alter system set fsync = off")
        connection.cursor().execute("select pg_reload_conf()")
    return dsn


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """The server that this run of the tests is for: with --timescale TIMESCALE_URL or PGlite, else PostgreSQL."""
    is_timescale = request.config.getoption("--timescale")
    server: Server | PGlite
    if not is_timescale:
        dsn = request.getfixturevalue("postgres_dsn")
        server = Server(dsn, is_of_this_run=dsn != os.environ.get("TEST_DATABASE_URL"))
    elif dsn := os.environ.get("TIMESCALE_URL"):
        server = Server(dsn)
    else:
        server = PGlite()
    yield server
    server.close()


@contextmanager
def template(databases: Databases, name: str, parent: str | None = None) -> Iterator[tuple[str, bool]]:
    """Yield a database to copy, and whether it is to be made: on the run's own server one process makes it for all."""
    if not databases.is_of_this_run:
        yield databases.create(parent), True
        return
    made = _RUN_HOME / f"{name}.url"
    with FileLock(made.with_suffix(".lock")):
        if made.exists():
            yield made.read_text(), False
        else:
            url = databases.create(parent)
            yield url, True
            made.write_text(url)


@pytest.fixture(scope="session")
def empty_template(databases: Databases, request: pytest.FixtureRequest) -> str | None:
    """What an empty database is a copy of: it has the extension where this is TimescaleDB."""
    if not request.config.getoption("--timescale"):
        return None
    with template(databases, "empty") as (url, is_new):
        if is_new:
            with closing(psycopg2.connect(url)) as connection:
                connection.autocommit = True
                connection.cursor().execute("create extension timescaledb")
            databases.settle(url)
    return url


@pytest.fixture(scope="session")
async def migrated_template(databases: Databases, empty_template: str | None) -> str:
    """A migrated database to copy: cheaper than to migrate one for each test."""
    with template(databases, "migrated", empty_template) as (url, is_new):
        if is_new:
            connection = await asyncpg.connect(url)
            await migrate(connection, Settings.model_validate({"database_url": url}))
            await connection.close()
            databases.settle(url)
    return url


@pytest.fixture(scope="session")
async def transformed_template(databases: Databases, migrated_template: str, prefect_api: None) -> tuple[str, Path]:
    """A database with the tables of the features to copy, and the folder of its transform: dbt takes seconds."""
    from tests.harness import PipelineHarness

    state = _RUN_HOME / "transformed"
    with template(databases, "transformed", migrated_template) as (url, is_new):
        if is_new:
            connection = await asyncpg.connect(url)
            settings = Settings.model_validate({"database_url": url, "state_dir": state})
            await PipelineHarness(connection, settings).transform()
            await connection.close()
            databases.settle(url)
    return url, state


@pytest.fixture
def has_features(databases: Databases, request: pytest.FixtureRequest) -> bool:
    """Whether the test's database has the tables of the features: where flows run on a `warehouse`."""
    return databases.has_sessions and {"warehouse", "prefect_api"} <= set(request.fixturenames)


@pytest.fixture
def database_url(
    databases: Databases, empty_template: str | None, has_features: bool, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A new database, dropped afterwards; migrated if the test asks for a `warehouse`, else empty."""
    template = empty_template
    if has_features:
        template, _ = request.getfixturevalue("transformed_template")
    elif "warehouse" in request.fixturenames:
        template = request.getfixturevalue("migrated_template")
    with new_database(databases, template) as url:
        yield url


@pytest.fixture
async def role_prefix(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """An unguessable prefix for roles, which are the whole server's; asked for before a database, dropped after it."""
    prefix = f"test_{secrets.token_hex(8)}"
    monkeypatch.setenv("ROLE_PREFIX", prefix)
    yield prefix
    with new_database(databases) as url:
        server = await asyncpg.connect(url)
        names = "select string_agg(rolname, ', ') from pg_roles where starts_with(rolname, $1)"
        if roles := await server.fetchval(names, prefix):
            await server.execute(f"drop role {roles}")
        await server.close()


@pytest.fixture
def settings(
    database_url: str,
    has_features: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Settings:
    """Settings of a new empty database and temporary folders; also in the environment, for flows."""
    if has_features:
        from tasks.transform.feature_statements import statements_file

        _, state = request.getfixturevalue("transformed_template")
        statements = statements_file(Settings(state_dir=tmp_path / "state"))
        statements.parent.mkdir(parents=True)
        shutil.copy(statements_file(Settings(state_dir=state)), statements)
    values = {
        "DATABASE_URL": database_url,
        "RAW_DIR": str(tmp_path / "raw"),
        "ARTIFACTS_DIR": str(tmp_path / "artifacts"),
        "STATE_DIR": str(tmp_path / "state"),
        "FILE_SETTLE_SEC": "0",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return Settings(_env_file=None)


@pytest.fixture
async def warehouse(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the migrated database of `settings`."""
    assert settings.database_url
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    yield connection
    await connection.close()


@pytest.fixture
def pipeline(warehouse: asyncpg.Connection, settings: Settings) -> PipelineHarness:
    """The pipeline without Prefect: files in, core out."""
    from tests.harness import PipelineHarness

    return PipelineHarness(warehouse, settings)


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[None]:
    """A Prefect API for flows that run in the test's own process; about ten seconds, once a session."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=300):
        yield
        # The harness logs its end to a stream that pytest has closed by then.
        logging.getLogger("prefect").setLevel(logging.CRITICAL)


@pytest.fixture
def features(has_features: bool, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[Any]:
    """The windows that features were built for, by a stand-in; an error in the list is raised instead."""
    from tasks.transform import transform_changes

    if has_features:  # the template is made by the real thing, also by the first test that asks for it
        request.getfixturevalue("transformed_template")
    asked: list[Any] = []

    async def prepare(*_: object) -> tuple[None, bool]:
        return None, False

    async def build(connection: Connection, _: object, window: Window, settings: Settings, **__: object) -> None:
        if asked and isinstance(asked[0], Exception):
            raise asked.pop(0)
        asked.append(window)
        await connection.execute("delete from quality.changed_days where taken")

    monkeypatch.setattr(transform_changes, "_prepare", prepare)
    monkeypatch.setattr(transform_changes, "build_features", build)
    return asked


@pytest.fixture
def real_files() -> Path:
    """The folder of the utility's two real files; not part of the project."""
    if not REAL_FILES.is_dir():
        pytest.skip("the utility's real files are not here (../shared/data)")
    return REAL_FILES
