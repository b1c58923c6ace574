"""Day keys, on a real directory (docs/operations.md#keys)."""

import hashlib
import hmac
import os
import random
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from dagster_project.errors import KeyringError
from dagster_project.evidence.key_directory import KeyDirectory
from dagster_project.evidence.keyring import Keyring

NOW = datetime(2024, 5, 17, 12, tzinfo=UTC)
TODAY, YESTERDAY, LONG_AGO = date(2024, 5, 17), date(2024, 5, 16), date(2015, 5, 17)
KEK = bytes(range(32))
KEYS_SQL = Path(__file__).parents[2] / "sql" / "1_ledger" / "keys.sql"


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def opened(place: Path, rows: pa.Table | None = None, now: datetime = NOW, keep_hours: int = 48, kek: bytes = KEK) -> Keyring:
    """Return the keyring of a run."""
    return Keyring(KeyDirectory(place, place.parent / "home", kek), rows, now, keep_hours)


def files(place: Path) -> list[Path]:
    """Return the key files."""
    return sorted(place.glob("*.key"))


def test_its_rows_are_those_of_the_contract(place: Path) -> None:
    """The ledger of keys is what compliance is shown."""
    with duckdb.connect() as connection:
        connection.sql("set TimeZone = 'UTC'")
        connection.sql("create schema ledger")
        connection.sql(KEYS_SQL.read_text())
        contract = connection.sql("select * from ledger.keys").to_arrow_table().schema
    assert opened(place).rows().column_names == contract.names


def test_a_key_is_random_and_of_its_day(place: Path) -> None:
    """A derived key could be made again by whoever keeps the root."""
    ring = opened(place)
    today = ring.day_key(TODAY)
    assert today is not None
    assert len(today) == 32
    assert ring.day_key(TODAY) == today
    assert ring.day_key(YESTERDAY) != today
    assert opened(place.parent / "other").day_key(TODAY) != today


def test_a_key_lives_on_to_the_next_run(place: Path) -> None:
    """Lines of one day that come in two runs must give one visitor."""
    first = opened(place)
    key = first.day_key(TODAY)
    assert opened(place, first.rows(), NOW + timedelta(hours=3)).day_key(TODAY) == key


def test_the_ledger_says_what_was_made(place: Path) -> None:
    """Every key is accounted for from its making to its destruction."""
    ring = opened(place)
    ring.day_key(TODAY)
    ring.count(TODAY, 3)
    ring.count(TODAY, 4)
    row = ring.rows().to_pylist()[0]
    assert (len(row.pop("key_id")), len(row.pop("kcv"))) == (16, 8)
    assert row == {
        "purpose": "visitor",
        "day": TODAY,
        "created_at": NOW,
        "destroy_after": datetime(2024, 5, 19, tzinfo=UTC),
        "destroyed_at": None,
        "destroyed_by_run": None,
        "rows_tokenised": 7,
        "checked_at": NOW,
    }


def test_a_key_is_wrapped_and_private(place: Path) -> None:
    """Who copies the directory has nothing without the key-encryption key."""
    key = opened(place).day_key(TODAY)
    assert key is not None
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    [file] = files(place)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key not in file.read_bytes()
    with pytest.raises(KeyringError, match="does not open"):
        opened(place, kek=bytes(32))


def test_a_key_opens_for_its_own_day_only(place: Path) -> None:
    """Purpose, day and key id are bound into the file: a key put in another's place is no key."""
    first = opened(place)
    first.day_key(TODAY)
    first.day_key(YESTERDAY)
    yesterday, today = files(place)
    today.write_bytes(yesterday.read_bytes())
    with pytest.raises(KeyringError, match="2024-05-17 does not open"):
        opened(place, first.rows()).day_key(TODAY)


def test_a_key_that_is_not_the_ledgers_is_refused(place: Path) -> None:
    """Tokens of two keys on one day would count a visitor twice."""
    ring = opened(place)
    ring.day_key(TODAY)
    rows = ring.rows()
    other = rows.set_column(rows.column_names.index("kcv"), "kcv", pa.array(["00000000"]))
    with pytest.raises(KeyringError, match="not the one"):
        opened(place, other).day_key(TODAY)


def test_a_destroyed_key_is_gone_for_ever(place: Path) -> None:
    """After the seal nobody, not even we, can make a token of that day."""
    ring = opened(place)
    ring.day_key(TODAY)
    ring.destroy(TODAY)
    assert files(place) == []
    assert ring.day_key(TODAY) is None
    assert ring.rows().column("destroyed_at").to_pylist() == [NOW]
    assert opened(place, ring.rows()).day_key(TODAY) is None


def test_a_key_is_overwritten_before_it_is_removed(place: Path) -> None:
    """A second name of the file still sees its blocks: they must not hold the key."""
    ring = opened(place)
    ring.day_key(TODAY)
    [file] = files(place)
    twin = place.parent / "twin"
    os.link(file, twin)
    before = twin.read_bytes()
    ring.destroy(TODAY)
    assert len(twin.read_bytes()) == len(before)
    assert twin.read_bytes() != before


def test_the_ledger_says_which_run_destroyed_a_key(place: Path) -> None:
    """An auditor asks who ended the key of a day; every run says when it last looked (1.6)."""
    first = opened(place)
    first.day_key(YESTERDAY)
    first.day_key(TODAY)
    later = NOW + timedelta(days=1)
    directory = KeyDirectory(place, place.parent / "home", KEK)
    ring = Keyring(directory, first.rows(), later, run_id="run-2")
    assert ring.due() == [YESTERDAY]
    ring.destroy(YESTERDAY)
    assert [(row["destroyed_at"], row["destroyed_by_run"], row["checked_at"]) for row in ring.rows().to_pylist()] == [(later, "run-2", later), (None, None, later)]
    again = Keyring(directory, ring.rows(), later + timedelta(hours=1), run_id="run-3")
    assert again.rows().column("destroyed_by_run").to_pylist() == ["run-2", None]


def test_a_key_id_says_nothing_of_its_key(place: Path) -> None:
    """Eight random bytes: a hash of the key would let who finds a key prove what it was for (1.4)."""
    key = opened(place).day_key(TODAY)
    assert key is not None
    [row] = opened(place).rows().to_pylist()
    assert len(bytes.fromhex(row["key_id"])) == 8
    assert row["kcv"] == hmac.digest(key, b"kcv", "sha256")[:4].hex()
    hashes = {hashlib.new(name, key).hexdigest()[:16] for name in ("md5", "sha1", "sha256", "sha512", "blake2b")}
    assert row["key_id"] not in hashes | {hmac.digest(key, label, "sha256").hex()[:16] for label in (b"", b"kcv", b"key_id")}


def test_a_key_comes_from_the_systems_own_randomness(place: Path) -> None:
    """The same seed, day and key-encryption key give another key: nothing is derived, so nothing can be made again (1.3)."""
    keys = set()
    for name in "abc":
        random.seed(7)
        keys.add(opened(place.parent / name).day_key(TODAY))
    assert len(keys) == 3


@pytest.mark.parametrize("keep", [0, 1, 20, 44])
def test_a_key_file_that_is_not_whole_is_never_met(place: Path, keep: int) -> None:
    """A run that was killed while it wrote a key must not stop every later run; what it left is overwritten and removed."""
    ring = opened(place)
    ring.day_key(TODAY)
    [file] = files(place)
    half = place / f".{file.name}.half"
    half.write_bytes(file.read_bytes()[:keep])
    twin = place.parent / "twin"
    os.link(half, twin)
    before = twin.read_bytes()
    assert opened(place, ring.rows()).day_key(TODAY) == ring.day_key(TODAY)
    assert not half.exists()
    assert len(twin.read_bytes()) == keep
    assert not keep or twin.read_bytes() != before


def test_a_key_is_on_the_disk_before_it_is_used_and_off_it_when_destroyed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File and directory are synced on the way in, and on the way out between overwriting and unlinking, and after it (1.5)."""
    done: list[str] = []
    sync, unlink = os.fsync, Path.unlink

    def synced(descriptor: int) -> None:
        done.append("sync directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        sync(descriptor)

    def unlinked(path: Path, missing_ok: bool = False) -> None:
        done.append("unlink")
        unlink(path, missing_ok)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "unlink", unlinked)
    ring = opened(place)
    ring.day_key(TODAY)
    assert done == ["sync file", "sync directory"]
    done.clear()
    ring.destroy(TODAY)
    assert done == ["sync file", "unlink", "sync directory"]


def test_a_key_is_destroyed_once(place: Path) -> None:
    """Destroying what never was would be a false entry in the ledger."""
    with pytest.raises(KeyringError, match="no living key for 2024-05-17"):
        opened(place).destroy(TODAY)


@pytest.mark.parametrize(
    ("keep_hours", "after_hours", "due"),
    [(48, 48, [YESTERDAY]), (48, 47, []), (24, 24, [YESTERDAY]), (96, 95, []), (48, 72, [YESTERDAY, TODAY])],
)
def test_a_key_is_due_so_many_hours_after_its_day_began(place: Path, keep_hours: int, after_hours: int, due: list[date]) -> None:
    """Late lines have that long; then the day is sealed."""
    began = datetime(2024, 5, 16, tzinfo=UTC)
    first = opened(place, now=began + timedelta(hours=1), keep_hours=keep_hours)
    first.day_key(YESTERDAY)
    first.day_key(TODAY)
    assert opened(place, first.rows(), began + timedelta(hours=after_hours), keep_hours).due() == due


def test_the_key_of_an_old_day_is_in_memory_only(place: Path) -> None:
    """An old log is read in one run; no key of it ever touches the disk, and the run must seal it."""
    ring = opened(place)
    key = ring.day_key(LONG_AGO)
    assert ring.day_key(LONG_AGO) == key
    assert files(place) == []
    assert ring.due() == [LONG_AGO]
    ring.destroy(LONG_AGO)
    assert ring.day_key(LONG_AGO) is None
    assert opened(place, ring.rows()).day_key(LONG_AGO) is None


def test_what_a_killed_run_had_in_memory_is_gone(place: Path) -> None:
    """Its day cannot be tokenised again, so it counts as sealed rather than stopping every later run."""
    killed = opened(place)
    killed.day_key(LONG_AGO)
    later = opened(place, killed.rows(), NOW + timedelta(hours=1))
    assert later.day_key(LONG_AGO) is None
    assert later.rows().column("destroyed_at").to_pylist() == [NOW + timedelta(hours=1)]


def test_what_a_killed_run_had_on_file_is_adopted(place: Path) -> None:
    """The run ended before it wrote its ledger: its key is alive, its rows may be in the lake."""
    key = opened(place).day_key(TODAY)
    later = opened(place, None, NOW + timedelta(hours=1))
    assert later.rows().num_rows == 1
    assert later.day_key(TODAY) == key


def test_a_file_of_a_sealed_day_is_destroyed(place: Path) -> None:
    """A key that came back from a backup must not outlive its day."""
    ring = opened(place)
    ring.day_key(TODAY)
    [file] = files(place)
    copy = file.read_bytes()
    ring.destroy(TODAY)
    file.write_bytes(copy)
    file.chmod(0o600)
    opened(place, ring.rows())
    assert files(place) == []


def test_a_living_key_that_is_gone_is_an_error(place: Path) -> None:
    """A new key under the same day would count every visitor twice."""
    ring = opened(place)
    ring.day_key(TODAY)
    files(place)[0].unlink()
    with pytest.raises(KeyringError, match="2024-05-17 is gone"):
        opened(place, ring.rows()).day_key(TODAY)


@pytest.mark.parametrize(("mode", "what"), [(0o750, "directory"), (0o705, "directory"), (0o777, "directory")])
def test_a_directory_that_others_can_read_is_refused(place: Path, mode: int, what: str) -> None:
    """A key that a neighbour has read is no secret, and nobody would notice."""
    place.mkdir()
    place.chmod(mode)
    with pytest.raises(KeyringError, match=f"{what} can be read"):
        opened(place)


def test_a_key_file_that_others_can_read_is_refused(place: Path) -> None:
    """Somebody changed its mode since we wrote it."""
    ring = opened(place)
    ring.day_key(TODAY)
    files(place)[0].chmod(0o644)
    with pytest.raises(KeyringError, match="can be read"):
        opened(place, ring.rows()).day_key(TODAY)


def test_a_directory_of_another_user_is_refused(place: Path) -> None:
    """Its owner can read what we write there."""
    place.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(place, 12345, 12345)
    foreign = place if os.geteuid() == 0 else Path("/")
    with pytest.raises(KeyringError, match="another user"):
        KeyDirectory(foreign, place.parent / "home", KEK)


@pytest.mark.parametrize("below", ["home", "home/keys", "home/a/../keys"])
def test_a_directory_below_home_is_refused(tmp_path: Path, below: str) -> None:
    """A backup of HOME would hold tokens and keys together."""
    with pytest.raises(KeyringError, match="below HOME"):
        KeyDirectory(tmp_path / below, tmp_path / "home", KEK)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("is_file", [True, False])
def test_a_directory_in_a_work_tree_is_refused(tmp_path: Path, is_file: bool) -> None:
    """One `git add .` and the keys are everywhere; a linked work tree has a file where others have a folder."""
    marker = tmp_path / "repo" / ".git"
    marker.parent.mkdir()
    marker.write_text("gitdir: elsewhere") if is_file else marker.mkdir()
    with pytest.raises(KeyringError, match="work tree"):
        KeyDirectory(tmp_path / "repo" / "a" / "keys", tmp_path / "home", KEK)


def test_a_link_out_of_the_directory_is_not_followed(place: Path) -> None:
    """A link in a key's place could make us open, or destroy, another file."""
    ring = opened(place)
    ring.day_key(TODAY)
    [file] = files(place)
    file.rename(place.parent / "elsewhere")
    file.symlink_to(place.parent / "elsewhere")
    with pytest.raises((KeyringError, OSError)):
        opened(place, ring.rows()).day_key(TODAY)


def test_the_first_run_makes_a_key_encryption_key_and_says_so(place: Path) -> None:
    """It works without any set-up, but nobody is to believe that this is enough for production."""
    said: list[str] = []
    home = place.parent / "home"
    key = Keyring(KeyDirectory(place, home, None, said.append), None, NOW).day_key(TODAY)
    assert len(said) == 1
    assert "KMS" in said[0]
    assert stat.S_IMODE((place / "kek").stat().st_mode) == 0o600
    again = Keyring(KeyDirectory(place, home, None, said.append), None, NOW)
    assert again.day_key(TODAY) == key
    assert len(said) == 1


def test_a_key_encryption_key_has_32_bytes(place: Path) -> None:
    """A shorter one would wrap with a weaker cipher and never say so."""
    with pytest.raises(KeyringError, match="32 bytes"):
        opened(place, kek=b"short")


def test_a_file_that_is_no_key_is_left_alone(place: Path) -> None:
    """We only ever destroy what we wrote."""
    opened(place)
    (place / "notes.key").write_text("not ours")
    opened(place)
    assert (place / "notes.key").exists()
