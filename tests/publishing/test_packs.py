"""A pack that was altered by hand, in every way that we could think of: `verify` names each."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from dagster_project.errors import UsageError
from dagster_project.evidence import heads, merkle
from dagster_project.evidence.accounts import cell_leaf
from dagster_project.evidence.heads import Head
from dagster_project.publishing.exports import json_text
from dagster_project.publishing.packs import verify
from tests.publishing import synthetic
from tests.publishing.sealing import OTHER, PRIVATE, opened, seal, sealed

KEY = heads.public_key(PRIVATE)
Change = Callable[[Path], None]


@pytest.fixture(name="packs", scope="module")
def _packs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return sealed(tmp_path_factory.mktemp("home"))


@pytest.fixture(name="copies")
def _copies(packs: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Give copies somewhere else: nothing but the pack may be needed."""
    report = Path(shutil.copytree(packs[0], tmp_path / "report", ignore=shutil.ignore_patterns("account-*")))
    return report, Path(shutil.copytree(packs[1], tmp_path / "page"))


def told(pack: Path, key: str | None = KEY, since: Head | None = None) -> list[str]:
    """Return what verify says is wrong."""
    return [" ".join(filter(None, (fault.kind, fault.file, fault.what))) for fault in verify(pack, key, since).faults]


def replaced(name: str, old: str, new: str, count: int = 1) -> Change:
    """Return what replaces text in a file."""

    def change(pack: Path) -> None:
        before = (pack / name).read_text()
        assert old in before
        (pack / name).write_text(before.replace(old, new, count))

    return change


def lined(name: str, alter: Callable[[list[str]], list[str]]) -> Change:
    """Return what alters the lines of a file."""
    return lambda pack: (pack / name).write_text("\n".join(alter((pack / name).read_text().splitlines())) + "\n") and None


def jsoned(name: str, alter: Callable[[dict], None]) -> Change:  # type: ignore[type-arg]
    """Return what alters a file of JSON."""

    def change(pack: Path) -> None:
        read = json.loads((pack / name).read_text())
        alter(read)
        (pack / name).write_text(json_text(read))

    return change


def both(*changes: Change) -> Change:
    """Return several changes as one."""
    return lambda pack: [change(pack) for change in changes] and None


def without(*numbers: int) -> Callable[[list[str]], list[str]]:
    """Return what leaves lines out."""
    return lambda lines: [line for number, line in enumerate(lines) if number not in numbers]


def swapped(one: int, other: int) -> Callable[[list[str]], list[str]]:
    """Return what puts two lines in each other's place."""
    return lambda lines: [lines[{one: other, other: one}.get(number, number)] for number in range(len(lines))]


def line_as(number: int, alter: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    """Return what alters one line."""
    return lambda lines: [alter(line) if place == number else line for place, line in enumerate(lines)]


def removed(name: str) -> Change:
    """Return what removes a file."""
    return lambda pack: (pack / name).unlink()


def linked(name: str) -> Change:
    """Return what puts a link in the place of a file that now lies beside the pack."""
    return lambda pack: (pack / name).symlink_to((pack / name).rename(pack.parent / f"moved-{Path(name).name}"))


def added(name: str, text: str = "x") -> Change:
    """Return what adds a file."""
    return lambda pack: (pack / name).write_text(text) and None


def rehashed(pack: Path) -> None:
    """Make the manifest name the files as they are, as a careful forger would."""
    manifest = json.loads((pack / "manifest.json").read_text())
    manifest["outputs"] = {name: hashlib.sha256((pack / name).read_bytes()).hexdigest() for name in manifest["outputs"]}
    (pack / "manifest.json").write_text(json.dumps(manifest))


def resigned(pack: Path) -> None:
    """Make another ledger of the entries as they are, and sign it with a key of one's own."""
    lines = (pack / LEDGER).read_bytes().splitlines()
    leaves = [merkle.leaf_hash(line) for line in lines]
    (pack / LEAVES).write_text("".join(f"{leaf.hex()}\n" for leaf in leaves))
    head = heads.sign(OTHER, 0, len(leaves), merkle.root(leaves), "2026-11-03T00:00:00Z")
    (pack / HEADS).write_bytes(merkle.canonical(heads.told(head)) + b"\n")
    (pack / HEAD).write_text(json_text(heads.told(head)))
    (pack / PEM).write_bytes(heads.pem(head.key))


LEDGER, LEAVES, HEADS, ACCOUNTS = "evidence/ledger.jsonl", "evidence/leaves", "evidence/heads.jsonl", "evidence/accounts.jsonl"
HEAD, PEM, PROOF = "evidence/head.json", "evidence/key.pem", "evidence/proof.json"
DIGIT = "0" * 64
NOT_LAST, UNSIGNED = f"changed {HEAD} it is not the last of heads.jsonl", f"changed {HEAD} its signature does not hold"
NOT_SEALED = f"changed {PROOF} entry 35 is not in the ledger that the head speaks for"
NOT_AS_WRITTEN = "it is not written as it was sealed"
OF_REPORT = [
    ("the manifest is gone", removed("manifest.json"), ["missing manifest.json"]),
    ("a file is a link", linked("report.html"), ["changed report.html it is a link"]),
    ("a file of the evidence is a link", linked(LEDGER), [f"changed {LEDGER} it is a link"]),
    *[(f"{name} has other line ends", lambda pack, name=name: (pack / name).write_bytes((pack / name).read_bytes().replace(b"\n", b"\r\n")) and None,
       [f"changed {name} {NOT_AS_WRITTEN}"]) for name in (LEDGER, LEAVES, HEADS, HEAD, ACCOUNTS, PROOF)],
    ("a word more in the proof", jsoned(PROOF, lambda read: read.update(checked="by us")), [f"changed {PROOF} {NOT_AS_WRITTEN}"]),
    ("the proof is no JSON", added(PROOF), [f"changed {PROOF} {NOT_AS_WRITTEN}"]),
    ("a word more beside a head", jsoned(HEAD, lambda read: read.update(checked="by us")), [f"changed {HEAD} {NOT_AS_WRITTEN}"]),
    ("a word more in a head", lined(HEADS, line_as(1, lambda line: line.replace("{", '{"a":1,', 1))), [f"changed {HEADS} {NOT_AS_WRITTEN}"]),
    ("a word more beside a cell", lined(ACCOUNTS, line_as(7, lambda line: line.replace("{", '{"a":1,', 1))), [f"changed {ACCOUNTS} {NOT_AS_WRITTEN}"]),
    ("a byte of the page", replaced("report.html", "October", "Oktober"), ["changed report.html"]),
    ("a byte of the spreadsheet", replaced("findings.csv", "high", "low "), ["changed findings.csv"]),
    ("a verdict in JSON", replaced("report.json", '"broken"', '"kept"'), ["changed report.json"]),
    ("a file is gone", removed("findings.csv"), ["missing findings.csv"]),
    ("two files are gone", both(removed("findings.csv"), removed("report.json")), ["missing findings.csv", "missing report.json"]),
    ("a file is there too", added("extra.txt"), ["foreign extra.txt"]),
    ("a file is there too, of the evidence", added("evidence/extra"), ["foreign evidence/extra"]),
    ("two files change places", both(lambda pack: (pack / "report.json").rename(pack / "x") and None, lambda pack: (pack / "findings.csv").rename(pack / "report.json") and None,
                                     lambda pack: (pack / "x").rename(pack / "findings.csv") and None), ["changed findings.csv", "changed report.json"]),
    ("the manifest alone", replaced("manifest.json", "2026-11-03", "2026-11-04"), ["changed manifest.json"]),
    ("a file and its hash in the manifest", both(replaced("findings.csv", "high", "low "), rehashed), ["changed findings.csv", "changed manifest.json"]),
    ("a file more, in the manifest too", both(added("extra.txt"), jsoned("manifest.json", lambda read: read["outputs"].update({"extra.txt": hashlib.sha256(b"x").hexdigest()}))),
     ["changed manifest.json", "foreign extra.txt"]),
    ("the manifest is emptied", added("manifest.json", "{}"), ["changed manifest.json", "changed manifest.json it is no manifest of a report"]),
    ("an entry", lined(LEDGER, line_as(14, lambda line: line.replace('"lines":1', '"lines":2'))), [f"changed {LEDGER} entry 14"]),
    ("two entries in a row", lined(LEDGER, lambda lines: line_as(15, str.upper)(line_as(14, str.upper)(lines))), [f"foreign {LEDGER} 2 more", f"missing {LEDGER} entry 14 to 15"]),
    ("an entry is no JSON", lined(LEDGER, line_as(3, lambda line: line[:-1])), [f"foreign {LEDGER} 1 more", f"missing {LEDGER} entry 3"]),
    ("a blank in an entry", lined(LEDGER, line_as(3, lambda line: line.replace(",", ", ", 1))), [f"changed {LEDGER} entry 3"]),
    ("an entry is gone", lined(LEDGER, without(20)), [f"missing {LEDGER} entry 20"]),
    ("two entries in a row are gone", lined(LEDGER, without(8, 9)), [f"missing {LEDGER} entry 8 to 9"]),
    ("the first entry is gone", lined(LEDGER, without(0)), [f"missing {LEDGER} entry 0"]),
    ("the first two entries are gone", lined(LEDGER, without(0, 1)), [f"missing {LEDGER} entry 0 to 1"]),
    ("three entries apart are gone", lined(LEDGER, without(2, 9, 30)), [f"missing {LEDGER} entry 2, 9, 30"]),
    ("two entries change places", lined(LEDGER, swapped(5, 6)), [f"reordered {LEDGER} entry 5 to 6"]),
    ("two entries change places and numbers",
     lined(LEDGER, lambda lines: line_as(5, lambda line: line.replace('"n":6', '"n":5'))(line_as(6, lambda line: line.replace('"n":5', '"n":6'))(swapped(5, 6)(lines)))),
     [f"changed {LEDGER} entry 5 to 6"]),
    ("an entry stands twice", lined(LEDGER, lambda lines: [*lines[:7], lines[6], *lines[7:]]), [f"foreign {LEDGER} 1 more"]),
    ("an entry is put in", lined(LEDGER, lambda lines: [*lines, lines[-1].replace('"n":36', '"n":37')]), [f"foreign {LEDGER} 1 more"]),
    ("one changed, one gone, two swapped", lined(LEDGER, lambda lines: without(30)(swapped(1, 2)(line_as(14, lambda line: line.replace('"lines":1', '"lines":9'))(lines)))),
     [f"changed {LEDGER} entry 14", f"missing {LEDGER} entry 30", f"reordered {LEDGER} entry 1 to 2"]),
    ("a hash", lined(LEAVES, line_as(14, lambda _: DIGIT)), [f"changed {LEAVES} line 14"]),
    ("a hash that is none", lined(LEAVES, line_as(14, lambda _: "jane")), [f"changed {LEAVES} line 14"]),
    ("a hash is gone", lined(LEAVES, without(14)), [f"missing {LEAVES} line 14"]),
    ("two hashes change places", lined(LEAVES, swapped(14, 15)), [f"reordered {LEAVES} line 14 to 15"]),
    ("a hash more", lined(LEAVES, lambda lines: [*lines, DIGIT]), [f"foreign {LEAVES} 1 more"]),
    ("an entry and its hash",
     both(lined(LEDGER, line_as(15, lambda line: line.replace('"lines":1', '"lines":2'))),
          lambda pack: lined(LEAVES, line_as(15, lambda _: merkle.leaf_hash((pack / LEDGER).read_bytes().splitlines()[15]).hex()))(pack)),
     [f"changed {LEAVES} line 14 to 24 is not what was signed as of 2026-11-02T00:00:00Z"]),
    ("an entry and its hash are gone", both(lined(LEDGER, without(30)), lined(LEAVES, without(30))), [
        f"changed {LEAVES} line 26 to 36 is not what was signed as of 2026-11-03T00:00:00Z", f"missing {LEAVES} 1 of 37 lines",
        f"missing {LEDGER} entry 30"]),
    ("a head", lined(HEADS, line_as(1, lambda line: line.replace('"size":25', '"size":24'))), [f"changed {HEADS} head 1"]),
    ("a head is gone", lined(HEADS, without(1)), [f"missing {HEADS} head 1"]),
    ("two heads in a row are gone", lined(HEADS, without(1, 2)), [f"missing {HEADS} head 1 to 2"]),
    ("two heads change places", lined(HEADS, swapped(1, 2)), [f"reordered {HEADS} head 1 to 2"]),
    ("the last head is gone", lined(HEADS, without(3)), [f"missing {HEADS} head 3"]),
    ("the signature", jsoned(HEAD, lambda read: read.update(signature="00" * 64)), [NOT_LAST, UNSIGNED]),
    ("the size under the signature", jsoned(HEAD, lambda read: read.update(size=36)), [NOT_LAST, UNSIGNED]),
    ("an older head speaks", lambda pack: (pack / HEAD).write_text(json_text(json.loads((pack / HEADS).read_text().splitlines()[0]))) and None, [NOT_LAST]),
    ("the key", lambda pack: (pack / PEM).write_bytes(heads.pem(heads.public_key(OTHER))) and None, [f"changed {PEM} it is not the key that signed the head"]),
    ("all is signed anew with another key", resigned, [f"wrong_key {HEAD} it is signed with {heads.public_key(OTHER)[:16]}…, the key trusted is {KEY[:16]}…"]),
    ("an account's count", lined(ACCOUNTS, lambda lines: [line.replace('"size":49', '"size":48') for line in lines]), [f"changed {ACCOUNTS} line "]),
    ("an account is gone", lined(ACCOUNTS, lambda lines: [line for line in lines if '"dune"' not in line]), [f"missing {ACCOUNTS} line "]),
    ("two lines of accounts are gone", lined(ACCOUNTS, without(100, 101)), [f"missing {ACCOUNTS} line 100 to 101"]),
    ("two accounts change places", lined(ACCOUNTS, swapped(100, 900)), [f"reordered {ACCOUNTS} line 100, 900"]),
    ("an account has two trees", lined(ACCOUNTS, lambda lines: line_as(500, lambda _: next(line for line in lines if '"dune"' in line))(lines)),
     [f"changed {ACCOUNTS} line ", f'foreign {ACCOUNTS} account "dune" has 2 trees']),
    ("what the report is", jsoned(PROOF, lambda read: read.update(subject="2026-09")), [f"missing {LEDGER} the entry of this report"]),
    *[(f"{name} is gone", removed(name), [f"missing {name}"]) for name in (LEDGER, LEAVES, HEADS, HEAD, PEM, ACCOUNTS, PROOF)],
]  # fmt: skip
LINE = {"n": 49, "kind": "access"}
PAGE = "report.json"
OF_PAGE = [
    ("the manifest is gone", removed("manifest.json"), ["missing manifest.json"]),
    ("a file is a link", linked("report.html"), ["changed report.html it is a link"]),
    ("a word more in the proof", jsoned(PROOF, lambda read: read.update(checked="by us")), [f"changed {PROOF} {NOT_AS_WRITTEN}"]),
    ("a word more within the proof", jsoned(PROOF, lambda read: read["account"].update(checked="by us")), [f"changed {PROOF} {NOT_AS_WRITTEN}"]),
    ("blanks in the proof", lambda pack: (pack / PROOF).write_text(json.dumps(json.loads((pack / PROOF).read_text()))) and None, [f"changed {PROOF} {NOT_AS_WRITTEN}"]),
    ("a byte of the page", replaced("report.html", "October", "Oktober"), ["changed report.html"]),
    ("a line", jsoned(PAGE, lambda read: read["lines"][3].update(records=1)), [f"changed {PAGE}", f"changed {PAGE} line 4"]),
    ("a line is gone", jsoned(PAGE, lambda read: read["lines"].pop(3)), [f"changed {PAGE}", f"missing {PAGE} line 4"]),
    ("two lines in a row are gone", jsoned(PAGE, lambda read: read.update(lines=[*read["lines"][:3], *read["lines"][5:]])), [f"changed {PAGE}", f"missing {PAGE} line 4 to 5"]),
    ("two lines change places", jsoned(PAGE, lambda read: read["lines"].insert(3, read["lines"].pop(4))), [f"changed {PAGE}", f"reordered {PAGE} line 4 to 5"]),
    ("a line more", jsoned(PAGE, lambda read: read["lines"].append(LINE)), [f"changed {PAGE}", f"foreign {PAGE} 1 more"]),
    ("a line and all hashes of files",
     both(jsoned(PAGE, lambda read: read["lines"].pop()), rehashed), ["changed manifest.json", f"changed {PAGE}", f"missing {PAGE} line 49"]),
    ("a line and its hash", both(jsoned(PAGE, lambda read: read["lines"].pop()), jsoned(PROOF, lambda read: read["lines"].pop())),
     [f"changed {PAGE}", f"changed {PROOF} its 48 hashes are not the 49 lines that were sealed"]),
    ("the tree of the account", jsoned(PROOF, lambda read: read["account"]["cell"].update(size=48)),
     [f"changed {PROOF} its 49 hashes are not the 48 lines that were sealed", f"changed {PROOF} the account's tree is not the one that entry "]),
    ("another place in the tree", jsoned(PROOF, lambda read: read["account"].update(index=1)), [f"changed {PROOF} the account's tree is not the one that entry "]),
    ("the entry of the decisions", jsoned(PROOF, lambda read: read["entries"][0]["entry"].update(root=DIGIT)), [NOT_SEALED]),
    ("the entry of the page", jsoned(PROOF, lambda read: read["entries"][1]["entry"].update(outputs={})),
     [f"changed {PROOF} entry 37 is not in the ledger that the head speaks for", f"missing {PROOF} the entry of this report"]),
    ("a step of a proof", jsoned(PROOF, lambda read: read["entries"][0]["path"].pop()), [NOT_SEALED]),
    ("a line of the page", replaced("report.html", '<tr id="line-7">', "<tr>"), ["changed report.html", "changed report.html it shows 48 lines, 49 were sealed"]),
    ("the proof is none", added(PROOF, "[]"), [f"changed {PROOF} it is no proof of a customer's page"]),
    ("the signature", jsoned(HEAD, lambda read: read.update(signature="00" * 64)), [UNSIGNED]),
    ("the key", added(PEM, ""), [f"changed {PEM} it is not the key that signed the head"]),
    *[(f"{name} is gone", removed(name), [f"missing {name}"]) for name in (HEAD, PEM, PROOF)],
    ("a file of another customer", added("evidence/accounts.jsonl"), [f"missing {LEDGER}", f"missing {LEAVES}", f"missing {HEADS}"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), [case[1:] for case in OF_REPORT], ids=[case[0] for case in OF_REPORT])
def test_each_alteration_of_a_report_is_named(copies: tuple[Path, Path], change: Change, expected: list[str]) -> None:
    """An auditor who is told only that something is wrong has to search; one who is told what can ask."""
    change(copies[0])
    found = told(copies[0])
    assert found
    assert [any(said.startswith(words) for said in found) for words in expected] == [True] * len(expected), found
    assert len(found) == len(expected), found


@pytest.mark.parametrize(("change", "expected"), [case[1:] for case in OF_PAGE], ids=[case[0] for case in OF_PAGE])
def test_each_alteration_of_a_customers_page_is_named(copies: tuple[Path, Path], change: Change, expected: list[str]) -> None:
    """She checks alone, without the ledger and without anybody's word."""
    change(copies[1])
    found = told(copies[1])
    assert found
    assert [any(said.startswith(words) for said in found) for words in expected] == [True] * len(expected), found


@pytest.mark.parametrize("place", [0, 1])
def test_no_byte_of_the_evidence_can_be_another(copies: tuple[Path, Path], place: int) -> None:
    """What is not under a hash is compared with how it is written, so there is no room to say anything more; proofs for `--since` count with a head alone."""
    rng = Random(place)
    for path in sorted((copies[place] / "evidence").iterdir()):
        content = path.read_bytes()
        for at in sorted(rng.sample(range(len(content.partition(b'"since"')[0])), 6)):
            for altered in (content[:at] + b" " + content[at:], content[:at] + content[at + 1 :], content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]):
                path.write_bytes(altered)
                assert any(said.split()[1].startswith("evidence/") for said in told(copies[place])), (path.name, at)
        path.write_bytes(content)


def test_nothing_is_wrong_with_what_was_sealed(copies: tuple[Path, Path]) -> None:
    """An alarm that always rings tells nothing."""
    assert told(copies[0]) == told(copies[1]) == told(copies[0], None) == []
    assert len({case[0] for case in OF_REPORT} | {case[0] for case in OF_PAGE}) > 60


def test_a_ledger_that_was_rolled_back_is_told_from_a_head_that_was_kept(copies: tuple[Path, Path], tmp_path: Path) -> None:
    """Whoever holds the key can sign another past; who kept a head sees it."""
    kept = heads.read((copies[0] / HEAD).read_bytes())
    assert kept is not None
    assert told(copies[0], since=kept) == []
    other = tmp_path / "other"
    seal(other, 4, synthetic.month(30), day=1)
    shorter = seal(other, 7, synthetic.month(40), day=2)
    assert told(shorter) == []
    assert told(shorter, since=kept) == [f"rolled_back {HEAD} it ends with entry 24; the head that was kept ends with entry 36, as of 2026-11-03T00:00:00Z"]
    longer = seal(other, 40, synthetic.month(), day=4)
    assert told(longer, since=kept) == [f"rolled_back {HEAD} entries 0 to 36 are not those of the head that was kept, as of 2026-11-03T00:00:00Z"]


def test_a_head_that_was_kept_names_the_key_to_trust(packs: tuple[Path, Path], copies: tuple[Path, Path]) -> None:
    """Whoever holds a pack can add entries to its ledger and sign them with a key of his own: that continues every head, and must not pass for the vendor's."""
    kept = heads.read((packs[0] / HEAD).read_bytes())
    entries = (copies[0] / LEDGER).read_bytes()
    (copies[0] / LEDGER).write_bytes(entries + merkle.canonical({**json.loads(entries.splitlines()[-1]), "n": 37}) + b"\n")
    resigned(copies[0])
    assert told(copies[0], None) == []
    assert told(copies[0], None, kept) == [f"wrong_key {HEAD} it is signed with {heads.public_key(OTHER)[:16]}…, the key trusted is {KEY[:16]}…"]
    assert told(copies[0], heads.public_key(OTHER), kept) == []


def test_a_customer_tells_it_from_the_page_she_was_given_before(packs: tuple[Path, Path], copies: tuple[Path, Path], tmp_path: Path) -> None:
    """Her page carries the proof that its ledger continues those of her earlier pages; another ledger cannot carry it."""
    kept = [heads.read(line) for line in (packs[0].parents[1] / "evidence" / "heads.jsonl").read_bytes().splitlines()]
    assert [told(copies[1], since=head) for head in (kept[2], kept[4])] == [[], []]
    assert told(copies[1], since=kept[0]) == [
        f"missing {HEAD} no proof that it continues the head that was kept, which ends with entry 13; a page holds one for each earlier page of this customer"
    ]
    seal(tmp_path / "other", 9, synthetic.month(), "dune", day=1)
    other = seal(tmp_path / "other", 30, synthetic.month(9), "dune", day=3)
    assert told(other) == []
    assert [said.split()[0] for said in told(other, since=kept[2])] == ["missing"]
    assert [said.split()[0] for said in told(seal(tmp_path / "short", 1, synthetic.month(), "dune"), since=kept[4])] == ["rolled_back"]


def test_the_customers_page_tells_of_nobody_else(copies: tuple[Path, Path]) -> None:
    """Neither page nor proof holds another customer's id, and the trees of few and of many customers have one size."""
    for path in copies[1].rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert not any(other and other != "dune" and f'"{other}"' in text for other in synthetic.ACCOUNTS), path.name
    proof = json.loads((copies[1] / PROOF).read_text())
    assert proof["entries"][0]["entry"]["leaves"] == 1024
    assert len(proof["account"]["path"]) == 10


def test_without_the_salt_a_hash_tells_nothing(packs: tuple[Path, Path], tmp_path: Path) -> None:
    """The same line of two customers, or of two HOMEs, has two hashes; an account's leaf cannot be guessed from its name."""
    cells = [json.loads(line)["cell"] for line in (packs[0] / ACCOUNTS).read_text().splitlines()]
    salts = [cell["salt"] for cell in cells]
    assert len(set(salts)) == len(salts) == 1024
    assert len({cell_leaf(cell) for cell in cells}) == 1024
    assert {len(salt) for salt in salts} == {32}


def test_a_page_of_few_lines_is_sealed_too(tmp_path: Path) -> None:
    """Nobody looked is an answer that wants a proof more than any other."""
    page = seal(tmp_path, 1, synthetic.month(0), "elm-and-oak")
    found = verify(page, KEY)
    assert (found.lines, found.faults) == (0, ())


def test_sealing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    """Same input, same key: same bytes, also of the evidence, and no head more."""
    for _ in range(2):
        pages = [seal(tmp_path, 3, synthetic.month(9), account) for account in (None, "dune")]
        files = {path: path.read_bytes() for page in pages for path in page.rglob("*") if path.is_file()}
        size = opened(tmp_path).size
    for account in (None, "dune"):
        seal(tmp_path, 3, synthetic.month(9), account)
    assert {path: path.read_bytes() for path in files} == files
    assert opened(tmp_path).size == size


def test_a_folder_without_a_manifest_is_no_pack(tmp_path: Path) -> None:
    """The next step is named."""
    with pytest.raises(UsageError, match=r"HOME/reports"):
        verify(tmp_path)
