from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from flows.runtime.prefect_api import (
    answers,
    configure_prefect,
    local_api_url,
    login_file,
    require_answer,
    server_login,
    server_url_file,
    serving,
    watching_database,
)
from schemas.errors import TerminalError, TransientError
from schemas.settings import PROJECT_ROOT, Settings
from tasks.warehouse.embedded_home import find_home

NOWHERE = "http://127.0.0.1:1/api"


class _Healthy(BaseHTTPRequestHandler):
    other_paths = 404

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/health" else self.other_paths)
        self.end_headers()

    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture
def api() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Healthy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    thread.join()
    server.server_close()


def test_server_that_is_healthy_answers_and_any_other_address_does_not(api: str) -> None:
    require_answer(api)

    assert not answers(NOWHERE)
    assert not answers("not a url")
    with pytest.raises(TransientError, match=f"PREFECT_API_URL={NOWHERE}"):
        require_answer(NOWHERE)


def test_answer_that_no_run_can_go_on_with_is_one_line(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", api)
    settings = Settings(_env_file=None)
    request = httpx.Request("GET", api)

    with pytest.raises(TransientError, match=r"^Prefect's server cannot do its work: gone$"), serving(settings):
        raise httpx.HTTPStatusError("gone\nFor more information", request=request, response=httpx.Response(404))


@pytest.mark.parametrize(
    ("warehouse", "is_watched"), [("postgresql://d:of-embedded@h/d", True), ("postgresql://d:other@h/d", False)]
)
def test_run_whose_warehouse_is_the_embedded_server_is_watched_whatever_prefect_server_it_has(
    warehouse: str, is_watched: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", NOWHERE)
    settings = Settings.model_validate({"state_dir": tmp_path})
    home = find_home(tmp_path)
    home.folder.mkdir(parents=True, exist_ok=True)
    home.write("password", "of-embedded", mode=0o600)

    watching = watching_database(settings, SecretStr(warehouse))

    assert isinstance(watching, nullcontext) is not is_watched


def test_server_whose_login_is_missing_is_named(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Healthy, "other_paths", 401)

    with pytest.raises(TerminalError, match=f"PREFECT_API_URL={api} asks for a login"):
        require_answer(api)


def test_local_server_is_found_only_while_it_answers(api: str, tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    file = server_url_file(settings)

    missing = local_api_url(settings)
    file.parent.mkdir()
    file.write_text(api)
    without_login = local_api_url(settings)
    server_login(settings)
    running = local_api_url(settings)
    file.write_text(NOWHERE)

    assert (missing, without_login, running, local_api_url(settings)) == (None, None, api, None)


def test_login_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)

    first, second = server_login(settings), server_login(settings)

    assert first == second
    assert len(first.removeprefix("dataops:")) >= 32
    assert login_file(settings).stat().st_mode & 0o777 == 0o600
    assert list(login_file(settings).parent.iterdir()) == [login_file(settings)]


@pytest.mark.parametrize(
    ("named", "is_given"), [(None, True), ("own", True), (NOWHERE, False)], ids=["found", "named", "another"]
)
def test_login_is_given_to_the_local_server_alone(
    api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str | None, *, is_given: bool
) -> None:
    settings = Settings(state_dir=tmp_path)
    login = server_login(settings)
    server_url_file(settings).write_text(api)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    monkeypatch.setattr(os, "environ", environment)
    if named:
        environment["PREFECT_API_URL"] = api if named == "own" else named

    configure_prefect(settings)

    assert environment.get("PREFECT_API_AUTH_STRING") == (login if is_given else None)


def test_prefects_environment_is_set_but_what_a_person_set_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("PREFECT_", "DO_NOT", "DBT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "ERROR")
    # What is set here is restored after the test.
    monkeypatch.setattr(os, "environ", os.environ.copy())

    configure_prefect(Settings(state_dir=tmp_path))

    assert os.environ["PREFECT_HOME"] == str(tmp_path / "prefect")
    assert os.environ["PREFECT_LOGGING_LEVEL"] == "ERROR"
    assert "PREFECT_API_URL" not in os.environ


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        (None, "", "None False"),
        ("profiles.toml", 'active = "own"\n[profiles.own]\n', "None False"),
        ("profiles.toml", f'active = "own"\n[profiles.own]\nPREFECT_API_URL = "{NOWHERE}"\n', f"{NOWHERE} True"),
        ("prefect.toml", f'[api]\nurl = "{NOWHERE}"\n', f"{NOWHERE} True"),
        (".env", f"PREFECT_API_URL={NOWHERE}\n", f"{NOWHERE} True"),
    ],
    ids=["nowhere", "profile_without", "profile", "prefect_toml", "dotenv"],
)
def test_prefect_is_asked_for_its_server_only_where_a_file_names_one(
    tmp_path: Path, file: str | None, content: str, expected: str
) -> None:
    if file:
        (tmp_path / file).write_text(content)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    code = (
        "import sys\nfrom flows.runtime.prefect_api import configured_api_url\n"
        "print(configured_api_url(), 'prefect' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=kept | {"PREFECT_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT_ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == expected
