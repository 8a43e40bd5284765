"""Every setting of the product, from the environment or `.env`; the sample is `deployments/.env.sample`."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from schemas.errors import SettingsError, in_plain_words

PROJECT_ROOT = Path(__file__).resolve().parents[1]

_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_ROLES = ("owner", "loader", "dbt", "reader")
_RESERVED_SCHEMAS = {"public", "information_schema"}
STAGING_SUFFIX = "_staging"
"""FEATURES_SCHEMA with it is the schema of dbt's views and seeds, which no reader sees."""


def _schema_name(value: str) -> str:
    if not _IDENTIFIER.fullmatch(value) or value.startswith("pg_") or value in _RESERVED_SCHEMAS:
        raise ValueError("a schema name of lower-case letters, digits and _ (not pg_…, not public)")
    return value


def _object_name(value: str) -> str:
    schema, dot, name = value.partition(".")
    if not dot or not _IDENTIFIER.fullmatch(schema) or not _IDENTIFIER.fullmatch(name):
        raise ValueError("schema.name pairs of lower-case letters, digits and _, separated by commas")
    return value


def _role_prefix(value: str) -> str:
    # PostgreSQL cuts names at 63 characters and keeps pg_… for itself.
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,50}", value) or value.startswith("pg_"):
        raise ValueError("up to 51 lower-case letters, digits and _ (not pg_…)")
    return value


def _ready_suffix(value: str) -> str:
    if not re.fullmatch(r"\.[A-Za-z0-9._-]{1,20}", value):
        raise ValueError("a dot and 1 to 20 Latin letters, digits, '.', '_' or '-', such as .ready")
    return value


def _time_zone(value: str) -> str:
    # To list all that there are takes longer than some commands.
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        is_known = False
    else:
        is_known = not value.startswith(("posix", "right/"))
    if not is_known:
        raise ValueError("an IANA time zone such as Europe/Moscow")
    return value


def _is_database_url(value: str) -> bool:
    """Return True if every part of the product understands the URL: its drivers accept different options."""
    try:
        url = urlsplit(value)
        _ = url.port  # raises if it is not a number
    except ValueError:
        return False
    is_complete = url.scheme in ("postgresql", "postgres") and url.hostname and url.path.strip("/")
    return bool(is_complete) and set(parse_qs(url.query)) <= {"sslmode"}


def _comma_separated(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _from_project_root(value: Path) -> Path:
    return value if value.is_absolute() else PROJECT_ROOT / value


SchemaName = Annotated[str, AfterValidator(_schema_name)]
ObjectName = Annotated[str, AfterValidator(_object_name)]
RolePrefix = Annotated[str, AfterValidator(_role_prefix)]
ReadySuffix = Annotated[str, AfterValidator(_ready_suffix)]
TimeZoneName = Annotated[str, AfterValidator(_time_zone)]
ProjectPath = Annotated[Path, AfterValidator(_from_project_root)]
Hour = Annotated[int, Field(ge=0, le=23)]
Days = Annotated[int, Field(ge=1, le=36_500)]


def date_of_folder(folder: Path) -> dt.date | None:
    """Return the date that a folder is named after (`2025-04-30`), or None."""
    try:
        day = dt.date.fromisoformat(folder.name)
    except ValueError:
        return None
    return day if folder.name == day.isoformat() else None  # 20250430 and 2025-W18-3 are dates, too


class Settings(BaseSettings):
    """The settings of one process. Relative paths count from the project's root."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_ROOT / ".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://user:password@host:port/database; if unset, the embedded PostgreSQL",
    )
    raw_dir: ProjectPath = Field(default=Path("data/raw"), description="Folder of YYYY-MM-DD folders")
    file_patterns: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated)] = Field(
        default=("*.csv", "*.xlsx", "*.xlsm", "*.xls", "*.xlsb", "*.ods", "*.csv.gz", "*.zip"),
        description="Names of the files to read",
    )
    stage_schema: SchemaName = "stage"
    quality_schema: SchemaName = "quality"
    features_schema: SchemaName = "features"
    core_schema: SchemaName = "core"
    default_tz: TimeZoneName = Field(default="Europe/Moscow", description="Time zone of local days and hours")
    day_start: Hour = Field(default=7, description="Local hour at which the day begins")
    day_end: Hour = Field(default=22, description="Local hour at which the night begins")
    delta_t_min: float = Field(default=17, ge=0, le=80, description="Lowest normal T1 − T2, °C")
    delta_t_max: float = Field(default=23, ge=0, le=80, description="Highest normal T1 − T2, °C")
    hold_changed_share: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="If set, a file that would change more than this share of the readings it meets waits as held",
    )
    run_mode: Literal["once", "loop"] = "once"
    loop_interval_sec: int = Field(default=300, ge=1, le=86_400)
    refresh_objects: Annotated[tuple[ObjectName, ...], NoDecode, BeforeValidator(_comma_separated)] | None = Field(
        default=None, description="Further objects to refresh after a load, as schema.name, separated by commas"
    )
    chunk_days: int = Field(
        default=1, ge=1, le=366, description="Days in one chunk (TimescaleDB) or partition of core.measurements"
    )
    compress_after_days: int | None = Field(
        default=None, ge=1, le=36_500, description="If set, readings this many days old move to the columnstore"
    )
    keep_months: int | None = Field(
        default=None, ge=1, le=1_200, description="If set, readings older than this many months are dropped"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    role_prefix: RolePrefix = Field(
        default="dataops",
        description="dataops db roles creates <prefix>_owner, _loader, _dbt and _reader; one prefix per warehouse",
    )
    keep_stage_days: Days | None = Field(
        default=None, description="dataops purge: days to keep stage rows and resolved row errors; if unset, keep all"
    )
    keep_logs_days: Days | None = Field(
        default=None, description="dataops purge: days to keep the logs of runs; if unset, keep all"
    )
    keep_reports_days: Days | None = Field(
        default=None, description="dataops purge: days to keep quality reports; if unset, keep all"
    )

    sources_dir: ProjectPath = Field(default=Path("schemas/sources"), description="Folder of source mappings")
    definitions_dir: ProjectPath | None = Field(
        default=None, description="Folder of own metrics.yaml, units.yaml, meter_kinds.yaml, which add to the product's"
    )
    reference_dir: ProjectPath = Field(default=Path("data/reference"), description="Folder of reference csv files")
    artifacts_dir: ProjectPath = Field(default=Path("artifacts"), description="Folder for reports and run logs")
    state_dir: ProjectPath = Field(default=Path(".dataops"), description="Folder for the embedded database and spool")
    file_settle_sec: float = Field(
        default=3, ge=0, le=3600, description="Seconds that a file must be unchanged before it is read"
    )
    trust_mtime: bool = Field(
        default=False,
        description="Do not read a file whose size, times of change, inode and path are those of its load",
    )
    files_at_once: int = Field(
        default=2, ge=1, le=16, description="Large files, or groups of small ones, processed at once; a connection each"
    )
    max_unpacked_mb: int = Field(default=2048, ge=1, description="Largest unpacked size of an archive or workbook, MB")
    max_unpack_ratio: int = Field(
        default=500, ge=10, description="Largest unpacking ratio where the result exceeds 100 MB"
    )
    workbook_memory_mb: int = Field(default=2048, ge=64, description="Memory limit for parsing one workbook, MB")
    workbook_timeout_sec: int = Field(default=300, ge=1, description="CPU time limit for parsing one workbook, seconds")
    ready_suffix: ReadySuffix | None = Field(
        default=None, description="If set (.ready), a file is read only once a marker `name.ready` exists beside it"
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not _is_database_url(value.get_secret_value()):
            raise ValueError("postgresql://user:password@host:port/database, as the only option ?sslmode=…")
        return value

    @field_validator("features_schema")
    @classmethod
    def _leaves_room_for_staging(cls, value: str) -> str:
        most = 63 - len(STAGING_SUFFIX)  # PostgreSQL cuts names at 63 characters
        if len(value) > most:
            raise ValueError(f"at most {most} characters, for dbt's views and seeds go to {value}{STAGING_SUFFIX}")
        return value

    @field_validator("delta_t_max")
    @classmethod
    def _range_of_delta_t(cls, value: float, info: ValidationInfo) -> float:
        if value <= info.data.get("delta_t_min", value - 1):
            raise ValueError("a number greater than DELTA_T_MIN")
        return value

    @field_validator("day_end")
    @classmethod
    def _leaves_a_night(cls, value: int, info: ValidationInfo) -> int:
        if value == info.data.get("day_start"):
            raise ValueError("an hour other than DAY_START: with both the same every hour is night")
        return value

    @model_validator(mode="after")
    def _schemas_differ(self) -> Self:
        names = [*self.schemas.values(), self.features_schema + STAGING_SUFFIX]
        if len(set(names)) < len(names):
            raise ValueError(
                "STAGE_SCHEMA, QUALITY_SCHEMA, FEATURES_SCHEMA and CORE_SCHEMA must differ, "
                f"also from {names[-1]} for dbt's views and seeds"
            )
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The zone of local days and hours."""
        return ZoneInfo(self.default_tz)

    @property
    def schemas(self) -> dict[str, str]:
        """Role → schema name, for SQL templates (`{core}`)."""
        return {
            "stage": self.stage_schema,
            "quality": self.quality_schema,
            "features": self.features_schema,
            "core": self.core_schema,
        }

    @property
    def roles(self) -> dict[str, str]:
        """Placeholder → name of the database role, for SQL templates (`{loader}`)."""
        return {role: f"{self.role_prefix}_{role}" for role in _ROLES}

    def require_raw_dir(self) -> None:
        """Check that `RAW_DIR` is there: a share that is not mounted is not a day without files.

        Raises:
            SettingsError: it is not.

        """
        if not self.raw_dir.is_dir():
            raise SettingsError(f"RAW_DIR={self.raw_dir} is not a folder: create or mount it, or correct RAW_DIR")

    def day_folder(self, day: dt.date) -> Path:
        """Return the folder of one day's raw files; `RAW_DIR` that ends in a date is that day's folder.

        Raises:
            SettingsError: `RAW_DIR` is the folder of another day.

        """
        own = date_of_folder(self.raw_dir)
        if own is None:
            return self.raw_dir / day.isoformat()
        if own != day:
            raise SettingsError(
                f"RAW_DIR={self.raw_dir} is the folder of {own}, so it has no files of {day}: "
                "set RAW_DIR to the folder above it, or run that day"
            )
        return self.raw_dir


def load_settings() -> Settings:
    """Read the settings, or say in one line which variable is wrong and what is allowed.

    Raises:
        SettingsError: a value is not allowed.

    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(_in_words(item) for item in error.errors())) from None


def _in_words(item: object) -> str:
    assert isinstance(item, dict)  # noqa: S101 - pydantic's ErrorDetails, spelled out for the type checker
    message = in_plain_words(str(item["msg"]))
    if not item["loc"]:
        return message
    name = str(item["loc"][0]).upper()
    value = "***" if name == "DATABASE_URL" else item["input"]
    return f"{name}={value!r}: {message if message.startswith('must') else 'must be ' + message}"
