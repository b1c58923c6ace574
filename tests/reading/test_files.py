"""What a file is and what its pieces are must not depend on its name, its compression or where it is cut."""

import bz2
import gzip
import lzma
import os
import tracemalloc
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.errors import DamagedError
from dagster_project.reading.compression import open_plain, whole
from dagster_project.reading.files import Found, decompressed, found, head
from dagster_project.reading.identity import identity
from dagster_project.reading.pieces import LONGEST_LINE_BYTES, PIECE_LINES, pieces
from tests.sampling import sampled

BODY = b"".join(b"line %d of a log\n" % number for number in range(5000))

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "two gzip members": lambda body: gzip.compress(body[:777]) + gzip.compress(body[777:]),
    "gzip padded with zeros": lambda body: gzip.compress(body) + b"\0" * 1024,
    "zstd": zstandard.ZstdCompressor().compress,
    "two zstd frames": lambda body: zstandard.compress(body[:777]) + zstandard.compress(body[777:]),
    "bzip2": bz2.compress,
    "two bzip2 streams": lambda body: bz2.compress(body[:777]) + bz2.compress(body[777:]),
    "xz": lzma.compress,
    "two xz streams": lambda body: lzma.compress(body[:777]) + lzma.compress(body[777:]),
}
MOST_BYTES = 80 << 20


def _file(tmp_path: Path, body: bytes, name: str = "access.log") -> Found:
    path = tmp_path / name
    path.write_bytes(body)
    return Found("web_logs", "web", path)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_compression_is_told_by_content(compression: str, tmp_path: Path) -> None:
    """Rotated logs come in any compression and under any name."""
    file = _file(tmp_path, COMPRESSIONS[compression](BODY))
    with open_plain(file.path) as plain:
        assert plain.read() == BODY
    assert b"".join(piece.body for piece in pieces(file)) == BODY


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_compression_and_name_do_not_change_the_identity(compression: str, tmp_path: Path) -> None:
    """A log that is renamed or compressed after it was read must not be counted twice."""
    plain = identity(_file(tmp_path, BODY), {})
    other = identity(_file(tmp_path, COMPRESSIONS[compression](BODY), "other.1"), {plain.input_id: plain.size_bytes})
    assert (other.input_id, other.size_bytes, other.begins_with) == (plain.input_id, len(BODY), ())


def test_folder_and_site_are_part_of_the_identity(tmp_path: Path) -> None:
    """The same bytes from two sites are two inputs."""
    file = _file(tmp_path, BODY)
    ids = {identity(Found(folder, site, file.path), {}).input_id for folder in ("web_logs", "request_logs") for site in ("a", "b")}
    assert len(ids) == 4


def test_a_file_tells_which_known_inputs_it_begins_with(tmp_path: Path) -> None:
    """Of a log that is still being written only what is new may be read."""
    parts = [(identity(_file(tmp_path, BODY[:size], "part"), {}).input_id, size) for size in (0, 40, 1000, 2000)]
    known = {**dict(parts), "f" * 32: 3000}
    assert identity(_file(tmp_path, gzip.compress(BODY)), known).begins_with == tuple(parts[1:])
    assert identity(_file(tmp_path, b"other" + BODY), known).begins_with == ()


@pytest.mark.parametrize("compression", ["gzip", "zstd", "bzip2", "xz"])
def test_a_cut_archive_yields_what_is_readable_and_then_says_so(compression: str, tmp_path: Path) -> None:
    """A truncated copy must be refused or kept knowingly, never taken for the whole."""
    body = b"".join(b"%d %d\n" % (number, number * 7919 % 104729) for number in range(120_000))
    packed = COMPRESSIONS[compression](body)
    read: list[bytes] = []
    cut = pieces(_file(tmp_path, packed[: len(packed) * 4 // 5]), piece_bytes=1 << 16)
    with pytest.raises(DamagedError, match="ends early"):
        read.extend(piece.body for piece in cut)
    assert len(body) // 10 < len(b"".join(read)) < len(body)
    assert body.startswith(b"".join(read))


@pytest.mark.parametrize("compression", ["gzip", "zstd", "bzip2", "xz"])
def test_a_damaged_archive_is_refused_without_quoting_it(compression: str, tmp_path: Path) -> None:
    """Bytes flipped on the way must neither pass nor end in an error that shows them."""
    packed = bytearray(COMPRESSIONS[compression](BODY))
    packed[len(packed) // 2 :] = b"secret" * 9
    with pytest.raises(DamagedError) as caught:
        list(pieces(_file(tmp_path, bytes(packed))))
    assert "secret" not in str(caught.value)


@given(body=st.lists(st.binary(max_size=30), max_size=40).map(b"\n".join), piece_bytes=st.integers(1, 200), skip=st.integers(0, 300))
@settings(max_examples=200, deadline=None)
def test_pieces_join_to_the_file_wherever_they_are_cut(body: bytes, piece_bytes: int, skip: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Line numbers and offsets name the same line whatever the size of the pieces."""
    file = _file(tmp_path_factory.mktemp("pieces"), b"plain:" + body)
    body = b"plain:" + body
    found_pieces = list(pieces(file, skip, piece_bytes))
    assert b"".join(piece.body for piece in found_pieces) == body[skip:]
    for piece in found_pieces:
        assert body[piece.byte_offset :].startswith(piece.body)
        assert piece.first_line == body[: piece.byte_offset].count(b"\n") + 1
        assert piece.ends_open == (not piece.body.endswith(b"\n"))
        assert piece.is_last == (piece is found_pieces[-1])
        assert piece.is_last or piece.body.endswith(b"\n")
        assert len(piece.body) <= piece_bytes or piece.body.count(b"\n", 0, -1) == 0


@pytest.mark.parametrize("end", [b"\n", b"\nafter\n", b"\nafter", b""])
def test_a_line_longer_than_a_piece_is_cut_and_counted(end: bytes, tmp_path: Path) -> None:
    """One broken line of 100 MB must not take 100 MB, nor shift the numbers of the lines behind it."""
    body = b"before\n" + b"x" * (5 * LONGEST_LINE_BYTES) + end
    cut = list(pieces(_file(tmp_path, body), piece_bytes=2 * LONGEST_LINE_BYTES))
    assert sum(len(piece.body) + piece.cut_bytes for piece in cut) == len(body)
    assert max(len(piece.body) for piece in cut) <= 2 * LONGEST_LINE_BYTES
    long = next(piece for piece in cut if piece.cut_bytes)
    assert (long.byte_offset, long.first_line) == (7, 2)
    assert LONGEST_LINE_BYTES < len(long.body) <= LONGEST_LINE_BYTES + 2
    if b"after" in end:
        assert (cut[-1].body, cut[-1].first_line, cut[-1].byte_offset) == (end[1:], 3, len(body) - len(end) + 1)


@pytest.mark.parametrize(("compression", "lines"), sampled(product(["plain", "gzip", "zstd", "bzip2", "xz"], ["one", "many"]), lambda place: place in {0, 3, 4, 7, 8}))
def test_what_a_small_archive_becomes_stays_within_bounds(compression: str, lines: str, tmp_path: Path) -> None:
    """A line of 128 MB, or an archive of kilobytes that is a thousand times as large, must not take the machine down."""
    line = {"one": b"\0" * (1 << 20), "many": b"x" * 79 + b"\n"}[lines]
    body = line * ((16 << 20) // len(line))
    packed = COMPRESSIONS[compression](body * 8) if compression in ("gzip", "zstd") else COMPRESSIONS[compression](body) * 8
    file = _file(tmp_path, packed)
    tracemalloc.start()
    read = [len(piece.body) + piece.cut_bytes for piece in pieces(file, piece_bytes=8 << 20)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(read) == len(body) * 8
    assert peak < MOST_BYTES


@pytest.mark.parametrize("compression", ["gzip", "two gzip members", "zstd", "bzip2", "xz"])
def test_an_archive_that_is_read_whole_opens_to_so_much(compression: str, tmp_path: Path) -> None:
    """A document of access events stands in memory at once: its archive must not decide how much that is."""
    path = _file(tmp_path, COMPRESSIONS[compression](BODY)).path
    with open_plain(path) as archive:
        assert whole(archive, path.name, len(BODY)) == BODY
    with open_plain(path) as archive, pytest.raises(DamagedError, match=r"^access\.log: the archive opens to more than 0 MB, .* deliver it in parts$") as told:
        whole(archive, path.name, len(BODY) - 1)
    assert told.value.code == "too_large"


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_the_head_of_a_cut_archive_is_readable(compression: str, tmp_path: Path) -> None:
    """The format of a truncated log must still be found."""
    body = b"".join(b"%d %d\n" % (number, number * 7919 % 104729) for number in range(120_000))
    packed = COMPRESSIONS[compression](body)
    read = head(_file(tmp_path, packed[: len(packed) * 4 // 5]).path, 5_000_000)
    assert body.startswith(read)
    assert len(read) > 1000
    assert head(_file(tmp_path, packed).path, 1000) == body[:1000]


def test_a_plain_file_comes_in_whole_lines(tmp_path: Path) -> None:
    """Nothing need be joined, which takes as long as reading; a line that is longer than what is looked through comes in parts."""
    body = b"".join(b"%0*d\n" % (number % 300 + 1, number) for number in range(4_000)) + b"x" * (1 << 18) + b"\nlast"
    chunks = list(decompressed(_file(tmp_path, body).path, 1 << 17))
    assert b"".join(chunks) == body
    assert [chunk.endswith(b"\n") and len(chunk) > 1 << 16 for chunk in chunks[:6]] == [True, True, True, True, True, False]


def test_a_piece_holds_so_many_lines(tmp_path: Path) -> None:
    """What is kept of a line is many times as large as a line of two bytes."""
    cut = list(pieces(_file(tmp_path, b"x\n" * (2 * PIECE_LINES + 1) + b"y")))
    assert [(piece.lines, piece.first_line, piece.byte_offset) for piece in cut] == [
        (PIECE_LINES, 1, 0), (PIECE_LINES, PIECE_LINES + 1, 2 * PIECE_LINES), (2, 2 * PIECE_LINES + 1, 4 * PIECE_LINES),
    ]  # fmt: skip
    assert [(piece.is_last, piece.ends_open) for piece in cut] == [(False, False), (False, False), (True, True)]


def test_an_empty_file_has_no_pieces(tmp_path: Path) -> None:
    """An empty log is an input without lines, not an error."""
    file = _file(tmp_path, b"")
    assert list(pieces(file)) == []
    assert identity(file, {}).size_bytes == 0


@pytest.mark.parametrize(
    ("name", "folder", "site"),
    [
        ("web_logs/access.log", "web_logs", "web"),
        ("web_logs/shop/access.log.1.gz", "web_logs", "shop"),
        ("web_logs/shop/2026/03/access.log", "web_logs", "shop"),
        ("request_logs/production.log", "request_logs", "service"),
        ("access_events/pgaudit/x.log", "access_events", "pgaudit"),
        ("grants/grants.csv", "grants", "grants"),
        ("web_logs/access.log.tmp", "web_logs", None),
        ("web_logs/.access.log.swp", "web_logs", None),
        ("web_logs/.git/config", "web_logs", None),
    ],
)
def test_the_place_of_a_file_names_its_site(name: str, folder: str, site: str | None, tmp_path: Path) -> None:
    """Sites are sub-folders; a copy in progress or a hidden file is no input."""
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    assert [(file.folder, file.site, file.path) for file in found(tmp_path, folder)] == ([(folder, site, path)] if site else [])


def test_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    """The same landing folder must give the same run on every machine."""
    for name in ("b.log", "a/z.log", "c.log", "a/a.log"):
        (tmp_path / "web_logs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "web_logs" / name).write_bytes(b"x")
    names = [file.path.relative_to(tmp_path / "web_logs").as_posix() for file in found(tmp_path, "web_logs")]
    assert names == sorted(names) == ["a/a.log", "a/z.log", "b.log", "c.log"]


def test_a_missing_folder_holds_no_files(tmp_path: Path) -> None:
    """Every folder of the landing zone is optional."""
    assert found(tmp_path, "web_logs") == []


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """The reader must learn which file to look at."""
    with pytest.raises(DamagedError, match=r"gone\.log"):
        open_plain(tmp_path / "gone.log")


def test_links_are_followed_and_what_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    """A folder of logs is often a link to where a server writes them; one that leads nowhere hides what somebody meant to deliver."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.log").write_bytes(b"x")
    logs = tmp_path / "web_logs"
    (logs / "shop").mkdir(parents=True)
    (logs / "portal").symlink_to(elsewhere)
    (logs / "shop" / "old").symlink_to(elsewhere)
    (logs / "shop" / "twice").symlink_to(elsewhere)
    (logs / "loop").symlink_to(logs)
    (elsewhere / "loop").symlink_to(elsewhere)
    (logs / "gone.log").symlink_to(tmp_path / "nowhere")
    (logs / "self").symlink_to(logs / "self")
    (tmp_path / "access_events").symlink_to(tmp_path / "nowhere")
    (tmp_path / "grants").write_bytes(b"no folder")
    os.mkfifo(logs / "pipe.log")
    assert [(file.site, file.path.relative_to(logs).as_posix()) for file in found(tmp_path, "web_logs")] == [
        ("web", "gone.log"),
        ("portal", "portal/a.log"),
        ("web", "self"),
        ("shop", "shop/old/a.log"),
    ]
    assert [file.path.name for folder in ("access_events", "grants") for file in found(tmp_path, folder)] == ["access_events", "grants"]
