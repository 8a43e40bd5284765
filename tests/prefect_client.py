"""What a test or a benchmark asks the Prefect server of `dataops up` with."""

from __future__ import annotations

from pathlib import Path

import httpx


def prefect_client(state_dir: Path) -> httpx.Client:
    """A client with the server's login and a token against forged requests, as Prefect's own clients have them."""
    folder = state_dir / "prefect"
    user, _, password = (folder / "login").read_text(encoding="utf-8").partition(":")
    client = httpx.Client(
        base_url=(folder / "api_url").read_text(encoding="utf-8"),
        auth=(user, password),
        headers={"Prefect-Csrf-Client": "tests"},
        timeout=30,
    )
    token = client.get("/csrf-token", params={"client": "tests"}).raise_for_status().json()["token"]
    client.headers["Prefect-Csrf-Token"] = token
    return client
