"""What sql/ may not hold: each file that breaks a rule is named with what to do, before any of them runs on data."""

from pathlib import Path

import pytest

from dagster_project.engines.catalog import Column, tables_of
from dagster_project.errors import GlasshouseError

ACCOUNTS = """-- One row for each customer.
-- Kept: always. Swept: no. Scanned: no.
create table scrubbed.accounts (
    account_id varchar not null, -- the customer
    seats bigint -- its seats
);
"""
LARGE = "-- One row for each large customer.\nselect\n    a.account_id, -- the customer\n    a.seats -- its seats\nfrom scrubbed.accounts as a\n"


def below(folder: Path, files: dict[str, str]) -> Path:
    """Write files of sql/ below a folder, beside a contract that is sound."""
    for name, text in {"1_scrubbed/accounts.sql": ACCOUNTS, **files}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_sound_folder_is_read(tmp_path: Path) -> None:
    """Or the files below would be refused for something else."""
    found = tables_of(below(tmp_path, {"2_measured/large.sql": LARGE}))
    assert list(found) == ["scrubbed.accounts", "measured.large"]
    assert found["measured.large"].columns == (Column("account_id", "varchar", "the customer"), Column("seats", "bigint", "its seats"))
    assert found["measured.large"].reads == ("scrubbed.accounts",)


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"2_measured/x.sql": LARGE.split("\n", 1)[1]}, "sql/2_measured/x.sql: begin with a comment that says what a row is"),
        ({"1_scrubbed/x.sql": "\n" + ACCOUNTS}, "sql/1_scrubbed/x.sql: begin with a comment that says what a row is"),
        (
            {"1_scrubbed/x.sql": ACCOUNTS.replace(" Scanned: no.", "")},
            "sql/1_scrubbed/x.sql: say what happens to its rows, '-- Kept: …. Swept: …. Scanned: yes or no.'",
        ),
        (
            {"2_measured/x.sql": LARGE.replace(" -- the customer", "").replace(" -- its seats", "")},
            "sql/2_measured/x.sql: write ' -- meaning' behind each column of the last select",
        ),
        (
            {"2_measured/x.sql": LARGE.replace(" -- its seats", "")},
            "sql: measured.x: the documented columns are not those it has; each stands on a line of its own with ' -- meaning' behind it",
        ),
        (
            {"1_scrubbed/x.sql": ACCOUNTS.replace("accounts", "x").replace(" -- its seats", "")},
            "sql: scrubbed.x: the documented columns are not those it has; each stands on a line of its own with ' -- meaning' behind it",
        ),
        ({"2_measured/x.sql": LARGE.replace("scrubbed.accounts", "scrubbed.account")}, "sql: measured.x reads scrubbed.account, which no file of sql/ defines"),
        (
            {"2_measured/x.sql": LARGE.replace("scrubbed.accounts", "flagged.y"), "3_flagged/y.sql": LARGE},
            "sql: measured.x reads flagged.y of a higher layer",
        ),
        (
            {"2_measured/x.sql": LARGE.replace("scrubbed.accounts", "measured.y"), "2_measured/y.sql": LARGE.replace("scrubbed.accounts", "measured.x")},
            "sql: measured.x reads measured.y reads measured.x; break the circle",
        ),
        ({"2_measured/x.sql": LARGE.replace("scrubbed.accounts", "measured.x")}, "sql: measured.x reads measured.x; break the circle"),
        ({"2_measured/x.sql": LARGE.replace("from", "form")}, "sql/2_measured/x.sql: syntax error"),
        ({"2_measured/x.sql": LARGE.replace("a.seats", "a.seat as seats")}, "sql: measured.x: Binder Error"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused(files: dict[str, str], complaint: str, tmp_path: Path) -> None:
    """The number of a folder is a rule, and so is the comment behind a column: what is flagged never rests on what is reported, and no column is without a meaning."""
    with pytest.raises(GlasshouseError) as told:
        tables_of(below(tmp_path, files))
    assert str(told.value).startswith(complaint)
