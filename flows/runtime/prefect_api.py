"""Which Prefect API the commands talk to: the one configured, the local server of `dataops up`, or a temporary one."""

from __future__ import annotations

import os
import re
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from pydantic import SecretStr

from flows.runtime.database_watch import ending_without_database
from schemas.errors import TerminalError, TransientError
from schemas.settings import Settings
from tasks.warehouse import embedded_postgres
from tasks.warehouse.environment import environment

_SERVER_DATABASE = "prefect"
# PREFECT_API_URL in a profile or `.env`; `[api]` or `api.url` in prefect.toml, below `tool.prefect` in pyproject.toml.
_NAMES_A_SERVER = re.compile(r"PREFECT_API_URL|^\s*\[(tool\.prefect\.)?api\]|^\s*api\.url", re.MULTILINE)


def server_url_file(settings: Settings) -> Path:
    """Return the file that holds the URL of the local server's API while it runs."""
    return settings.state_dir / "prefect" / "api_url"


def login_file(settings: Settings) -> Path:
    """Return the file that holds the login of the local servers; nobody but its owner may read it."""
    return settings.state_dir / "prefect" / "login"


def server_login(settings: Settings) -> str:
    """Return `user:password`, which local servers ask for, as Prefect's auth string; made when first asked for.

    Whoever may use Prefect's API runs code as the user of the workers, and reads the warehouse's password.
    """
    file = login_file(settings)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        # The file appears with its content: another command that starts now finds all of it or nothing.
        descriptor, new = tempfile.mkstemp(dir=file.parent)
        os.write(descriptor, f"dataops:{secrets.token_urlsafe(24)}".encode())
        os.close(descriptor)
        with suppress(FileExistsError):
            os.link(new, file)
        Path(new).unlink()
    return file.read_text(encoding="utf-8").strip()


def local_api_url(settings: Settings) -> str | None:
    """Return the URL of the local server's API, if one was started, answers, and this user may use it."""
    url = _url_of_local_server(settings)
    return url if url and os.access(login_file(settings), os.R_OK) and answers(url) else None


def _url_of_local_server(settings: Settings) -> str | None:
    try:
        return server_url_file(settings).read_text(encoding="utf-8").strip()
    except OSError:
        return None


def answers(api_url: str) -> bool:
    """Return True if a Prefect API answers."""
    import httpx

    try:
        return httpx.get(f"{api_url}/health", timeout=5).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def require_answer(api_url: str) -> None:
    """Make sure that the configured Prefect API answers, and takes our login.

    Raises:
        TransientError: it does not answer.
        TerminalError: it does not take the login.

    """
    if not answers(api_url):
        raise TransientError(f"Prefect does not answer on PREFECT_API_URL={api_url}: start that server, or unset it")
    import httpx
    from prefect.settings import PREFECT_API_AUTH_STRING

    user, _, password = (PREFECT_API_AUTH_STRING.value() or "").partition(":")
    if httpx.get(f"{api_url}/admin/version", auth=(user, password), timeout=30).status_code == httpx.codes.UNAUTHORIZED:
        raise TerminalError(f"Prefect on PREFECT_API_URL={api_url} asks for a login: set PREFECT_API_AUTH_STRING to it")


def configured_api_url() -> str | None:
    """Return the URL of the Prefect API that is configured, wherever Prefect reads its settings.

    Prefect takes a second to import: it is not asked where none of those places names a server.
    """
    if url := os.environ.get("PREFECT_API_URL"):
        return url
    if "prefect" not in sys.modules and not _is_server_named_in_a_file():
        return None
    from prefect.settings import PREFECT_API_URL

    named: str | None = PREFECT_API_URL.value()
    return named


def _is_server_named_in_a_file() -> bool:
    profiles = os.environ.get("PREFECT_PROFILES_PATH") or Path(
        os.environ.get("PREFECT_HOME", "~/.prefect"), "profiles.toml"
    )
    files = [Path(profiles).expanduser(), *map(Path, (".env", "prefect.toml", "pyproject.toml"))]
    return any(file.is_file() and _NAMES_A_SERVER.search(file.read_text(errors="replace")) for file in files)


def configure_prefect(settings: Settings) -> None:
    """Set the environment that Prefect reads when it is imported; call it before that."""
    home = settings.state_dir.resolve() / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    defaults = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # seconds; runs without a heartbeat are taken for dead
        "PREFECT_LOGGING_LEVEL": settings.log_level,
        "PREFECT_LOGGING_EXTRA_LOGGERS": "dataops",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",  # steps also work without a flow
        # Of a run that waits for its retry nobody ends what is not there: the server marks it as cancelled.
        "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_CANCELLING_TIMEOUT_SECONDS": "20",
    }
    url = local_api_url(settings)
    if url:
        defaults["PREFECT_API_URL"] = url
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    if url and os.environ["PREFECT_API_URL"] == url:
        os.environ["PREFECT_API_AUTH_STRING"] = server_login(settings)


@contextmanager
def using_server(url: str, settings: Settings) -> Iterator[None]:
    """Talk to a local server, also from the processes that are started meanwhile."""
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

    login = server_login(settings)
    with (
        environment({"PREFECT_API_URL": url, "PREFECT_API_AUTH_STRING": login}),
        temporary_settings({PREFECT_API_URL: url, PREFECT_API_AUTH_STRING: login}),
    ):
        yield


@contextmanager
def serving(settings: Settings) -> Iterator[None]:
    """Make sure that flows find an API: the configured one, or that of a temporary server.

    The latter keeps its state in a database on the embedded PostgreSQL: SQLite locks up when several runs write. It
    ends with this process, however this one ends.

    Raises:
        TransientError: the server that is configured does not answer, or the temporary one does not start.

    """
    if configured := configured_api_url():
        require_answer(configured)
        with _failing_in_one_line(), watching_database(settings):
            yield
        return
    from flows.runtime.temporary_server import start_temporary_server

    with (
        using_server(start_temporary_server(settings), settings),
        _without_ui(),
        _failing_in_one_line(),
        ending_without_database(settings),
    ):
        yield


def _without_ui() -> AbstractContextManager[object]:
    """Let no line of the log tell where to look at a run: the temporary server has no pages."""
    from prefect.settings import PREFECT_UI_URL, temporary_settings

    return temporary_settings({PREFECT_UI_URL: ""})


def watching_database(settings: Settings, warehouse: SecretStr | None = None) -> AbstractContextManager[None]:
    """End this process once the embedded PostgreSQL is lost, if it is the warehouse or keeps Prefect's data."""
    keeps_prefect = (url := configured_api_url()) is not None and url == _url_of_local_server(settings)
    is_warehouse = warehouse is not None and embedded_postgres.embedded_facts(settings.state_dir, warehouse)
    return ending_without_database(settings) if keeps_prefect or is_warehouse else nullcontext()


@contextmanager
def _failing_in_one_line() -> Iterator[None]:
    """Raise what a server answers that cannot do its work as one line.

    Raises:
        TransientError: Prefect's server cannot do its work.

    """
    import httpx

    try:
        yield
    except httpx.HTTPError as error:
        first_line = str(error).partition("\n")[0]
        raise TransientError(f"Prefect's server cannot do its work: {first_line}") from None


def server_environment(settings: Settings) -> dict[str, str]:
    """Return what a server of ours is started with: its database, its login, and no other server to talk to."""
    variables = os.environ | {
        "PREFECT_API_DATABASE_CONNECTION_URL": server_database(settings),
        "PREFECT_SERVER_API_AUTH_STRING": server_login(settings),
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
    }
    variables.pop("PREFECT_API_URL", None)
    return variables


def server_database(settings: Settings) -> str:
    """Return the URL of Prefect's own database on the embedded PostgreSQL, created if it is missing."""
    embedded_postgres.start(settings.state_dir)
    url = embedded_postgres.create_database(settings.state_dir, _SERVER_DATABASE)
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)
