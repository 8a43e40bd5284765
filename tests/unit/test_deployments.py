"""What can be known of image and compose file without an engine."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from flows.runtime.prefect_api import configure_prefect
from schemas.settings import PROJECT_ROOT, Settings

FOLDER = PROJECT_ROOT / "deployments"
COMPOSE: dict[str, Any] = YAML(typ="safe").load(FOLDER / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LONG_RUNNING = sorted(name for name in SERVICES if name != "migrate")
PASSWORDS = {"POSTGRES_PASSWORD", "PIPELINE_PASSWORD", "PREFECT_DB_PASSWORD", "PREFECT_UI_PASSWORD"}


def pins(lock: Path) -> dict[str, set[str]]:
    """Requirement → its hashes, of a lock file."""
    found: dict[str, set[str]] = {}
    name = ""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            name = line.rstrip(" \\")
            found[name] = set()
        elif match := re.search(r"--hash=(\S+)", line):
            found[name].add(match[1])
    return found


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_service_has_a_healthcheck_and_is_not_root(name: str) -> None:
    service = SERVICES[name]

    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["user"] in ("postgres", "10001:10001")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_image_is_pinned_by_a_tag_and_names_no_registry(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")

    assert re.fullmatch(r"\d[\w.-]+", tag)
    assert "." not in image.partition("/")[0]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_environment_is_of_known_settings_and_holds_no_password_of_its_own(name: str) -> None:
    known = {setting.upper() for setting in Settings.model_fields} | PASSWORDS | {"POSTGRES_DB", "POSTGRES_USER"}

    for variable, value in SERVICES[name]["environment"].items():
        assert variable in known or variable.startswith("PREFECT_")
        for password in re.findall(r"://\w+:([^@]+)@", value) + ([value] if variable in PASSWORDS else []):
            assert password == "" or re.fullmatch(r"\$\{\w+_PASSWORD:\?[^}]+\}", password)


def test_server_cancels_what_nobody_ends_as_soon_as_the_local_one_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_CANCELLING_TIMEOUT_SECONDS"
    monkeypatch.setattr(os, "environ", {})

    configure_prefect(Settings(state_dir=tmp_path))

    assert SERVICES["prefect"]["environment"][name] == os.environ[name] == "20"


def test_only_the_database_and_migrate_know_the_superuser() -> None:
    urls = {name: service["environment"].get("DATABASE_URL", "") for name, service in SERVICES.items()}
    secrets = {name for name, service in SERVICES.items() if service["environment"]["POSTGRES_PASSWORD"]}

    assert {name for name, url in urls.items() if "//postgres:" in url} == {"migrate"}
    assert secrets == {"timescaledb"}


def test_server_asks_for_the_login_that_worker_and_loader_have() -> None:
    login = "dataops:${PREFECT_UI_PASSWORD:?set it in .env}"
    environments = {name: service["environment"] for name, service in SERVICES.items()}

    assert environments["prefect"]["PREFECT_SERVER_API_AUTH_STRING"] == login
    assert environments["prefect"]["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    assert {name for name, given in environments.items() if given.get("PREFECT_API_AUTH_STRING") == login} == {
        "worker",
        "dataops",
    }


def test_raw_files_are_read_only_and_artifacts_are_a_volume() -> None:
    volumes = {name: dict.fromkeys(service["volumes"]) for name, service in SERVICES.items() if name != "timescaledb"}

    for mounted in volumes.values():
        targets = [re.sub(r"^\$\{[^}]+\}", "", volume).partition(":")[2] for volume in mounted]
        assert targets == ["/app/data/raw:ro", "/app/artifacts", "/var/lib/dataops"]


def test_image_runs_as_a_user_and_holds_nothing_that_is_not_pinned_by_hash() -> None:
    lines = (FOLDER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    image, project = pins(FOLDER / "requirements.lock"), pins(PROJECT_ROOT / "requirements.lock")
    wanted = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[=\[ ;]", requirement)[0] for requirement in image}

    assert "USER 10001:10001" in lines
    assert 'ENTRYPOINT ["python", "-m", "flows.runtime.container"]' in lines
    assert all(re.match(r"FROM [\w/]+:\d", line) for line in lines if line.startswith("FROM"))
    assert {name: image[name] for name in image} == {name: project.get(name) for name in image}
    assert all(image.values())
    assert {re.split(r"[=<>\[ ;]", requirement)[0].replace(".", "-") for requirement in wanted} <= names
    assert "pytest" not in names


def test_image_gets_every_folder_that_the_program_reads() -> None:
    copied = set(re.findall(r"^COPY (\S+) /app", (FOLDER / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    ignored = (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert copied >= {"schemas", "tasks", "flows", "dbt", "data/reference"}
    assert {line[1:] for line in ignored if line.startswith("!")} >= copied
