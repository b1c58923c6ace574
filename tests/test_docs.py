"""Documentation is tested: pages that repeat the code are what the code says, commands and links in the others exist and work."""

import re
import shlex
from pathlib import Path

import duckdb
import pytest

from dagster_project.cli import status_of
from dagster_project.cli.common import app
from dagster_project.engines import catalog
from dagster_project.publishing.query import query, shown
from dagster_project.publishing.words import CODES
from dagster_project.reading.accesses.native import EVENTS
from dagster_project.reading.cells import Column
from dagster_project.reading.files import DEFAULT_SITES
from dagster_project.reading.ledger_columns import LEDGERS
from dagster_project.reading.logs import parse
from dagster_project.reading.logs.formats import FORMATS
from tests.write_docs import pages

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
COMMANDS = {name for name in app if not name.startswith("-")}
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"(?<![\w./-])([\w./-]+\.md)\b(?:#([\w-]+))?")
FOLDERS = ("dagster_project", "sql", "expectations", "tests", "benchmarks", "data_samples", "docs")
FILES = [ROOT / "Makefile", *ROOT.glob("*.md"), *ROOT.glob("*.toml"), *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")))]
WRITTEN = [path for path in FILES if path.name == "Makefile" or path.suffix in {".py", ".sql", ".json", ".toml", ".md"}]
PLACES = {"HOME", "LANDING", "demo", "house"}


def commands(text: str) -> list[list[str]]:
    """Return every glasshouse command of a page, in code spans and in fences, as words."""
    fences = [body for _, body in FENCED.findall(text)]
    spans = re.findall(r"`(glasshouse [^`]*)`", FENCED.sub("", text))
    lines = [line.strip().removeprefix("$ ").removeprefix(".venv/bin/") for body in fences for line in body.splitlines()]
    return [shlex.split(line.split("  #")[0]) for line in [*spans, *lines] if re.match(r"glasshouse [a-z]", line)]


@pytest.mark.parametrize("name", sorted(pages()))
def test_generated_pages_are_what_the_code_says(name: str) -> None:
    """A default that the page tells wrong is worse than one that it does not tell; `python -m tests.write_docs` writes the pages."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == pages()[name]


def test_the_pages_have_commands_and_questions_to_test() -> None:
    """A pattern that finds nothing would make every test below pass."""
    found = [words for page in PAGES for words in commands(page.read_text(encoding="utf-8"))]
    assert {words[1] for words in found} == COMMANDS
    assert len([words for words in found if words[1] == "query"]) >= 4


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A dead link in a guide is a question that nobody answers."""
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", FENCED.sub("", page.read_text(encoding="utf-8")))
    missing = [target for target in targets if not target.startswith("http") and not (page.parent / target).exists()]
    assert missing == []


def test_every_page_that_is_named_anywhere_exists() -> None:
    """A rule whose source cannot be opened is a rule that nobody can check: comments, docstrings and pages name what lies here, and headings that it has."""
    named = [(path, *found) for path in WRITTEN for found in NAMED.findall(path.read_text(encoding="utf-8", errors="replace"))]
    missing = [
        (str(path.relative_to(ROOT)), name, anchor) for path, name, anchor in named if not any(anchor in anchors(folder / name) for folder in (ROOT, ROOT / "docs", path.parent))
    ]
    assert missing == []
    assert len(named) > 100


def anchors(page: Path) -> set[str]:
    """Return the headings of a page as links write them, and the page as a whole as an empty one."""
    if not page.is_file():
        return set()
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {"", *(re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings)}


@pytest.mark.parametrize("folder", ["accesses", "logs"])
def test_the_page_of_architecture_places_every_module_of_a_reader(folder: str) -> None:
    """In a folder of fifty modules one is found by the step that it serves, so the page names each, and none that is gone."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = page.split(f"`dagster_project/reading/{folder}/`")[1].split("\n## ")[0]
    modules = {path.name for path in (ROOT / "dagster_project" / "reading" / folder).rglob("[!_]*.py")}
    assert set(re.findall(r"`(\w+\.py)`", section)) == modules


def test_decisions_stand_newest_first() -> None:
    """Who looks up what was decided last reads the first entry."""
    days = re.findall(r"^## (\S+) · ", (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert days == sorted(days, reverse=True)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in days)


def test_the_example_of_a_log_format_is_read() -> None:
    """The page shows how to add a format; a line that its own layout does not read would show it wrong."""
    page = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
    layout, example = re.search(r'EDGE = \(nginx\("(.*)"\),\)', page), re.search(r'_EDGE = "(.*)"', page)
    assert layout
    assert example
    read = parse(example[1].encode(), f"nginx:{layout[1]}").rows
    assert read.select(["client_ip", "target", "status", "bytes"]).to_pylist() == [{"client_ip": "192.0.2.7", "target": "/jobs?page=2", "status": 200, "bytes": 5120}]


def test_the_page_of_verdicts_has_every_code() -> None:
    """Whoever is accused by a code must be able to read when it is given."""
    page = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b|\bGRANTED\b|\bREVOKED\b|\bEXPIRED\b|\bBACKDATED\b", page)) == set(CODES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_pages_exist_with_their_options(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever copies a command out of a page must not be told that it does not exist."""
    for words in commands(page.read_text(encoding="utf-8")):
        assert words[1] in COMMANDS, words
        assert status_of([words[1], "--help"]) == 0
        known = capsys.readouterr().out
        options = {word.split("=")[0] for word in words[2:] if word.startswith("--")}
        assert {option for option in options if not re.search(rf"{option}\b", known)} == set(), words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_questions_in_the_pages_are_answered(page: Path, demo_home: Path) -> None:
    """An example that fails is the first thing an analyst sees."""
    text = page.read_text(encoding="utf-8")
    asked = [words[words.index("query") + 1 :] for words in commands(text) if words[1] == "query"]
    questions = [next(word for word in words if " " in word) for words in asked if any(" " in word and "…" not in word for word in words)]
    questions += [each for kind, body in FENCED.findall(text) if kind == "sql" for each in re.split(r"\n(?=select |from |with )", body)]
    for question in questions:
        assert query(demo_home / "warehouse.duckdb", question, 10).num_columns > 0


def test_the_readme_shows_the_true_answer(demo_home: Path) -> None:
    """The one result on the first page is the one that a reader will compare."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    asked = next(words for words in commands(text) if words[1] == "query")
    answer = shown(query(demo_home / "warehouse.duckdb", asked[-1]), "table", 100).decode()
    assert "\n".join(line.rstrip() for line in answer.strip().splitlines()) in text


def test_the_readme_counts_the_formats() -> None:
    """A number written by hand stays what it was when a format is added."""
    assert f"request logs in {len(FORMATS)} formats" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_every_folder_that_can_be_delivered() -> None:
    """A folder that the first page leaves out is one that nobody delivers."""
    table = re.findall(r"^\| (`\w+/`.*?) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = [folder for cell in table for folder in re.findall(r"`(\w+)/`", cell)]
    assert sorted(named) == sorted([*LEDGERS, *DEFAULT_SITES, "access_events", "records"])


@pytest.mark.parametrize(("folder", "column"), [(folder, column) for folder, columns in {**LEDGERS, "access_events": EVENTS}.items() for column in columns])
def test_every_column_that_can_be_delivered_has_a_meaning(folder: str, column: Column) -> None:
    """Who writes a ledger knows of a column what its page says, and nothing else."""
    assert len(column.meaning) > 3, folder


def test_the_page_of_tables_names_every_table_of_the_warehouse(demo_warehouse: duckdb.DuckDBPyConnection) -> None:
    """An analyst who finds a table that no page names does not know what may be done with it."""
    held = {f"{schema}.{name}" for schema, name in demo_warehouse.execute("select schema_name, table_name from duckdb_tables()").fetchall()}
    assert set(re.findall(r"^### (\S+)$", pages()["tables.md"], re.MULTILINE)) == held


def test_backups_leave_out_the_tables_that_hold_tokens() -> None:
    """A backup of tokens, kept beyond their key's end, is a log of persons."""
    tokens = {table.name for table in catalog.tables().values() if {"visitor_high", "visitor_low"} & {column.name for column in table.columns}}
    named = re.findall(r"leave out `HOME/lake/(\w+)/(\w+)`", (ROOT / "docs" / "operations.md").read_text(encoding="utf-8"))
    assert {".".join(parts) for parts in named} == tokens != set()
