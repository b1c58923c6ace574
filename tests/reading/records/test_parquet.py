"""Counting a customer's records must not need a look at one of them (CR-4)."""

import base64
import random
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from tests.reading.records.made import CONTENT, DAY, counts, measured, meter, mixed, parquet, spoil_content


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip", "lz4"])
@pytest.mark.parametrize("use_dictionary", [True, False])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_records_of_each_account(compression: str, use_dictionary: bool, version: str, tmp_path: Path) -> None:
    """Whatever writer and codec, the sum is the store and each account has its own; an empty id names none."""
    accounts = mixed()
    path = parquet(tmp_path / "s.parquet", accounts, compression=compression, use_dictionary=use_dictionary, data_page_version=version)
    found = measured(path)
    assert counts(found) == {None: accounts.count(None) + accounts.count("")} | {name: accounts.count(name) for name in ("C1", "C2", "C3")}
    footer = pq.read_metadata(path)
    groups = [footer.row_group(number).column(index) for number in range(footer.num_row_groups) for index in range(footer.num_columns)]
    assert sum(found.records["bytes"].to_pylist()) == sum(chunk.total_uncompressed_size for chunk in groups)
    assert sum(found.records["stored_bytes"].to_pylist()) == sum(chunk.total_compressed_size for chunk in groups)
    assert set(found.records["method"].to_pylist()) == {"apportioned"}


def test_destroyed_content_gives_equal_numbers(tmp_path: Path) -> None:
    """The strongest proof: a store whose content was overwritten measures the same, so content cannot have mattered."""
    path = parquet(tmp_path / "s.parquet", mixed())
    before = measured(path)
    spoil_content(path)
    after = measured(path)
    assert after.faults == ()
    assert after.records.equals(before.records)
    assert after.metering.equals(before.metering)


class _Keys(pe.KmsClient):
    def wrap_key(self, key_bytes: bytes, _master: str) -> bytes:
        return base64.b64encode(key_bytes)

    def unwrap_key(self, _wrapped: bytes, _master: str) -> bytes:
        raise PermissionError


def _encrypted(path: Path, columns: list[str], *, plain_footer: bool = True) -> Path:
    """Write a store whose columns are encrypted with keys that nobody gives out again."""
    rows = pa.table({"title": [f"{CONTENT}{number}" for number in range(3000)], "account_id": mixed(3000), "body": [f"{CONTENT}{number}" * 3 for number in range(3000)]})
    setup = pe.EncryptionConfiguration(footer_key="footer", column_keys={"content": columns}, plaintext_footer=plain_footer)
    keys = pe.CryptoFactory(lambda _: _Keys()).file_encryption_properties(pe.KmsConnectionConfig(), setup)
    with pq.ParquetWriter(path, rows.schema, encryption_properties=keys) as writer:
        writer.write_table(rows, row_group_size=1000)
    return path


def test_content_without_its_key_is_measured_all_the_same(tmp_path: Path) -> None:
    """Who has no key cannot read: counting works where the content's key is withheld, and sizes are those that the footer tells."""
    path = _encrypted(tmp_path / "s.parquet", ["title", "body"])
    plain = parquet(tmp_path / "plain.parquet", mixed(3000))
    found = measured(path)
    assert found.faults == ()
    assert counts(found) == counts(measured(plain))
    assert (meter(found)["columns"], meter(found)["content_bytes"]) == (["account_id"], 0)
    assert sum(found.records["bytes"].to_pylist()) > sum(measured(plain).records["bytes"].to_pylist())  # the cipher adds some to each page


@pytest.mark.parametrize(("columns", "plain_footer"), [(["account_id"], True), (["body"], False)])
def test_what_needs_a_key_is_refused(columns: list[str], plain_footer: bool, tmp_path: Path) -> None:
    """Without a key there is no number, and the fault says what to write in plain."""
    found = measured(_encrypted(tmp_path / "s.parquet", columns, plain_footer=plain_footer))
    assert [fault.code for fault in found.faults] == ["encrypted"]
    assert (counts(found), found.records["is_partial"].to_pylist()) == ({None: 0}, [True])


def test_every_byte_that_was_read_is_accounted_for(tmp_path: Path) -> None:
    """The meter of CR-4: eight bytes of tail, the footer, the account column, and nothing else."""
    path = parquet(tmp_path / "s.parquet", mixed())
    footer = pq.read_metadata(path)
    column = sum(footer.row_group(number).column(1).total_compressed_size for number in range(footer.num_row_groups))
    assert meter(measured(path)) == {
        "day": DAY, "store": "crm", "record_class": "invoice", "kind": "parquet", "files": 1, "files_opened": 1, "footer_bytes": footer.serialized_size + 8,
        "account_column_bytes": column, "content_bytes": 0, "columns": ["account_id"], "allowed_columns": ["account_id"], "is_partial": False,
    }  # fmt: skip


@pytest.mark.parametrize("accounts", [["C1"] * 1000 + ["C2"] * 1000, [7] * 1000 + [8] * 1000])
def test_a_sorted_store_is_measured_exactly_by_its_footer(accounts: list[Any], tmp_path: Path) -> None:
    """Where a row group is one account's, its statistics say so and sizes need no share."""
    path = parquet(tmp_path / "s.parquet", accounts)
    found = measured(path)
    assert (meter(found)["account_column_bytes"], meter(found)["columns"]) == (0, [])
    footer = pq.read_metadata(path)
    sizes = [sum(footer.row_group(number).column(index).total_uncompressed_size for index in range(3)) for number in (0, 1)]
    assert [(row["account_id"], row["records"], row["bytes"], row["method"]) for row in found.records.to_pylist()] == [
        (str(account), 1000, size, "exact") for account, size in zip((accounts[0], accounts[-1]), sizes, strict=True)
    ]


@pytest.mark.parametrize("extra", ["C2", None])
def test_one_other_record_makes_sizes_shares(extra: str | None, tmp_path: Path) -> None:
    """A single record of somebody else, or of nobody, and the group's size is no longer one account's."""
    found = measured(parquet(tmp_path / "s.parquet", ["C1"] * 999 + [extra]))
    assert (counts(found), set(found.records["method"].to_pylist())) == ({"C1": 999, extra: 1}, {"apportioned"})


def test_stores_without_statistics_are_read(tmp_path: Path) -> None:
    """Statistics are optional: without them the account column itself is read."""
    found = measured(parquet(tmp_path / "s.parquet", ["C1"] * 500, write_statistics=False))
    assert (counts(found), found.records["method"].to_pylist()) == ({"C1": 500}, ["exact"])
    assert found.metering["account_column_bytes"].to_pylist()[0] > 0


@pytest.mark.parametrize("accounts", [
    pa.array(["C1", "C2"]).dictionary_encode(), pa.array([b"C1", b"C2"]), pa.array(["C1", "C2"], pa.large_string()), pa.array(["C1", "C2"], pa.string_view()),
])  # fmt: skip
def test_text_of_any_type(accounts: pa.Array, tmp_path: Path) -> None:
    """Writers differ in how they type text; an account stays one."""
    pq.write_table(pa.table({"account_id": accounts}), tmp_path / "s.parquet")
    assert counts(measured(tmp_path / "s.parquet")) == {"C1": 1, "C2": 1}


def test_an_account_inside_a_structure(tmp_path: Path) -> None:
    """Event stores nest the customer: `customer.id`."""
    pq.write_table(pa.table({"customer": [{"id": 5, "name": "x"}, {"id": 6, "name": "y"}, {"id": 5, "name": "z"}]}), tmp_path / "s.parquet")
    found = measured(tmp_path / "s.parquet", account_column="customer.id")
    assert (counts(found), found.metering["columns"].to_pylist()) == ({"5": 2, "6": 1}, [["customer.id"]])


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
    good, bad = parquet(tmp_path / "store/a.parquet", mixed(100)), parquet(tmp_path / "store/b.parquet", mixed(100))
    spoil(bad)
    found = measured(tmp_path / "store")
    assert [fault.place for fault in found.faults] == ["b.parquet"]
    assert set(found.records["is_partial"].to_pylist()) == {True}
    assert counts(found) == counts(measured(good))
    assert CONTENT not in str(found.faults)


def test_an_emptyparquet(tmp_path: Path) -> None:
    """No records is a count too."""
    found = measured(parquet(tmp_path / "s.parquet", pa.array([], pa.string())))  # type: ignore[arg-type]
    assert (found.records.num_rows, found.faults, found.metering.num_rows) == (0, (), 1)


@pytest.mark.parametrize(("accounts", "kind"), [
    (pa.array([1.5, 2.5]), "column_type"), (pa.array([True, False]), "column_type"), (pa.array([DAY, DAY]), "column_type"),
    (pa.array([b"\xff\xfe", b"\xff"]), "damaged"),
])  # fmt: skip
def test_a_column_that_can_name_no_account_is_refused(accounts: pa.Array, kind: str, tmp_path: Path) -> None:
    """A date or a half taken for an account would make accounts up."""
    pq.write_table(pa.table({"account_id": accounts}), tmp_path / "s.parquet")
    assert [fault.code for fault in measured(tmp_path / "s.parquet").faults] == [kind]


@pytest.mark.parametrize("rows", [1, 2])
def test_whole_numbers_and_uuids(rows: int, tmp_path: Path) -> None:
    """Ids above what a signed number holds, below zero, and UUIDs are written as people write them, by statistics as by pages."""
    first, second = UUID(int=7), UUID(int=8)
    for kind, ids in ((pa.uint64(), [2**64 - 1, 5]), (pa.int32(), [-7, 8]), (pa.uuid(), [first.bytes, second.bytes])):
        pq.write_table(pa.table({"account_id": pa.array(ids[:rows], kind)}), tmp_path / "s.parquet")
        names = [str(first), str(second)] if kind == pa.uuid() else list(map(str, ids))
        assert counts(measured(tmp_path / "s.parquet")) == dict.fromkeys(names[:rows], 1)


def test_a_column_of_nulls_names_nobody(tmp_path: Path) -> None:
    """Writers give a column in which nothing stands no type; its records count all the same."""
    pq.write_table(pa.table({"account_id": pa.nulls(3)}), tmp_path / "s.parquet")
    assert counts(measured(tmp_path / "s.parquet")) == {None: 3}


def test_accounts_named_by_folders(tmp_path: Path) -> None:
    """Writers that partition by account leave the column out of the files; the folder names it, and no page is read."""
    for folder, records in (("account_id=C1", 3), ("account_id=C%2F2", 2), ("account_id=__HIVE_DEFAULT_PARTITION__", 1)):
        (tmp_path / "store" / folder).mkdir(parents=True)
        pq.write_table(pa.table({"body": ["x"] * records}), tmp_path / "store" / folder / "part.parquet")
    found = measured(tmp_path / "store")
    assert (counts(found), set(found.records["method"].to_pylist())) == ({"C1": 3, "C/2": 2, None: 1}, {"exact"})
    assert meter(found)["columns"] == []


@pytest.mark.parametrize("name", [".hidden.parquet", "_temporary/part.parquet", "notes.txt"])
def test_what_writers_leave_beside_is_not_a_record(name: str, tmp_path: Path) -> None:
    """A half-written file of a job that still runs would be counted twice."""
    parquet(tmp_path / "store/a.parquet", ["C1"])
    parquet(tmp_path / "store" / name, ["C2"])
    assert counts(measured(tmp_path / "store")) == {"C1": 1}


def test_a_store_that_is_not_there_says_so(tmp_path: Path) -> None:
    """A folder that was moved must not pass for one without records."""
    found = measured(tmp_path / "gone")
    assert [(fault.place, fault.code) for fault in found.faults] == [("crm", "missing")]
    assert found.records.to_pylist() == [
        {"day": DAY, "store": "crm", "record_class": "invoice", "account_id": None, "records": 0, "bytes": 0, "stored_bytes": 0, "largest_record_bytes": None,
         "method": "exact", "is_partial": True}
    ]  # fmt: skip


def test_shares_do_not_depend_on_how_files_are_named(tmp_path: Path) -> None:
    """The same store gives the same numbers on every machine."""
    for number in range(3):
        parquet(tmp_path / f"one/{number}.parquet", mixed(100 + number))
        parquet(tmp_path / f"other/{9 - number}.parquet", mixed(100 + number))
    assert measured(tmp_path / "one").records.equals(measured(tmp_path / "other").records)


@pytest.mark.parametrize("seed", range(60))
def test_a_garbled_footer_is_damage_or_another_footer(seed: int, tmp_path: Path) -> None:
    """Bytes that rot must end in a number or in a fault of that file, never in the end of the run."""
    chance = random.Random(seed)
    path = parquet(tmp_path / "s.parquet", mixed(300) if seed % 2 else ["C1"] * 300, row_group_size=100)
    body = bytearray(path.read_bytes())
    begin = len(body) - 8 - int.from_bytes(body[-8:-4], "little")
    for _ in range(1 + seed % 4):
        body[chance.randrange(begin, len(body) - 8)] = chance.randrange(256)
    path.write_bytes(body)
    found = measured(path)
    assert {fault.code for fault in found.faults} <= {"damaged", "column_missing", "column_type", "encrypted"}
    assert CONTENT not in str(found.faults)
    assert (meter(found)["content_bytes"], set(meter(found)["columns"]) - {"account_id"}) == (0, set())
