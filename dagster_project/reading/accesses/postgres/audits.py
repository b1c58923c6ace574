"""pgAudit's entries: each split into its fields (pgAudit's README, "Format"), and those of one part of a statement gathered."""

import re
from collections import Counter
from dataclasses import dataclass, field
from sys import intern

from dagster_project.reading.accesses.postgres.server_entries import Entry, cells_of
from dagster_project.reading.accesses.statements.tables import unqualified

NOT_LOGGED, PREVIOUSLY, NONE, TOO_LONG = "<not logged>", "<previously logged>", "<none>", "<long param suppressed>"
UNNAMED = "???"  # for what needs no privilege of its own: a partition beside its table, and `merge` where relations are not logged
FIELDS = (9, 10)  # the tenth with pgaudit.log_rows

_KINDS = {
    "BEGIN": "transaction", "COMMIT": "transaction", "ROLLBACK": "transaction", "START TRANSACTION": "transaction", "SAVEPOINT": "transaction", "RELEASE": "transaction",
    "PREPARE TRANSACTION": "transaction", "COMMIT PREPARED": "transaction", "ROLLBACK PREPARED": "transaction", "ROLLBACK TO": "transaction", "SET": "setting", "RESET": "setting",
    "SHOW": "setting", "DISCARD ALL": "setting", "SET CONSTRAINTS": "setting", "ALTER SYSTEM": "setting", "FETCH": "cursor", "MOVE": "cursor", "CLOSE CURSOR": "cursor",
    "CLOSE CURSOR ALL": "cursor", "PREPARE": "prepared_statement", "EXECUTE": "prepared_statement", "DEALLOCATE": "prepared_statement", "DEALLOCATE ALL": "prepared_statement",
}  # fmt: skip
_CLASSES = {"DDL": "schema_change", "ROLE": "role_change", "FUNCTION": "function_call", "MISC": "maintenance", "MISC_SET": "setting"}
_TWINS = frozenset({"COPY", "COPY FROM", "COPY TO", "DECLARE CURSOR", "EXPLAIN"})  # beside the query that they run, where that is logged, too
_RELATIONS = frozenset({"TABLE", "FOREIGN TABLE", "PARTITIONED TABLE", "MATERIALIZED VIEW", "VIEW"})

_READS = ("READ", "WRITE")  # the classes of what reads or writes rows

_NAME = re.compile(r'"((?:[^"]|"")*)"|([^".]+)')

Key = tuple[str, int, int]  # session, statement, part of it


@dataclass(frozen=True, slots=True)
class Audit:
    """One entry of pgAudit, its fields taken apart."""

    entry: Entry
    kind: str  # SESSION or OBJECT
    statement_id: int
    part: int
    of_class: str
    command: str
    object_type: str
    object_name: str
    statement: str
    parameter: str
    rows: int | None

    def names_relation(self) -> bool:
        """Tell whether it names a table or view that a session read or wrote: relations are logged there."""
        return self.kind == "SESSION" and self.of_class in _READS and self.object_type in _RELATIONS


@dataclass(slots=True)
class Part:
    """All entries of one part of a statement: one for each table of it, or for the session and the object."""

    session: str
    audits: list[Audit] = field(default_factory=list)

    @property
    def first(self) -> Audit:
        """Return the entry that stands for all."""
        return self.audits[0]

    @property
    def name(self) -> str:
        """Return the numbers of the statement and of the part."""
        return f"{self.first.statement_id}.{self.first.part}"

    def is_access(self) -> bool:
        """Tell whether it reads or writes."""
        return any((audit.of_class in _READS or audit.command == UNNAMED) and audit.command != "PREPARE" for audit in self.audits)

    def is_twin(self) -> bool:
        """Tell whether the query that this part runs may be logged by itself as well."""
        return self.command in _TWINS

    def other(self) -> str:
        """Return the name under which a part that is no access is counted."""
        by_class = _CLASSES.get(self.first.of_class, "maintenance")
        return by_class if self.first.of_class == "FUNCTION" else _KINDS.get(self.first.command) or by_class  # a function is executed, as a prepared statement is

    @property
    def command(self) -> str:
        """Return the command of the first entry that reads or writes rows, else of the first entry."""
        return next((audit.command for audit in self.audits if audit.of_class in _READS), self.first.command)

    @property
    def statement(self) -> str | None:
        """Return the text of the statement, None where it is not logged."""
        return next((audit.statement for audit in self.audits if audit.statement not in (PREVIOUSLY, NOT_LOGGED)), None)

    @property
    def parameters(self) -> tuple[str, ...] | None:
        """Return the values of $1, $2, …, an empty one where it was too long; None where they are not logged."""
        return parameters_of(next((audit.parameter for audit in self.audits if audit.parameter != PREVIOUSLY), NOT_LOGGED))

    @property
    def rows(self) -> int | None:
        """Return the number of rows returned or changed, None where it is not logged."""
        return max((audit.rows for audit in self.audits if audit.rows is not None), default=None)

    def may_have(self, audit: Audit) -> bool:
        """Tell whether an entry can be of this part: all of them have the same text and the same parameters, where these are told."""
        every = (*self.audits, audit)
        texts, parameters = {each.statement for each in every}, {each.parameter for each in every}
        return len(texts - {PREVIOUSLY}) < 2 and len(parameters - {PREVIOUSLY}) < 2

    def relations(self) -> dict[str, str]:
        """Return the tables and views that pgAudit names, each with its kind; of a table with partitions the table alone."""
        named = [audit for audit in self.audits if audit.object_type in _RELATIONS and audit.object_name]
        return {_unquoted(audit.object_name): audit.object_type for audit in [audit for audit in named if audit.of_class in _READS] or named}

    def functions(self) -> set[str]:
        """Return the functions that pgAudit names, without their schemas."""
        return {unqualified(_unquoted(audit.object_name)) for audit in self.audits if audit.object_type == "FUNCTION"}

    def times(self) -> Counter[str]:
        """Return how often the session's entries name each table, whatever its schema; empty where relations are not logged."""
        return Counter(unqualified(_unquoted(audit.object_name)) for audit in self.audits if audit.names_relation())


def _unquoted(name: str) -> str:
    """Return a name as it is, which pgAudit quotes where it is another word's, or not all in lower case."""
    return ".".join(quoted.replace('""', '"') if quoted else plain for quoted, plain in _NAME.findall(name))


def parameters_of(told: str) -> tuple[str, ...] | None:
    """Return the values in pgAudit's field of parameters, an empty one where it was too long; None where they are not logged."""
    if told == NONE:
        return ()
    return None if told.startswith("<") and told.endswith(">") and told != TOO_LONG else tuple("" if cell == TOO_LONG else cell for cell in cells_of(told) or [told])


def taken_apart(entry: Entry, message: str) -> Audit | None:
    """Return the fields behind the mark of an entry; None where they are not its fields."""
    cells = cells_of(message)
    if len(cells) not in FIELDS:
        return None
    kind, statement_id, part, of_class, command, object_type, object_name = map(intern, cells[:7])
    statement, parameter = cells[7:9]
    try:
        rows = int(cells[9]) if len(cells) > 9 and cells[9] else None
        return Audit(entry, kind, int(statement_id), int(part), of_class, command, object_type, object_name, statement, parameter, rows)
    except ValueError:
        return None
