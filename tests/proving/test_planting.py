"""Where canaries are put: in every place of every log format, in lines that the formats can read, the same for both sets of people."""

from pathlib import Path

import pytest

from dagster_project.proving.canaries import FILE_NAMES, SITE_NAMES, canaries
from dagster_project.proving.moulds import PLACES, example, moulds
from dagster_project.proving.planting import CARRIED_SITE, plant, settings
from dagster_project.proving.sinks import Leak, search
from dagster_project.proving.traces import traces
from dagster_project.reading.ledger_columns import LEDGERS
from dagster_project.reading.logs.formats import FORMATS, Format, named
from dagster_project.reading.logs.lines import split
from dagster_project.reading.logs.reader import _plain, _runs, _taken, read
from dagster_project.settings import Settings

EVERYWHERE = {"client", "method", "path", "deep path", "matrix parameter", "query name", "query value", "bare query", "fragment", "malformed line", "line cut short"}
NOT_WRITTEN_PLAINLY = {"malformed line", "line cut short", "method", "request that is none"}
NOT_WRITTEN = {name: {"client", "line cut short"} for name in ("dotnet", "tower", "ktor", "koa")} | {name: {"method"} for name in ("bunny", "azure_storage")}
"""What formats have no place for."""
WITHOUT_COLUMNS = {"zoraxy"}
"""Its agent stands bare between brackets, so every line of it is matched alone."""
USER = next(canary for canary in canaries(0) if canary.kind == "user name")
ADDRESS = next(canary for canary in canaries(0) if canary.kind == "IPv4")


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_every_format_has_the_places_that_any_request_has(known: Format) -> None:
    """An example that names its parts otherwise would leave its format unproven without a word."""
    assert {mould.place for mould in moulds(known)} >= EVERYWHERE - NOT_WRITTEN.get(known.name, set())


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_lines_with_a_canary_are_read_by_their_format(known: Format) -> None:
    """A line that no reader understands sends nobody through the scrubber; only what is malformed on purpose may be refused."""
    lines = [mould.line(ADDRESS) for mould in moulds(known) if mould.place not in {"malformed line", "line cut short", "method", "host", "request that is none"}]
    parsed = read(split("\n".join([*example(known)[:-1], *lines, ""]).encode()), known, None)
    assert parsed.rows.num_rows == len(lines)


@pytest.mark.parametrize("known", [known for known in FORMATS if known.name not in WITHOUT_COLUMNS], ids=lambda known: known.name)
def test_canaries_in_every_place_are_read_as_columns(known: Format) -> None:
    """Many lines at once are read another way than one: a proof that only knew one at a time would say nothing of most logs."""
    placed = [(mould.place, mould.line(canary)) for canary in canaries(0) for mould in moulds(known)] * (1 + (known.name in NOT_WRITTEN))
    lines = [*example(known)[:-1], *(line for _, line in placed)]
    read_as_columns = {place for (place, _), is_column in zip(placed, _are_columns(lines, known)[-len(placed) :], strict=True) if is_column}
    assert read_as_columns >= {place for place, _ in placed} - NOT_WRITTEN_PLAINLY


def test_lines_that_others_carried_are_read_as_columns(tmp_path: Path) -> None:
    """Each way of carrying them, once a file has many such lines."""
    plant(tmp_path, 0)
    lines = (tmp_path / "web_logs" / CARRIED_SITE / "canaries.log").read_text().splitlines()
    are_columns = _are_columns(lines, named("combined"))
    ways = [[are_columns[at] for at, line in enumerate(lines) if line.startswith(begin)] for begin in ("Mar  2 10:15:00 ", "[pod/", "<34>1 ", '{"log":"', '{"kubernetes":')]
    ways.append([are_columns[at] for at, line in enumerate(lines) if "  | " in line])
    assert all(sum(way) > 100 for way in ways)


def _are_columns(lines: list[str], known: Format) -> list[bool]:
    """Tell of each line of a log whether it is read with others of its like."""
    piece = split("\n".join([*lines, ""]).encode("utf-8", "surrogatepass"))
    return list(map(bool, _taken(piece, _plain(piece, known, _runs(piece, known, None)))))


def test_a_canary_stands_where_its_place_says() -> None:
    """One line of each kind, in the format that everybody knows."""
    combined = next(known for known in FORMATS if known.name == "combined")
    lines = {mould.place: mould.line(USER) for mould in moulds(combined)}
    assert lines["client"].startswith("jane.doeringer77 - - [")
    assert lines["user"].startswith("192.0.2.7 - jane.doeringer77 [")
    assert '"jane.doeringer77 /jobs?page=2 HTTP/1.1"' in lines["method"]
    assert '"GET /people/jane.doeringer77?page=2 HTTP/1.1"' in lines["path"]
    assert '"GET /jobs;v=jane.doeringer77?page=2 HTTP/1.1"' in lines["matrix parameter"]
    assert '"GET /jobs?jane.doeringer77=2 HTTP/1.1"' in lines["query name"]
    assert '"App/1.0(jane.doeringer77)"' in lines["agent"]
    assert set(PLACES) - lines.keys() == {"host", "forwarded", "cookie", "account", "name of a field", "undeclared field"}


def test_every_canary_is_planted_in_every_log_and_ledger(tmp_path: Path) -> None:
    """A canary that is searched for and never planted would be a free pass."""
    planted = plant(tmp_path / "landing", 0)
    found = search([tmp_path / "landing"], traces(canaries(0))).leaks
    kinds = {canary.kind for canary in canaries(0)}
    folders = [*(f"web_logs/{known.name}/canaries.log" for known in FORMATS), *(f"{name}/canaries.csv" for name in (*LEDGERS, "access_events"))]
    for name in folders:
        seen = {leak.kind for leak in found if leak == Leak(leak.kind, f"landing/{name}")}
        assert len(kinds - seen) <= 17, name  # what is also another kind in other writing is told by one of both
    assert planted.lines.keys() == {known.name for known in FORMATS}
    assert planted.lines["common"] == planted.places["common"] * len(kinds)
    assert planted.rows > len(LEDGERS) * len(kinds)


def test_both_landings_differ_in_nothing_but_the_people(tmp_path: Path) -> None:
    """Otherwise two runs could differ for another reason."""
    for people in (0, 1):
        plant(tmp_path / str(people), people)
    sizes = [sizes_below(tmp_path / str(people), FILE_NAMES[people], SITE_NAMES[people]) for people in (0, 1)]
    assert sizes[0] == sizes[1]
    assert len(sizes[0]) > len(FORMATS) + 3 * len(LEDGERS)


def sizes_below(folder: Path, file: str, site: str) -> dict[str, int]:
    """Return the size of each file by its name, without the persons that some are named after."""
    return {path.relative_to(folder).as_posix().replace(file, "-").replace(site, "+"): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def test_settings_of_the_proof_point_nowhere_else() -> None:
    """The proof must not touch the keys, stores or exports of the house it proves."""
    base = Settings.model_validate(
        {
            "keys": {"directory": "/keys"},
            "reports": {"export_dir": "/exports"},
            "stores": {"crm": {"path": "x", "record_class": "job"}},
            "thresholds": {"k_visitors": 15},
        }
    )
    made = settings(base)
    assert (made.keys.directory, made.reports.export_dir, made.stores) == (None, None, {})
    assert made.thresholds.k_visitors == 15
    assert Settings.model_validate_json(made.model_dump_json()) == made
