"""Strips the heads of syslog and of containers from the lines of a server log, and joins the parts in which a message was sent.

PostgreSQL sends syslog a message line by line, longer lines in parts, numbered unless configured otherwise (its manual, "syslog_sequence_numbers").
"""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from dagster_project.reading.accesses.postgres.server_entries import Line, joined
from dagster_project.reading.logs.carried import HEAD

Starts = Callable[[bytes], str | None]  # the severity of the entry that a text begins, empty where the form has none; None: it begins no entry
MOST_HEADS = 4
MOST_MESSAGES = 10_000  # that are put together at a time: what is sent in parts comes within so many
BELONGS = frozenset({"DETAIL", "HINT", "QUERY", "CONTEXT", "LOCATION", "STATEMENT", "BACKTRACE"})
_CONTAINER = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) (stdout|stderr) ([FP])(?::\S*)? ")
_OCTETS = re.compile(r"\d{1,7} (?=<\d{1,3}>)")  # RFC 6587, section 3.4.1
_ZONED = re.compile(r"\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)")
_STAMPS = re.compile(rf"^<\d+>(?:1 )?|{_ZONED.pattern}|^\w{{3}} [ \d]\d (?:\d{{4}} )?[\d:.,]+|\d{{4}}-\d\d-\d\d [\d:.,]+|\[[^\]]*=.*")
_PROCESS = re.compile(r"\[(?:[a-z]+\.)?(\d+)\]:? ?$|^ ?\S+ \S+ (?:[a-z]+\.)?(\d+) ")
_NUMBER = re.compile(rb"(?:\[[A-Z0-9_]+\] )?\[(\d+)-(\d+)\] ")  # behind the name of a database, as Heroku has it
_ESCAPED = re.compile(rb"--[^\n]*|'[^']*'|#011")  # a tab as syslog writes it; within quotes it may be a value
_MARK = re.compile(rb"AUDIT: (?:SESSION|OBJECT),")


def process(writer: str) -> str:
    """Return the process id in a head, empty where there is none."""
    found = _PROCESS.search(writer)
    return (found[1] or found[2]) if found else ""


def without_heads(lines: Iterable[Line], sample: Sequence[Line], starts: Starts) -> Iterable[Line]:
    """Return lines without their heads, messages put together; how many heads each line has, and which programs are servers, is inferred from `sample`."""
    depth = _depth(sample, starts)
    return _messages(_unsplit(lines, depth), _unsplit(sample, depth), starts) if depth else lines


def behind_heads(lines: Iterable[Line], starts: Starts) -> list[bytes]:
    """Return the texts behind the heads of some lines."""
    several = list(lines)
    depth = _depth(several, starts)
    return [_bare(line.text) if depth else line.text for line in _unsplit(several, depth)]


def _depth(sample: Iterable[Line], starts: Starts) -> int:
    found = Counter[int]()
    for line in sample:
        text = line.text
        for depth in range(MOST_HEADS + 1):
            if starts(_bare(text)) is not None:
                found[depth] += 1
                break
            head = _head(text)
            if not head:
                break
            text = text[len(head.encode("utf-8", "surrogateescape")) :]
    return max(sorted(found), key=lambda depth: found[depth], default=0)


def _bare(text: bytes) -> bytes:
    number = _NUMBER.match(text)
    return text[number.end() :] if number else text


def _head(text: bytes) -> str:
    written = text.decode("utf-8", "surrogateescape")
    found = _OCTETS.match(written) or _CONTAINER.match(written) or HEAD.match(written)
    return found[0] if found else ""


def _unsplit(lines: Iterable[Line], depth: int) -> Iterator[Line]:
    """Take heads off, and put together what a container's log holds in parts of 16 KiB."""
    writer = ""
    parts: dict[str, list[Line]] = {}
    for line in lines:
        bare, is_part = _stripped(line, depth)
        if not bare.writer and bare.text.startswith(b"\t"):  # it goes on behind one head for all
            bare = replace(bare, writer=writer)
        before = parts.setdefault(bare.writer, [])
        before.append(bare)
        if not is_part:
            writer = bare.writer
            yield joined(parts.pop(writer))
    yield from (replace(joined(rest), is_whole=False) for rest in parts.values())


def _stripped(line: Line, depth: int) -> tuple[Line, bool]:
    text, stamp, writer, is_part = line.text, line.stamp, line.writer, False
    for _ in range(depth):
        head = _head(text)
        if not head:
            break
        container = _CONTAINER.match(head)
        is_part = is_part or (container is not None and container[2] == "P")
        stamp = zoned[0] if (zoned := _ZONED.search(head)) else stamp
        writer = container[1] if container else _STAMPS.sub("", head)
        text = text[len(head.encode("utf-8", "surrogateescape")) :]
    return replace(line, text=text, stamp=stamp, writer=writer), is_part


def _messages(lines: Iterable[Line], sample: Iterable[Line], starts: Starts) -> Iterator[Line]:
    messages = _Messages(starts)
    for line in sample:
        messages.look_at(line)
    for line in lines:
        messages.add(line)
        yield from messages.finished()
    yield from messages.rest()


@dataclass
class _Message:
    """The lines of one message: its own, and what belongs to it; `parts` of the last one."""

    writer: str
    number: int | None
    next_part: int
    lines: list[list[Line]] = field(default_factory=list)
    is_whole: bool = True


class _Messages:
    """Puts the parts of messages together, those of each writer for itself, and gives them in the order in which they begin."""

    def __init__(self, starts: Starts) -> None:
        self._starts = starts
        self._every: deque[_Message] = deque()
        self._open: dict[str, _Message] = {}
        self._servers: set[str] = set()

    def add(self, line: Line) -> None:
        """Add a line without heads."""
        found = _NUMBER.match(line.text)
        number, part = (int(found[1]), int(found[2])) if found else (None, 1)
        severity = self.look_at(line)
        bare = replace(line, text=_bare(line.text))
        message = self._open.get(line.writer)
        if found:
            self._numbered(message, bare, severity, number, part)
        elif message is None or not process(line.writer) or (severity is not None and severity not in BELONGS):
            self._begin(bare, None)
        elif severity is not None:
            message.lines.append([bare])
        else:
            message.lines[-1].append(bare)

    def look_at(self, line: Line) -> str | None:
        """Note whether a line shows that its program is a server; return its severity."""
        text = _bare(line.text)
        severity = self._starts(text)
        if severity is not None or _MARK.search(text):
            self._servers.add(_program(line.writer))
        return severity

    def _numbered(self, message: _Message | None, line: Line, severity: str | None, number: int | None, part: int) -> None:
        if part == 1 or message is None or message.number != number:
            self._begin(line, number, part)
            return
        message.is_whole = message.is_whole and message.next_part == part
        message.next_part = part + 1
        if severity is None:
            message.lines[-1].append(line)
        else:
            message.lines.append([line])

    def _begin(self, line: Line, number: int | None, part: int = 1) -> None:
        message = _Message(line.writer, number, part + 1, [[line]], part == 1)
        self._open[line.writer] = message
        self._every.append(message)

    def finished(self) -> Iterator[Line]:
        """Yield the lines of the first messages, as long as they are followed by another of their writer or by many of others."""
        while self._every and (self._open[self._every[0].writer] is not self._every[0] or len(self._every) > MOST_MESSAGES):
            yield from self._first()

    def rest(self) -> Iterator[Line]:
        """Yield the lines of all messages that are left, at the end of the log."""
        while self._every:
            yield from self._first()

    def _first(self) -> Iterator[Line]:
        message = self._every.popleft()
        if self._open[message.writer] is message:
            del self._open[message.writer]
        for parts in message.lines:
            is_whole = message.is_whole and all(part.is_whole for part in parts)
            yield replace(_put_together(parts), is_whole=is_whole, is_foreign=_program(message.writer) not in self._servers)


def _put_together(parts: Sequence[Line]) -> Line:
    """Return one line: what begins with a tab is a line of the message, anything else goes on where the part before was cut."""
    if not process(parts[0].writer):  # no syslog
        return joined(parts)
    texts = [parts[0].text]
    for part in parts[1:]:
        is_line = part.text.startswith((b"\t", b"#011"))
        texts.append(b"\n" + part.text.removeprefix(b"#011" if part.text.startswith(b"#") else b"\t") if is_line else part.text)
    text = b"".join(texts).replace(b"#012#011", b"\n")
    return replace(joined(parts), text=_ESCAPED.sub(lambda found: b"\t" if found[0] == b"#011" else found[0], text))


def _program(writer: str) -> str:
    return re.sub(r"\d+", "", writer)
