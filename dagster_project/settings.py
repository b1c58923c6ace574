"""glasshouse.toml as typed, validated values; a run without the file has every default."""

import hashlib
import ipaddress
import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from dagster_project.zones import is_zone

AccountRule = Literal["log", "host", "path", "user"]
AccessFormat = Literal["native", "pgaudit", "cloudtrail", "google", "teleport", "salesforce", "okta", "zendesk", "github", "ocsf", "json"]
TOLD = ("account_id", "record_class", "record_id", "action", "purpose", "case_id")
COLUMNS = (
    "event_id", "actor", "occurred_at", "source", "account_id", "record_class", "record_id", "record_ids", "action", "content", "purpose", "case_id",
    "observed_at", "rows", "bytes", "outcome", "started_at", "ended_at", "request_id",
)  # fmt: skip
Share = Annotated[float, Field(ge=0, le=1)]


def _zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError("no such time zone")
    return name


def _proxy(entry: str) -> str:
    try:
        if entry not in {"unix:", "localhost"}:
            ipaddress.ip_network(entry, strict=False)
    except ValueError:
        raise ValueError("write an address, a network (192.0.2.0/24), unix: or localhost") from None
    return entry


def _account_pattern(pattern: str) -> str:
    if "{account}" not in pattern.split("/"):
        raise ValueError("write {account} as a whole segment: /accounts/{account}")
    return pattern


def _account_folder(pattern: str) -> str:
    *above, last = pattern.split("/")
    if last != "{account}" or any(part != "*" for part in above):
        raise ValueError("write {account} as the last folder, and * for each above it: */{account}")
    return pattern


def _passwordless(connection: str) -> str:
    if re.search(r"password\s*=|://[^/@]*:[^/@]*@", connection, re.IGNORECASE):
        raise ValueError("no password here; put it into ~/.pgpass, a service file or PGPASSWORD")
    return connection


class Section(BaseModel):
    """A table of glasshouse.toml: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Promises(Section):
    """Which promises are proven."""

    policies: tuple[str, ...] = Field(("clientrunner",), description="Promise sets: `clientrunner`, `clientexec`, or the path of a file of the same shape.")
    not_applicable: dict[str, str] = Field({}, description="Promises switched off, each with the reason that the report prints.")


class RecordClasses(Section):
    """Which record classes are which; a class that is not listed counts as business."""

    company: tuple[str, ...] = Field(("company_info", "company_contact"), description="Classes of company information (CR-1).")
    personal: tuple[str, ...] = Field(("person", "employee"), description="Classes of personal and employee records (CR-2).")
    business: tuple[str, ...] = Field((), description="Classes of business records (CR-3); any other class counts as one too.")


class Accounts(Section):
    """How the account of a request is found."""

    rules: tuple[AccountRule, ...] = Field(("log", "host", "path", "user"), description="Rules in order; the first that names an account decides.")
    path_patterns: tuple[Annotated[str, AfterValidator(_account_pattern)], ...] = Field(
        ("/accounts/{account}",), description="Path prefixes with `{account}` where the account id stands."
    )


class Site(Section):
    """What is known of one site."""

    own_hosts: tuple[str, ...] = Field((), description="Host names of the site; any other is stored as `[other]`.")
    trusted_proxies: tuple[Annotated[str, AfterValidator(_proxy)], ...] = Field((), description="Addresses or networks, `unix:` or `localhost`, whose X-Forwarded-For is believed.")
    client_headers: tuple[str, ...] = Field(
        (), description="Headers that name the client (CF-Connecting-IP, …), the best first: believed of a trusted proxy, where the format of the log holds them; none is guessed."
    )
    routes: tuple[str, ...] = Field((), description="Declared routes, `{name}` for a segment that varies: `/jobs/{job}`.")
    vocabulary: tuple[str, ...] = Field((), description="Path segments that may be shown as they are.")
    query: dict[str, tuple[str, ...] | Literal["count"]] = Field({}, description="Query names that are kept: their allowed values, or `count` for 1, 2–5, 6+.")


class Sites(Section):
    """Defaults for every site, and `[sites.<name>]` for one."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    default: Site = Field(Site(), description="Keys of `[sites]` itself: they hold for every site that has no table of its own.")
    by_name: dict[str, Site] = Field({}, description="`[sites.<name>]`: the site of that name.")

    @model_validator(mode="before")
    @classmethod
    def _split(cls, table: Any) -> Any:
        if not isinstance(table, dict) or set(table) <= {"default", "by_name"}:
            return table
        default = {key: value for key, value in table.items() if key in Site.model_fields}
        return {"default": default, "by_name": {key: {**default, **value} if isinstance(value, dict) else value for key, value in table.items() if key not in default}}

    def of(self, name: str) -> Site:
        """Return what is known of a site."""
        return self.by_name.get(name, self.default)


def _record_pattern(pattern: str) -> str:
    named = re.findall(r"\{([^{}]*)\}", pattern)
    if re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", pattern)) or set(named) - set(TOLD) or len(named) != len(set(named)):
        raise ValueError(f"write each of {', '.join(f'{{{name}}}' for name in TOLD)} at most once, and * for anything")
    return pattern


def _told(names: dict[str, str]) -> dict[str, str]:
    if unknown := set(names) - {*TOLD, "content"}:
        raise ValueError(f"{min(unknown)} cannot be given; there are {', '.join((*TOLD, 'content'))}")
    return names


def _columns(fields: dict[str, Any]) -> dict[str, Any]:
    if unknown := set(fields) - set(COLUMNS):
        raise ValueError(f"{min(unknown)} is no column of an access event; there are {', '.join(COLUMNS)}")
    return fields


Pattern = Annotated[str, AfterValidator(_record_pattern)]


class RecordRule(Section):
    """How the account and the record stand in fields of an entry."""

    where: dict[str, Pattern] = Field(min_length=1, description="Pattern of each field, which must fit whole: `{account_id}` takes what stands there up to `/`, `*` fits anything.")
    gives: Annotated[dict[str, str], AfterValidator(_told)] = Field({}, description='What an entry that fits means beyond that: `record_class = "invoice"`.')


class Source(Section):
    """How a source of access events is read and how far it is to be trusted; the ledger `sources/` goes before it."""

    time_zone: Annotated[str, AfterValidator(_zone)] | None = Field(None, description="IANA zone of stamps that carry none.")
    clock_skew_s: float = Field(0, ge=0, description="How far its clock may be off, seconds.")
    whole_seconds: bool | None = Field(None, description="Its stamps stand for a whole second; without it as its form has it (CloudTrail, Zendesk).")
    watermark: AwareDatetime | None = Field(None, description="How far it has been read; without it, up to the as-of.")
    allowed_lateness_s: int = Field(0, ge=0, description="How long events may still come, seconds.")
    format: AccessFormat | None = Field(None, description="Form of its files; without it told by the folder's name or the content.")
    fields: Annotated[dict[str, tuple[str, ...] | str], AfterValidator(_columns)] = Field({}, description='Field of each column, or several: `actor = "user.email"`.')
    records: tuple[RecordRule, ...] = Field((), description="Rules for account and record; the first whose fields all fit decides.")
    accesses: tuple[dict[str, Pattern], ...] = Field((), description="Which entries are accesses, by patterns of their fields; without it by the rules of the form.")
    denied: tuple[str, ...] = Field((), description="What the field of `outcome` says of a denied attempt.")
    log_line_prefix: str | None = Field(None, description="PostgreSQL's setting of that name, for a server log in text (pgAudit); without it a usual one that the lines fit.")


class Table(Section):
    """A database table of customers' records."""

    record_class: str | None = Field(None, description="Class of its records.")
    account_column: str | None = Field(None, description="Column that names the account; without it no statement tells whose records it touched.")
    record_column: str | None = Field(None, description="Column of the record id.")
    plain_columns: tuple[str, ...] = Field((), description="Columns that tell nothing of the content: counts and sizes may be filtered and grouped by them.")


class Access(Section):
    """How accesses are told from statements and requests."""

    tables: dict[str, Table] = Field({}, description='`[access.tables.<name>]`: a database table, `invoices` in any schema or `"public.invoices"`.')
    other_tables: tuple[str, ...] = Field(
        (), description="Tables without customers' records; any table that is neither here nor declared counts as records of an unknown customer."
    )
    customer_record_routes: tuple[str, ...] = Field((), description="Routes that show customer records: a staff request there needs an access event.")
    dark_access_within_s: int = Field(60, ge=0, description="How near that access event must be, seconds.")


class Store(Section):
    """A record store outside the landing folder."""

    kind: Literal["parquet", "objects", "postgres"] = Field("parquet", description="Kind of store: Parquet files, objects of any form (attachments), or a table of PostgreSQL.")
    record_class: str = Field(description="Class of its records.")
    path: str = Field("", description="parquet, objects: folder or file, relative to the settings file, or `s3://bucket/prefix`.")
    endpoint: str | None = Field(None, description="S3 elsewhere than at Amazon: `https://host:port`.")
    region: str | None = Field(None, description="Region of the bucket.")
    account_column: str = Field("account_id", description="parquet, postgres: column that names the account.")
    account_folder: Annotated[str, AfterValidator(_account_folder)] = Field(
        "{account}", description="objects: which folder below `path` names the account: `{account}`, `*/{account}`."
    )
    connection: Annotated[str, AfterValidator(_passwordless)] = Field(
        "", description="postgres: connection string, `postgresql://meter@host/database` or `service=meter`, without a password."
    )
    table: Annotated[str, Field(pattern=r"^([^.]+\.[^.]+)?$")] = Field("", description="postgres: table, `schema.table`.")
    size_column: str = Field("size_bytes", description="postgres: column that the database generates, the size of a record.")
    content_columns: tuple[Annotated[str, Field(pattern=r"^[^:]+(::(text|bytea))?$")], ...] = Field(
        (), description="postgres: columns that make the size, `body` or `answers::text`; `meter init-postgres` writes them into its SQL."
    )

    @model_validator(mode="after")
    def _is_found(self) -> Self:
        missing = [key for key in (("connection", "table") if self.kind == "postgres" else ("path",)) if not getattr(self, key)]
        if missing:
            raise ValueError(f"a store of kind {self.kind} needs {' and '.join(missing)}")
        return self


class Thresholds(Section):
    """Where small becomes personal, which can only be raised; and how much of a file may be refused."""

    k_visitors: int = Field(10, ge=10, description="Fewest visitors of a published cell.")
    k_accounts: int = Field(5, ge=5, description="Fewest accounts of a published cell across accounts; not in use, since no published table spans accounts.")
    min_seats: int = Field(5, ge=5, description="Fewest visitors of an account whose behaviour is shown.")
    literal_visitors: int = Field(20, ge=20, description="Fewest visitors of a path that is shown as it is.")
    literal_accounts: int = Field(10, ge=10, description="Fewest accounts of such a path, on a site with accounts.")
    quarantine_warn: Share = Field(0.001, description="Share of refused lines above which a file is warned about (from 1,000 lines).")
    quarantine_refuse: Share = Field(0.05, description="Share of refused lines above which a file is refused (from 1,000 lines, and before its end where a million of them are).")


class Keys(Section):
    """Where day keys live and for how long."""

    directory: str | None = Field(None, description="Key directory, outside HOME and any work tree; by default below `${XDG_STATE_HOME:-~/.local/state}/glasshouse/keys`.")
    keep_hours: int = Field(48, ge=24, le=96, description="Hours after a day's begin at which its key is destroyed.")


class Retention(Section):
    """How long what is kept; `glasshouse purge` removes the rest. What comes of logs can only be kept for less time, ledgers for less or more."""

    quarantine_days: int = Field(30, ge=1, le=30, description="Days the index of refused lines is kept after their input was read.")
    request_days: int = Field(7, ge=1, le=7, description="Days request rows, without tokens, are kept after their day was sealed.")
    published_months: int = Field(25, ge=1, le=25, description="UTC months that measured tables are kept, the running one included.")
    ledger_years: int = Field(7, ge=1, le=100, description="Years that ledgers, access events, findings and reports are kept.")


class Limits(Section):
    """Limits of the service."""

    records: dict[str, Annotated[int, Field(gt=0)]] = Field({}, description="Most records of a class that an account may hold.")


class Reports(Section):
    """Where reports go."""

    name_staff: bool = Field(True, description="Whether reports and customers' pages name staff; if not, numbers stand for them, in the order of their first access.")
    export_dir: str | None = Field(None, pattern=r"^[/~]", description="Folder to which each report is copied, from the root (`/`) or from the user's own (`~`).")


class Settings(Section):
    """All of glasshouse.toml."""

    promises: Promises = Promises()
    record_classes: RecordClasses = RecordClasses()
    accounts: Accounts = Accounts()
    sites: Sites = Sites()
    formats: dict[str, str] = Field(
        {}, description='Format of a folder, `"web_logs/shop" = "nginx:<log_format>"`, or a name, `apache:…`, `json:…`; without it the format is detected.'
    )
    sources: dict[str, Source] = Field({}, description="`[sources.<name>]`: a source of access events.")
    access: Access = Access()
    stores: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")], Store] = Field({}, description="`[stores.<name>]`: a record store outside the landing folder.")
    thresholds: Thresholds = Thresholds()
    keys: Keys = Keys()
    retention: Retention = Retention()
    limits: Limits = Limits()
    reports: Reports = Reports()

    def sha256(self) -> str:
        """Return the hash of every value in force, defaults included."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
