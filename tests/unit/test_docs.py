"""What README, runbooks and CONTRIBUTING name exists: commands, options, settings, files, anchors, reason codes."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from flows import commands
from schemas.load_states import as_mermaid
from schemas.reasons import OF_FILES, SUSPECT_REASONS, Reason
from schemas.settings import PROJECT_ROOT, Settings

README = PROJECT_ROOT / "README.md"
RUNBOOKS = (PROJECT_ROOT / "docs" / "runbook.md", PROJECT_ROOT / "docs" / "runbook.ru.md")
CONTRIBUTING = PROJECT_ROOT / "CONTRIBUTING.md"
FOR_USERS = (README, *RUNBOOKS)
GUIDES = (*FOR_USERS, CONTRIBUTING)
PAGES = (*GUIDES, PROJECT_ROOT / "CHANGELOG.md", *sorted((PROJECT_ROOT / "docs").rglob("*.md")))

# Read by us or by what we run, but not fields of Settings; each is in a file of the project.
OTHER_VARIABLES = {
    *("PREFECT_API_URL", "TEST_DATABASE_URL", "TIMESCALE_URL"),
    *("PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_SERVER_CSRF_PROTECTION_ENABLED"),
    *("PREFECT_UI_API_URL", "PREFECT_UI_PASSWORD"),
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_CANCELLING_TIMEOUT_SECONDS",
    *("HOST_RAW_DIR", "HOST_ARTIFACTS_DIR", "DATAOPS_RESTART"),
}
LIBPQ_VARIABLES = {"PGSSLROOTCERT"}
FOLDERS_OF_THE_PROJECT = ("flows", "tasks", "schemas", "dbt", "deployments", "tests", "benchmarks")
# What appears only once something has run: of these the folder itself is checked, not what is in it.
FILLED_BY_RUNS = ("artifacts", "data/raw")
_BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SUFFIXES_OF_SOURCES = (".py", ".sql", ".yaml", ".yml", ".md", ".sh", ".csv", ".json", ".lock", ".toml", ".mjs", ".txt")


def app() -> typer.Typer:
    """The `dataops` command."""
    return commands.build_app()


class Command(NamedTuple):
    """One command or subcommand, as its help has it."""

    options: frozenset[str]
    words: frozenset[str]
    """How its help calls arguments and values: `LOAD_ID`."""
    passes_options_on: bool


@functools.cache
def help_of_commands() -> dict[str, Command]:
    """Name (`db migrate`) → what its help says."""
    found: dict[str, Command] = {}

    def walk(name: str, command: Any) -> None:  # noqa: ANN401 - click's classes are typer's own business
        for part, child in getattr(command, "commands", {}).items():
            walk(f"{name} {part}".strip(), child)
        if not hasattr(command, "commands"):
            options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
            words = {word for one in command.params for word in re.findall(r"\w+", one.metavar or one.name.upper())}
            found[name] = Command(
                frozenset(option for option in options if option.startswith("--")) | {"--help"},
                frozenset(words),
                bool(command.context_settings.get("ignore_unknown_options")),
            )

    walk("", typer.main.get_command(app()))
    return found


class Code(NamedTuple):
    """Something that a page shows as code."""

    line: int
    text: str
    language: str | None
    """Of the block that it stands in; None within a sentence."""


def code_of(page: Path) -> Iterator[Code]:
    language: str | None = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("```"):
            language = (line.removeprefix("```").strip() or "text") if language is None else None
        elif language is not None:
            yield Code(number, line, language)
        else:
            for span in re.findall(r"`([^`]+)`", line):
                yield Code(number, span.replace(r"\|", "|"), None)


class Mention(NamedTuple):
    """A `dataops` command that a page names."""

    command: str
    options: frozenset[str]


def mentions_of(text: str) -> Iterator[Mention]:
    """Find `dataops db start|stop --option`: each of the alternatives."""
    for match in re.finditer(r"(?<![\w./:-])dataops +([^;&#)\n]+)", text):
        call = match[1].split(" | ")[0]
        words = [word.rstrip(".,:") for word in call.split()]
        if not words or not re.fullmatch(r"[a-z_|]+", words[0]):
            continue
        options = frozenset(re.findall(r"(?<![\w-])--[a-z][a-z-]*", call))
        groups = {name.partition(" ")[0] for name in help_of_commands() if " " in name}
        for name in words[0].split("|"):
            if name in groups and len(words) > 1:
                yield from (Mention(f"{name} {part}", options) for part in words[1].split("|"))
            elif name not in groups:
                yield Mention(name, options)


def words_of(page: Path) -> Iterator[tuple[str, int]]:
    """UPPER_CASE words outside SQL, and code that is one upper-case word; each with its line."""
    sql = {code.line for code in code_of(page) if code.language == "sql"}
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if number not in sql:
            # Addresses in links are no settings.
            for word in re.findall(r"(?<![\w-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?!\w)", re.sub(r"\]\([^)]*\)", "]", line)):
                yield word, number
    yield from ((code.text, code.line) for code in code_of(page) if re.fullmatch(r"[A-Z]{5,}", code.text))


@functools.cache
def text_of_the_project() -> str:
    """Everything but the pages themselves and the tests of them."""
    files = [file for folder in FOLDERS_OF_THE_PROJECT for file in (PROJECT_ROOT / folder).rglob("*")]
    files += [file for file in PROJECT_ROOT.iterdir() if file.suffix != ".md" and not file.name.startswith(".env")]
    suffixes = (".py", ".sql", ".yaml", ".yml", ".sh", ".sample", ".toml", "")
    return "\n".join(
        file.read_text(encoding="utf-8", errors="replace")
        for file in files
        if file.is_file() and file.suffix in suffixes and file != Path(__file__)
    )


def repository_paths_of(page: Path) -> Iterator[tuple[str, int]]:
    """Paths of files or folders of the project that a page shows as code."""
    top = {entry.name for entry in PROJECT_ROOT.iterdir() if not entry.name.startswith(".venv")} - {".dataops"}
    for code in code_of(page):
        if code.language == "sql":
            continue
        for token in re.split(r"[\s\"'`=,;()\[\]|]+", code.text):
            path = token.split(":")[0].rstrip(".")
            is_of_sources = path.endswith(SUFFIXES_OF_SOURCES) and re.match(r"[a-z]", path)
            is_at_the_top = "/" not in path and path.endswith((".toml", ".lock", ".md"))
            if is_at_the_top or ("/" in path and (is_of_sources or path.split("/")[0] in top)):
                yield path, code.line


def exists(path: str) -> bool:
    """Return True if a path exists: of `artifacts/<date>/` and `tests/…` the folder, of `*.yaml` at least one."""
    path = next((folder for folder in FILLED_BY_RUNS if path.startswith(folder)), path)
    fixed: list[str] = []
    for part in path.rstrip("/").split("/"):
        if "*" in part:
            return any(PROJECT_ROOT.joinpath(*fixed).glob(part))
        if re.search(r"[<…{$]|NNNN", part):
            break
        fixed.append(part)
    return PROJECT_ROOT.joinpath(*fixed).exists()


class Section(NamedTuple):
    """A heading and what follows it, up to the next heading."""

    level: int
    title: str
    body: str


def sections_of(page: Path) -> list[Section]:
    found: list[Section] = []
    is_code = False
    for line in page.read_text(encoding="utf-8").splitlines():
        is_code ^= line.startswith("```")
        if (heading := re.match(r"(#+) (.+)", line)) and not is_code:
            found.append(Section(len(heading[1]), heading[2], ""))
        elif found:
            found[-1] = found[-1]._replace(body=f"{found[-1].body}{line}\n")
    return found


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    return {re.sub(r"[^\w -]", "", section.title.lower()).replace(" ", "-") for section in sections_of(page)}


def links_of(page: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    yield from (link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:", link))


def table_rows_of(section: Section) -> list[list[str]]:
    lines = [line for line in section.body.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]


def name(page: Path) -> str:
    return page.relative_to(PROJECT_ROOT).as_posix()


def test_table_of_the_readme_is_the_commands_own_help() -> None:
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| `dataops ")]
    first_cells = [re.split(r"(?<!\\)\|", row)[1].replace(r"\|", "|") for row in rows]

    named = [mention.command for cell in first_cells for span in cell.split("`") for mention in mentions_of(span)]

    assert sorted(named) == sorted(help_of_commands())


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_commands_and_their_options_exist(page: Path) -> None:
    wrong = []
    for code in code_of(page):
        for mention in mentions_of(code.text):
            command = help_of_commands().get(mention.command)
            if command is None:
                wrong.append(f"line {code.line}: dataops {mention.command}")
            elif not command.passes_options_on:
                unknown = mention.options - command.options
                wrong += [f"line {code.line}: dataops {mention.command} {option}" for option in unknown]

    assert wrong == []


@pytest.mark.parametrize("page", FOR_USERS, ids=name)
def test_an_option_named_alone_is_one_of_some_command(page: Path) -> None:
    options = frozenset[str]().union(*(command.options for command in help_of_commands().values()))
    named = {code.text.split()[0] for code in code_of(page) if code.language is None and code.text.startswith("--")}

    assert named - options == set()


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_settings_exist(page: Path) -> None:
    known = {setting.upper() for setting in Settings.model_fields} | OTHER_VARIABLES | LIBPQ_VARIABLES
    known = known.union(*(command.words for command in help_of_commands().values()))
    if page == CONTRIBUTING:  # developers read of constants in the code as well
        known |= set(re.findall(r"^([A-Z][A-Z0-9_]+)\b.*=", text_of_the_project(), re.MULTILINE))

    assert {word: line for word, line in words_of(page) if word not in known} == {}


@pytest.mark.parametrize("variable", sorted(OTHER_VARIABLES))
def test_a_variable_that_is_no_setting_is_in_some_file_of_the_project(variable: str) -> None:
    assert variable in text_of_the_project()


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_files_and_folders_exist(page: Path) -> None:
    assert [f"line {line}: {path}" for path, line in repository_paths_of(page) if not exists(path)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_and_anchors_resolve(page: Path) -> None:
    broken = []
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)

    assert broken == []


def test_both_runbooks_have_the_same_sections() -> None:
    english, russian = map(sections_of, RUNBOOKS)

    assert [section.level for section in english] == [section.level for section in russian]
    for ours, theirs in zip(english, russian, strict=True):
        where = f"{ours.title} / {theirs.title}"
        assert settings_in(ours) == settings_in(theirs), where
        assert commands_in(ours) == commands_in(theirs), where
        assert blocks_in(ours) == blocks_in(theirs), where
        assert [len(row) for row in table_rows_of(ours)] == [len(row) for row in table_rows_of(theirs)], where


def settings_in(section: Section) -> set[str]:
    known = {setting.upper() for setting in Settings.model_fields} | OTHER_VARIABLES
    return set(re.findall(r"\w+", section.body)) & known


def commands_in(section: Section) -> set[Mention]:
    """Commands within sentences and tables; those of blocks are compared with their blocks."""
    spans = re.findall(r"`([^`]+)`", re.sub(_BLOCK, "", section.body))
    return {mention for span in spans for mention in mentions_of(span)}


def blocks_in(section: Section) -> list[str]:
    """What is to be typed, without its comments."""
    return [re.sub(r" *(?:#|--) .*", "", block) for block in re.findall(_BLOCK, section.body)]


@pytest.mark.parametrize("page", RUNBOOKS, ids=name)
def test_each_reason_code_is_described_with_its_quality(page: Path) -> None:
    rows = [row for section in sections_of(page) for row in table_rows_of(section) if len(row) == 4]
    described = {row[0].strip("`"): row[1] for row in rows if all(row)}

    for reason in Reason:
        quality = "—" if reason in OF_FILES else "1" if reason in SUSPECT_REASONS else "2"
        assert described.get(reason.value) == quality, reason


def test_state_diagram_is_that_of_the_transitions() -> None:
    diagram = re.search(r"^```mermaid\n(.*?)^```", CONTRIBUTING.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)

    assert diagram
    assert diagram[1].strip() == as_mermaid()
