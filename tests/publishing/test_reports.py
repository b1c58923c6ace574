"""Where reports lie: names of folders come of ids that others choose."""

import re
from pathlib import Path

import pytest

from dagster_project.publishing.reports import page_of

HOSTILE = ["..", "../../etc/passwd", "/", "", ".", "a\x00b", "\x1b[31m", "\u202egpj", "=1+1", "CON", "a b", "%2e%2e", "x" * 400, "x" * 399 + "y", "日本" * 100]


@pytest.mark.parametrize("account", HOSTILE)
def test_an_account_names_one_folder_inside_its_month(account: str, tmp_path: Path) -> None:
    """No id leaves the folder of reports, runs on a terminal or is too long to be written."""
    name = page_of(account)
    assert re.fullmatch(r"account-[A-Za-z0-9_.~%-]*", name)
    (tmp_path / name).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_two_accounts_never_share_a_folder() -> None:
    """Not even where their ids differ behind what a name can hold."""
    assert len({page_of(account) for account in HOSTILE}) == len(HOSTILE)
