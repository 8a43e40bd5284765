"""Which Prefect API the commands talk to: the one configured, the local server of `dataops up`, or their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from schemas.errors import TransientError
from schemas.settings import Settings
from tasks.warehouse import embedded_postgres

_SERVER_DATABASE = "prefect"


def server_url_file(settings: Settings) -> Path:
    """Give the file that holds the URL of the local server's API while it runs."""
    return settings.state_dir / "prefect" / "api_url"


def local_api_url(settings: Settings) -> str | None:
    """Give the URL of the local server's API, if one was started and answers."""
    try:
        url = server_url_file(settings).read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return url if answers(url) else None


def answers(api_url: str) -> bool:
    """Tell whether a Prefect API answers."""
    try:
        return httpx.get(f"{api_url}/health", timeout=5).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def require_answer(api_url: str) -> None:
    """Make sure that the configured Prefect API answers.

    Raises:
        TransientError: it does not.

    """
    if not answers(api_url):
        raise TransientError(f"Prefect does not answer on PREFECT_API_URL={api_url}: start that server, or unset it")


def configure_prefect(settings: Settings) -> None:
    """Set the environment that Prefect reads when it is imported; call it before that."""
    home = settings.state_dir.resolve() / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    defaults = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PREFECT_LOGGING_LEVEL": settings.log_level,
        "PREFECT_LOGGING_EXTRA_LOGGERS": "dataops",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",  # steps also work without a flow
    }
    if url := local_api_url(settings):
        defaults["PREFECT_API_URL"] = url
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


@contextmanager
def serving(settings: Settings) -> Iterator[None]:
    """Make sure that flows find an API: without a server, Prefect serves itself inside this process.

    Its memory is then a database on the embedded PostgreSQL: SQLite locks up when several runs write.

    Raises:
        TransientError: a server is configured and does not answer.

    """
    from prefect.settings import (
        PREFECT_API_DATABASE_CONNECTION_URL,
        PREFECT_API_URL,
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
        temporary_settings,
    )

    if configured := PREFECT_API_URL.value():
        require_answer(configured)
        yield
        return
    own = {
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: True,
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: 120,
        PREFECT_API_DATABASE_CONNECTION_URL: server_database(settings),
    }
    with temporary_settings(own):
        yield


def server_database(settings: Settings) -> str:
    """Give the URL of Prefect's own database on the embedded PostgreSQL, made if it is missing."""
    embedded_postgres.start(settings.state_dir)
    url = embedded_postgres.create_database(settings.state_dir, _SERVER_DATABASE)
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)
