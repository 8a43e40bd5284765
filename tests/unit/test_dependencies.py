"""What is known of the packages that the product stands on: versions, licences, vulnerabilities."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from schemas.settings import PROJECT_ROOT

# Copyleft that binds whoever ships the package changed; we ship it as it is.
COPYLEFT = {
    "psycopg2-binary": "LGPL, a library that dbt loads",
    "text-unidecode": "Artistic License or GPL, as we choose",
}


def components(sbom: Path) -> list[dict[str, Any]]:
    document = json.loads(sbom.read_text(encoding="utf-8"))
    assert (document["bomFormat"], document["metadata"]["component"]["name"]) == ("CycloneDX", "dataops")
    listed: list[dict[str, Any]] = document["components"]
    return listed


def folded(name: str) -> str:
    return name.lower().replace("_", "-")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sbom")
    make = ["make", "--old-file=setup", "sbom", f"SBOM={folder}", f"BIN={Path(sys.executable).parent}"]
    done = subprocess.run(make, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_sbom_lists_what_is_installed_with_licences(folder: Path) -> None:
    installed = {folded(package.name): package.version for package in distributions()}
    listed = components(folder / "environment.cdx.json")

    versions = {folded(component["name"]): component["version"] for component in listed}
    assert versions | {"dataops": "0.1.0"} == installed | {"dataops": "0.1.0"}
    assert sum("licenses" in component for component in listed) > 0.95 * len(listed)


def test_sbom_of_the_image_has_each_locked_version_with_its_hashes(folder: Path) -> None:
    lock = (PROJECT_ROOT / "deployments" / "requirements.lock").read_text(encoding="utf-8")
    listed = components(folder / "image.cdx.json")

    assert {f"{component['name']}=={component['version']}" for component in listed} == set(
        re.findall(r"^[\w.-]+==[^\s;]+", lock, re.MULTILINE)
    )
    assert all(component["externalReferences"][0]["hashes"] for component in listed)


def test_every_package_of_the_image_has_a_known_licence_that_lets_us_ship_it() -> None:
    lock = (PROJECT_ROOT / "deployments" / "requirements.lock").read_text(encoding="utf-8")
    shipped = re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)
    listed = subprocess.run(
        [Path(sys.executable).with_name("pip-licenses"), "--format=json"], capture_output=True, text=True, check=True
    )

    licences = {
        folded(package["Name"]): package["License"]
        for package in json.loads(listed.stdout)
        if folded(package["Name"]) in shipped
    }

    assert len(licences) > 100
    assert {name for name, licence in licences.items() if licence == "UNKNOWN"} == set()
    assert {name for name, licence in licences.items() if "GPL" in licence or "General Public" in licence} == set(
        COPYLEFT
    )


SOUND = {"name": "a", "version": "1", "vulns": []}
VULNERABLE = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"], "description": "x"}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ([SOUND], 0, ["1 packages checked, 0 with"]),
        ([SOUND, VULNERABLE], 1, ["b 2: CVE-1, fixed in 3", "2 packages checked, 1 with"]),
        ([UNKNOWN, UNKNOWN], 0, ["Not checked: 2 of 2 packages, such as: not found", "0 packages checked"]),
        (None, 0, ["Not checked: pip-audit has no answer"]),
    ],
    ids=["sound", "vulnerable", "unknown", "no_network"],
)
def test_audit_fails_for_a_vulnerability_and_says_what_it_could_not_check(
    found: list[dict[str, Any]] | None, code: int, said: list[str]
) -> None:
    answer = "" if found is None else json.dumps({"dependencies": found, "fixes": []})

    done = subprocess.run(
        [sys.executable, ".ci/audit.py"], cwd=PROJECT_ROOT, input=answer, capture_output=True, text=True, check=False
    )

    assert done.returncode == code, done.stderr
    assert all(text in done.stdout for text in said), done.stdout
