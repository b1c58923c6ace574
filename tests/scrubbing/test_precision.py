"""Precision: every path that twenty visitors asked for is shown as it is, and no other."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from dagster_project.reading import logs
from tests.scrubbing.made import WEB, rows, scrubber

PAGES = list(csv.DictReader((Path(__file__).parent / "pages.csv").read_text(encoding="utf-8").splitlines()))
# Real logs may lie beside the project; they are no part of it.
LOGS = [path for path in [Path(__file__).parents[3] / "shared" / "corpus" / "apache_logs"] if path.is_file()]


def _shown(asked: Iterable[tuple[str, str]]) -> tuple[dict[str, int], dict[str, str]]:
    """Return how many clients asked for each path, and the route that each path has; `asked` are clients and targets."""
    lines = [{"client_ip": client, "target": target} for client, target in asked if target.startswith("/")]
    made = scrubber()
    table = made.requests(rows(*lines), WEB).requests
    routes = dict(zip(made.routes().column("route_id").to_pylist(), made.routes().column("route").to_pylist(), strict=True))
    visitors, shown = defaultdict[str, set[str]](set), {}
    for line, number in zip(lines, table.column("route_id").to_pylist(), strict=True):
        path = line["target"].partition("#")[0].partition("?")[0]
        visitors[path].add(line["client_ip"])
        shown[path] = routes[number]
    return {path: len(clients) for path, clients in visitors.items()}, shown


def test_the_pages_of_a_site_keep_their_names() -> None:
    """A table of pages without names is of no use to whoever runs the site; one name too many may be somebody's."""
    asked = [(f"8.8.{number}.1", row["path"]) for row in PAGES for number in range(int(row["visitors"]))]
    visitors, shown = _shown(asked)
    assert visitors == {row["path"]: int(row["visitors"]) for row in PAGES}
    assert {path for path, route in shown.items() if route == path} == {path for path, count in visitors.items() if count >= 20}


@pytest.mark.parametrize("log", [*LOGS, None], ids=lambda log: log.name if log else "none")
def test_the_paths_of_a_real_log_keep_their_names(log: Path | None) -> None:
    """Real logs hold what no sample thinks of; without one the empty log is judged."""
    parsed = logs.parse(log.read_bytes(), "auto", None).rows.select(["client_ip", "target"]).to_pylist() if log else []
    visitors, shown = _shown((row["client_ip"], row["target"]) for row in parsed if row["target"])
    assert {path for path, route in shown.items() if route == path} == {path for path, count in visitors.items() if count >= 20}
    assert len(visitors) > 1_000 or not log
