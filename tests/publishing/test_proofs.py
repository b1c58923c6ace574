"""The result of `prove` in HOME and in the report: shown where there is one, missed where there is none."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dagster_project.publishing.proofs import Proof, Tried, keep, kept
from dagster_project.publishing.report import write
from tests.publishing import synthetic

PROOF = Proof(datetime(2026, 10, 25, 4, tzinfo=UTC), "5e" * 32, "0.1.0", 84, 23, 5, 0, (Tried("invented persons", True, "0 leaks."), Tried("attack on tokens", True, "0 of 60.")))


def page(tmp_path: Path, proof: Proof | None, account: str | None = None) -> str:
    """Write a report that was given a proof and return its page."""
    write(replace(synthetic.report(synthetic.month(3), account), proof=proof), tmp_path)
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    """The report of next month is written by another process."""
    keep(PROOF, tmp_path)
    assert kept(tmp_path) == PROOF
    assert json.loads((tmp_path / "run.json").read_text())["prove"]["held"] is True
    assert not list(tmp_path.glob(".run*"))


def test_only_the_proof_is_replaced(tmp_path: Path) -> None:
    """run.json is the place of all that is not the same in two runs."""
    (tmp_path / "run.json").write_text('{"seconds": 7, "prove": 1}')
    keep(PROOF, tmp_path)
    keep(replace(PROOF, leaks=1), tmp_path)
    assert json.loads((tmp_path / "run.json").read_text())["seconds"] == 7
    assert kept(tmp_path) == replace(PROOF, leaks=1)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"prove": []}', '{"prove": {}}', '{"prove": {"proved_at": "x"}}', "\xff"])
def test_what_is_no_proof_is_none(text: str, tmp_path: Path) -> None:
    """A damaged file must not pass for a proof, and must not stop the report."""
    (tmp_path / "run.json").write_bytes(text.encode("latin-1"))
    assert kept(tmp_path) is None
    assert kept(tmp_path / "nowhere") is None


def test_a_report_without_a_proof_says_so(tmp_path: Path) -> None:
    """Silence would be read as proof."""
    assert "No proof by experiment has been made here." in page(tmp_path, None)
    assert json.loads((tmp_path / "report.json").read_text())["proof"] is None


def test_a_report_shows_the_proof(tmp_path: Path) -> None:
    """CR-6 and CR-7 rest on it: when, under which settings and code, what was tried, and how it ended."""
    shown = page(tmp_path, PROOF, "alder")
    for words in ("84 kinds of identifier", "23 log formats", "0 leaks.", "2026-10-25", "attack on tokens", "0 of 60."):
        assert words in shown, words
    assert "not the code of this report" not in shown
    assert "not those of this report" not in shown
    assert json.loads((tmp_path / "report.json").read_text())["proof"]["proved_at"] == "2026-10-25T04:00:00Z"


def test_a_failed_or_foreign_proof_is_marked(tmp_path: Path) -> None:
    """A proof of other code or other settings proves nothing of these; a leak must not look like a held promise."""
    shown = page(tmp_path, replace(PROOF, leaks=2, code_version="0.0.9", settings_sha256="ab" * 32, tried=(Tried("invented persons", False, "2 leaks."),)))
    for words in ("2 leaks.", "Failed", "not the code of this report", "not those of this report"):
        assert words in shown, words
    assert "Held" not in shown
    assert not replace(PROOF, tried=(*PROOF.tried, Tried("x", False, "y"))).held


def test_the_same_proof_gives_the_same_bytes(tmp_path: Path) -> None:
    """The proof is an input of the report like any other."""
    page(tmp_path / "a", PROOF)
    page(tmp_path / "b", PROOF)
    for name in ("report.html", "report.json", "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
