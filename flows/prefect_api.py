"""Which Prefect API the commands talk to: the one configured, the local server of `dataops up`, or their own."""

from __future__ import annotations

import os

from schemas.settings import Settings
from tasks import embed_postgres

SERVER_DATABASE = "prefect"


def server_file(settings: Settings) -> str:
    """Give the path of the file that holds the URL of the local server's API while it runs."""
    return str(settings.state_dir / "prefect" / "api_url")


def prepare_prefect(settings: Settings) -> None:
    """Set the environment for Prefect; call it before Prefect is imported, which reads it then.

    Without a server, Prefect serves itself inside the process; its memory is a database on the embedded
    PostgreSQL, since SQLite locks up when several runs write at once.
    """
    home = settings.state_dir / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    defaults = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PREFECT_LOGGING_LEVEL": settings.log_level,
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(home / "results"),
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    if "PREFECT_API_URL" in os.environ:
        return
    if url := local_api_url(settings):
        os.environ["PREFECT_API_URL"] = url
        return
    os.environ.setdefault("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "true")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    if "PREFECT_API_DATABASE_CONNECTION_URL" not in os.environ:
        os.environ["PREFECT_API_DATABASE_CONNECTION_URL"] = server_database(settings)


def server_database(settings: Settings) -> str:
    """Give the URL of Prefect's own database on the embedded PostgreSQL, made if it is missing."""
    embed_postgres.start(settings.state_dir)
    url = embed_postgres.create_database(settings.state_dir, SERVER_DATABASE)
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


def local_api_url(settings: Settings) -> str | None:
    """Give the URL of the local server's API, if one was started and still answers."""
    import httpx

    try:
        with open(server_file(settings), encoding="utf-8") as file:  # noqa: PTH123 - one read
            url = file.read().strip()
        return url if httpx.get(f"{url}/health", timeout=2).is_success else None
    except (OSError, httpx.HTTPError):
        return None
