from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import SettingsError
from schemas.settings import PROJECT_ROOT, Settings, load_settings


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("DELTA_T_MIN", "abc", "number"),
        ("DELTA_T_MAX", "5", "greater than DELTA_T_MIN"),
        ("DAY_START", "24", "less than or equal to 23"),
        ("DAY_END", "7", "other than DAY_START"),
        ("DEFAULT_TZ", "Mars/Base", "IANA"),
        ("DEFAULT_TZ", "Europe", "IANA"),
        ("DEFAULT_TZ", "../etc/passwd", "IANA"),
        ("DEFAULT_TZ", "right/UTC", "IANA"),
        ("RUN_MODE", "twice", "'once' or 'loop'"),
        ("LOOP_INTERVAL_SEC", "0", "greater than or equal to 1"),
        ("CORE_SCHEMA", 'x"; drop table y', "schema name"),
        ("CORE_SCHEMA", "public", "schema name"),
        ("FEATURES_SCHEMA", "f" * 56, "at most 55 characters"),
        ("REFRESH_OBJECTS", "core.a; drop table b", "schema.name"),
        ("LOG_LEVEL", "loud", "'DEBUG'"),
        ("ROLE_PREFIX", "pg_x", "not pg_"),
        ("READY_SUFFIX", "ready", "a dot and 1 to 20 Latin letters"),
        ("KEEP_STAGE_DAYS", "0", "greater than or equal to 1"),
        ("DATABASE_URL", "mysql://u:s3cret@h/d", "postgresql://"),
        ("DATABASE_URL", "postgresql://u:s3cret/x@h/d", "postgresql://"),
        ("DATABASE_URL", "postgresql://u:s3cret@h", "/database"),
        ("DATABASE_URL", "postgresql://u:s3cret@h/d?sslrootcert=ca.pem", "sslmode"),
    ],
)
def test_wrong_value_is_refused_in_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    text = str(caught.value)
    assert text.startswith(f"{name}=")
    assert allowed in text
    assert "\n" not in text
    assert "s3cret" not in text


@pytest.mark.parametrize("name", ["stage", "features_staging"])
def test_schemas_must_differ(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("CORE_SCHEMA", name)

    with pytest.raises(SettingsError, match="must differ"):
        load_settings()


def test_password_is_not_shown() -> None:
    assert "s3cret" not in repr(Settings.model_validate({"database_url": "postgresql://u:s3cret@h/d"}))


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILE_PATTERNS", "*.csv, *.xlsx")
    monkeypatch.setenv("REFRESH_OBJECTS", "core.a,features.b")

    settings = load_settings()

    assert settings.file_patterns == ("*.csv", "*.xlsx")
    assert settings.refresh_objects == ("core.a", "features.b")


def test_sample_names_every_setting_with_its_default() -> None:
    sample = (PROJECT_ROOT / "deployments" / ".env.sample").read_text(encoding="utf-8")
    named = {line.lstrip("# ").partition("=")[0]: line.partition("=")[2] for line in sample.splitlines() if "=" in line}

    for name, field in Settings.model_fields.items():
        default = field.default
        text = ",".join(default) if isinstance(default, tuple) else "" if default is None else str(default)
        assert named[name.upper()].split("  #")[0].strip() in (text, str(Path(text)), text.removesuffix(".0"))
