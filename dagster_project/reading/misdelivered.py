"""What a file seems to be that has not the form its name says, so that its refusal tells how to deliver it; nothing here quotes a line."""

import re
from codecs import BOM_UTF8
from collections.abc import Collection, Iterable, Sequence

HEAD_BYTES = 1 << 14
_HEAD_LINES = 30
_NOT_UTF8 = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
_CONTAINERS = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "a ZIP archive, as .xlsx and .ods are",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"Obj\x01": "Avro",
    b"ORC": "ORC",
    b"SQLite format 3": "a database",
    b"<": "HTML or XML",
}
_ADVICE = {
    "csv": "export it as CSV in UTF-8, with commas between the cells",
    "jsonl": "write one JSON object a line, in UTF-8",
    "table": "deliver it as JSON, CSV or Parquet, text in UTF-8",
}
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_ALONE = re.compile(rb"\r(?!\n)")


def fault(first: bytes, kind: str) -> str | None:
    """Return what refuses a file of a kind, by its first bytes; None where it may be that.

    `csv` and `jsonl` are what it is called, a `table` is what has turned out not to be JSON.
    """
    text = first.removeprefix(BOM_UTF8).lstrip()
    if first.startswith(_NOT_UTF8) or first[:2].count(0) == 1:
        return f"it is UTF-16 or UTF-32; {_ADVICE[kind]}"
    for mark, what in _CONTAINERS.items():
        if text.startswith(mark):
            return f"it holds {what}; {_ADVICE[kind]}"
    if kind == "jsonl":
        return f"it holds one JSON list; {_ADVICE[kind]}, without brackets and commas around them" if text.startswith(b"[") else None
    if text[:1] in (b"{", b"["):
        return f"it holds JSON; name it .jsonl, and {_ADVICE['jsonl']}"
    if b"\n" not in first and _ALONE.search(first.rstrip()):
        return "its lines end in a carriage return alone; end them with a line feed"
    return f"its cells are separated by {called}; write commas" if kind == "table" and (called := _other_separator(text)) else None


def _other_separator(text: bytes) -> str | None:
    """Return what separates the cells of the first line where no comma does."""
    line = text.split(b"\n", 1)[0]
    return next((called for sign, called in _SEPARATORS.items() if sign.encode() in line), None) if b"," not in line else None


def header_hint(first: bytes, required: Collection[str]) -> str | None:
    """Return how a CSV file that lacks required columns has them all the same: below a title, with other separators, in other letters."""
    lines = first.removeprefix(BOM_UTF8).decode("utf-8", "replace").splitlines()[:_HEAD_LINES]
    for number, line in enumerate(lines, 1):
        for separator, called in _SEPARATORS.items():
            names = [cell.strip(' "') for cell in line.split(separator)]
            if has_folded(names, required):
                wrong = [f"line {number} names them, which must be the first"] if number > 1 else []
                wrong += [f"they are separated by {called}; write commas"] if separator != "," else []
                return "; ".join([*wrong, *names_hint(names, required)])
    return None


def names_hint(names: Collection[str], required: Collection[str]) -> Sequence[str]:
    """Return what to say of names that are the required ones but for their letters; nothing where they are not, or are quite the same."""
    if set(required) <= set(names) or not has_folded(names, required):
        return ()
    return (f"names are in lower case, with _ for a blank: {', '.join(required)}",)


def has_folded(names: Iterable[str], required: Collection[str]) -> bool:
    """Tell whether the required names are among others, whatever their letters and blanks."""
    return {folded(name) for name in required} <= {folded(name) for name in names}


def folded(name: str) -> str:
    """Return a name without what exporters change in it: capitals, blanks and marks between words."""
    return re.sub(r"[\W_]", "", name).lower()
