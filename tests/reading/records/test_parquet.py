"""Counting a customer's records must not need a look at one of them (CR-4)."""

import random
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.reading.records.parquet import METERING, RECORDS, Measured, measure

DAY = date(2026, 3, 10)
CONTENT = "a customer's secret, never to be read "


def _store(path: Path, accounts: list[Any], **options: Any) -> Path:
    texts = [f"{CONTENT}{number}" for number in range(len(accounts))]
    columns = {"title": texts, "account_id": accounts, "body": [text * 3 for text in texts]}
    pq.write_table(pa.table(columns), path, **({"row_group_size": 1000} | options))
    return path


def _measured(*paths: Path, column: str = "account_id") -> Measured:
    return measure(paths, "invoice", column, DAY)


def _counts(found: Measured) -> dict[str | None, int]:
    return {row["account_id"]: row["records"] for row in found.records.to_pylist()}


def _mixed(count: int = 5000) -> list[str | None]:
    chance = random.Random(1)
    return [chance.choice(["C1", "C2", "C3", None, ""]) for _ in range(count)]


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip", "lz4"])
@pytest.mark.parametrize("use_dictionary", [True, False])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_records_of_each_account(compression: str, use_dictionary: bool, version: str, tmp_path: Path) -> None:
    """Whatever writer and codec, the sum is the store and each account has its own; an empty id names none."""
    accounts = _mixed()
    path = _store(tmp_path / "s.parquet", accounts, compression=compression, use_dictionary=use_dictionary, data_page_version=version)
    found = _measured(path)
    assert _counts(found) == {None: accounts.count(None) + accounts.count("")} | {name: accounts.count(name) for name in ("C1", "C2", "C3")}
    footer = pq.read_metadata(path)
    groups = [footer.row_group(number).column(index) for number in range(footer.num_row_groups) for index in range(footer.num_columns)]
    assert sum(found.records["bytes"].to_pylist()) == sum(chunk.total_uncompressed_size for chunk in groups)
    assert sum(found.records["stored_bytes"].to_pylist()) == sum(chunk.total_compressed_size for chunk in groups)
    assert set(found.records["method"].to_pylist()) == {"apportioned"}


def test_destroyed_content_gives_equal_numbers(tmp_path: Path) -> None:
    """The strongest proof: a store whose content was overwritten measures the same, so content cannot have mattered."""
    path = _store(tmp_path / "s.parquet", _mixed())
    before, body = _measured(path), bytearray(path.read_bytes())
    footer = pq.read_metadata(path)
    for number in range(footer.num_row_groups):
        for index in (0, 2):
            chunk = footer.row_group(number).column(index)
            begin = min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset)
            body[begin : begin + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    assert bytes(body) != path.read_bytes()
    path.write_bytes(body)
    after = _measured(path)
    assert after.faults == ()
    assert after.records.equals(before.records)
    assert after.metering.equals(before.metering)


def test_every_byte_that_was_read_is_accounted_for(tmp_path: Path) -> None:
    """The meter of CR-4: eight bytes of tail, the footer, the account column, and nothing else."""
    path = _store(tmp_path / "s.parquet", _mixed())
    footer = pq.read_metadata(path)
    column = sum(footer.row_group(number).column(1).total_compressed_size for number in range(footer.num_row_groups))
    (row,) = _measured(path).metering.to_pylist()
    assert row == {
        "day": DAY, "store": "invoice-1", "record_class": "invoice", "files": 1, "footer_bytes": footer.serialized_size + 8,
        "account_column_bytes": column, "content_bytes": 0, "columns": ["account_id"], "allowed_columns": ["account_id"],
    }  # fmt: skip


@pytest.mark.parametrize("accounts", [["C1"] * 1000 + ["C2"] * 1000, [7] * 1000 + [8] * 1000])
def test_a_sorted_store_is_measured_exactly_by_its_footer(accounts: list[Any], tmp_path: Path) -> None:
    """Where a row group is one account's, its statistics say so and sizes need no share."""
    path = _store(tmp_path / "s.parquet", accounts)
    found = _measured(path)
    (meter,) = found.metering.to_pylist()
    assert (meter["account_column_bytes"], meter["columns"]) == (0, [])
    footer = pq.read_metadata(path)
    sizes = [sum(footer.row_group(number).column(index).total_uncompressed_size for index in range(3)) for number in (0, 1)]
    assert [(row["account_id"], row["records"], row["bytes"], row["method"]) for row in found.records.to_pylist()] == [
        (str(account), 1000, size, "exact") for account, size in zip((accounts[0], accounts[-1]), sizes, strict=True)
    ]


@pytest.mark.parametrize("extra", ["C2", None])
def test_one_other_record_makes_sizes_shares(extra: str | None, tmp_path: Path) -> None:
    """A single record of somebody else, or of nobody, and the group's size is no longer one account's."""
    found = _measured(_store(tmp_path / "s.parquet", ["C1"] * 999 + [extra]))
    assert (_counts(found), set(found.records["method"].to_pylist())) == ({"C1": 999, extra: 1}, {"apportioned"})


def test_stores_without_statistics_are_read(tmp_path: Path) -> None:
    """Statistics are optional: without them the account column itself is read."""
    found = _measured(_store(tmp_path / "s.parquet", ["C1"] * 500, write_statistics=False))
    assert (_counts(found), found.records["method"].to_pylist()) == ({"C1": 500}, ["exact"])
    assert found.metering["account_column_bytes"].to_pylist()[0] > 0


@pytest.mark.parametrize("accounts", [
    pa.array(["C1", "C2"]).dictionary_encode(), pa.array([b"C1", b"C2"]), pa.array(["C1", "C2"], pa.large_string()), pa.array(["C1", "C2"], pa.string_view()),
])  # fmt: skip
def test_text_of_any_type(accounts: pa.Array, tmp_path: Path) -> None:
    """Writers differ in how they type text; an account stays one."""
    pq.write_table(pa.table({"account_id": accounts}), tmp_path / "s.parquet")
    assert _counts(_measured(tmp_path / "s.parquet")) == {"C1": 1, "C2": 1}


def test_an_account_inside_a_structure(tmp_path: Path) -> None:
    """Event stores nest the customer: `customer.id`."""
    pq.write_table(pa.table({"customer": [{"id": 5, "name": "x"}, {"id": 6, "name": "y"}, {"id": 5, "name": "z"}]}), tmp_path / "s.parquet")
    found = _measured(tmp_path / "s.parquet", column="customer.id")
    assert (_counts(found), found.metering["columns"].to_pylist()) == ({"5": 2, "6": 1}, [["customer.id"]])


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _foreign(path: Path) -> None:
    path.write_text("account_id,body\nC1,x\n")


def _wrong_length(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8] + (2**31).to_bytes(4, "little") + b"PAR1")


def _garbled_footer(path: Path) -> None:
    body = path.read_bytes()
    path.write_bytes(body[:-200] + b"\xff" * 192 + body[-8:])


def _no_column(path: Path) -> None:
    pq.write_table(pa.table({"body": ["x"]}), path)


def _several_accounts(path: Path) -> None:
    pq.write_table(pa.table({"account_id": [["C1", "C2"]]}), path)


def _garbled_accounts(path: Path) -> None:
    chunk, body = pq.read_metadata(path).row_group(0).column(1), bytearray(path.read_bytes())
    begin = chunk.dictionary_page_offset or chunk.data_page_offset
    body[begin : begin + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(body)


@pytest.mark.parametrize("spoil", [_cut, _foreign, _wrong_length, _garbled_footer, _no_column, _several_accounts, _garbled_accounts, lambda path: path.write_bytes(b"")])
def test_a_file_that_cannot_be_measured_leaves_the_rest(spoil: Any, tmp_path: Path) -> None:
    """A count that silently lacks a file would be a wrong count: it says that it is a part."""
    good, bad = _store(tmp_path / "a.parquet", _mixed(100)), _store(tmp_path / "b.parquet", _mixed(100))
    spoil(bad)
    found = _measured(good, bad)
    assert [fault.place for fault in found.faults] == ["b.parquet"]
    assert set(found.records["is_partial"].to_pylist()) == {True}
    assert _counts(found) == _counts(_measured(good))
    assert CONTENT not in str(found.faults)


def test_an_empty_store(tmp_path: Path) -> None:
    """No records is a count too."""
    found = _measured(_store(tmp_path / "s.parquet", pa.array([], pa.string())))  # type: ignore[arg-type]
    assert (found.records.num_rows, found.faults, found.records.schema, found.metering.schema) == (0, (), RECORDS, METERING)


def test_shares_do_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    """The same store gives the same numbers on every machine."""
    paths = [_store(tmp_path / f"{number}.parquet", _mixed(100 + number)) for number in range(3)]
    assert _measured(*paths).records.equals(_measured(*reversed(paths)).records)
