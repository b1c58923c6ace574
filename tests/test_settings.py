"""glasshouse.toml: what it may say, what it means, and that whatever is wrong is named by key and line, never by value."""

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from dagster_project.engines import catalog
from dagster_project.errors import SettingsError
from dagster_project.settings import Section, Settings, Site, Source, Store
from dagster_project.settings_file import keep, kept, load
from tests.write_docs import pages


def written(tmp_path: Path, text: str) -> Path:
    """Write a settings file."""
    path = tmp_path / "glasshouse.toml"
    path.write_text(text, encoding="utf-8")
    return path


def keys() -> Iterator[tuple[str, FieldInfo]]:
    """Yield every key of every table of the file."""
    sections = [field.annotation for field in Settings.model_fields.values()]
    for section in [*sections, Site, Source, Store]:
        if isinstance(section, type) and issubclass(section, Section):
            yield from ((f"{section.__name__}.{name}", field) for name, field in section.model_fields.items())


@pytest.mark.parametrize(("name", "field"), list(keys()), ids=[name for name, _ in keys()])
def test_every_key_has_a_meaning_and_a_default(name: str, field: FieldInfo) -> None:
    """A run without a file works, so only a declared store, which nobody can guess, may demand a key."""
    assert field.description
    assert field.description.endswith(".")
    assert field.is_required() == (name == "Store.record_class")


def test_the_documented_file_is_the_default(tmp_path: Path) -> None:
    """Whoever copies the page and changes one line changes one line."""
    documented = re.search(r"^```toml\n(.*?)^```", pages()["settings.md"], re.MULTILINE | re.DOTALL)
    assert documented is not None
    assert load(written(tmp_path, documented[1])) == Settings() == load(None)
    assert set(tomllib.loads(documented[1])) == set(Settings.model_fields)


def test_the_sample_settings_are_read() -> None:
    """The demo's file is the example that most will start from."""
    read = load(catalog.root() / "data_samples" / "glasshouse.toml")
    assert read.sites.of("service").trusted_proxies == ("192.0.2.0/28",)
    assert read.limits.records == {"job": 400, "task": 300}


def test_a_site_takes_what_it_does_not_say_from_all_sites(tmp_path: Path) -> None:
    """A proxy that is declared once must be trusted on every site, or its address would pass for every visitor's."""
    read = load(written(tmp_path, '[sites]\ntrusted_proxies = ["192.0.2.1"]\nown_hosts = ["www.example.com"]\n[sites.shop]\nown_hosts = ["shop.example.com"]\n'))
    assert read.sites.of("shop") == Site(own_hosts=("shop.example.com",), trusted_proxies=("192.0.2.1",))
    assert read.sites.of("web") == Site(own_hosts=("www.example.com",), trusted_proxies=("192.0.2.1",))


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("[promises]\npolicys = []\n", "2: promises.policys: unknown key"),
        ("\n\n[promise]\n", "3: promise: unknown key"),
        ("promises.policies = 'clientrunner'\n", "1: promises.policies: Input should be a valid list"),
        ("[accounts]\nrules = [\n 'log',\n 'magic',\n]\n", "2: accounts.rules.1: Input should be 'log', 'host', 'path' or 'user'"),
        ("[accounts]\npath_patterns = ['/accounts/{acct}']\n", "2: accounts.path_patterns.0: write {account}"),
        ("[accounts]\npath_patterns = ['/x{account}']\n", "2: accounts.path_patterns.0: write {account}"),
        ("[sites]\nshop = 3\n", "2: sites.shop: write a table of keys"),
        ("[sites.shop]\nroute = ['/x']\n", "2: sites.shop.route: unknown key"),
        ("[sites.'my.shop']\nroute = ['/x']\n", "2: sites.my.shop.route: unknown key"),
        ("[sites.shop]\ntrusted_proxies = ['10.0.0.0/33']\n", "2: sites.shop.trusted_proxies.0: write an address"),
        ("[sites.shop.query]\npage = 'all'\n", "2: sites.shop.query.page: Input should be"),
        ("[sources.console]\ntime_zone = 'Europe/Nowhere'\n", "2: sources.console.time_zone: no such time zone"),
        ("[sources.console]\ntime_zone = 'localtime'\n", "2: sources.console.time_zone: no such time zone"),
        ("[sources.console]\ntime_zone = 'Factory'\n", "2: sources.console.time_zone: no such time zone"),
        ("[sources.console]\nwatermark = 2026-03-01T00:00:00\n", "2: sources.console.watermark: Input should have timezone info"),
        ("[sources.console]\nclock_skew_s = -1\n", "2: sources.console.clock_skew_s: Input should be greater than or equal to 0"),
        ("[stores.crm]\npath = 'crm.parquet'\n", "1: stores.crm.record_class: Field required"),
        ("[stores.crm]\nrecord_class = 'job'\n", "1: stores.crm: a store of kind parquet needs path"),
        ("[stores.crm]\nkind = 'postgres'\nrecord_class = 'job'\n", "1: stores.crm: a store of kind postgres needs connection and table"),
        ("[stores.crm]\nkind = 'postgres'\nrecord_class = 'job'\nconnection = 'postgresql://meter:secret@db/crm'\n", "4: stores.crm.connection: no password here"),
        ("[stores.crm]\nkind = 'postgres'\nrecord_class = 'job'\nconnection = 'host=db password=secret'\n", "4: stores.crm.connection: no password here"),
        ("[stores.crm]\nkind = 'objects'\nrecord_class = 'file'\npath = 'x'\naccount_folder = '{account}/*'\n", "5: stores.crm.account_folder: write {account} as the last"),
        ("[stores.'a/b']\nrecord_class = 'job'\npath = 'x'\n", "1: stores.a/b"),
        ("[thresholds]\nk_accounts = 4\n", "2: thresholds.k_accounts: Input should be greater than or equal to 5"),
        ("[thresholds]\nquarantine_warn = 1.01\n", "2: thresholds.quarantine_warn: Input should be less than or equal to 1"),
        ("[keys]\nkeep_hours = 97\n", "2: keys.keep_hours: Input should be less than or equal to 96"),
        ("[retention]\nquarantine_days = 31\n", "2: retention.quarantine_days: Input should be less than or equal to 30"),
        ("[retention]\nrequest_days = 8\n", "2: retention.request_days: Input should be less than or equal to 7"),
        ("[retention]\npublished_months = 26\n", "2: retention.published_months: Input should be less than or equal to 25"),
        ("[retention]\nledger_years = 0\n", "2: retention.ledger_years: Input should be greater than or equal to 1"),
        ("[keys]\nkeep_hours = 23\n", "2: keys.keep_hours: Input should be greater than or equal to 24"),
        ("[limits.records]\njob = 0\n", "2: limits.records.job: Input should be greater than 0"),
        ("[formats]\nweb_logs = 7\n", "2: formats.web_logs: Input should be a valid string"),
    ],
)
def test_what_is_wrong_is_named_by_key_and_line(toml: str, complaint: str, tmp_path: Path) -> None:
    """A setting that is silently ignored may be the one that protects people."""
    with pytest.raises(SettingsError, match=re.escape(f"glasshouse.toml:{complaint}")):
        load(written(tmp_path, toml))


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    """Three faults must not cost three runs."""
    with pytest.raises(SettingsError) as told:
        load(written(tmp_path, "[keys]\nkeep_hours = 0\n[thresholds]\nk_visitors = 0\nextra = 1\n"))
    assert [line.split(":")[1] for line in str(told.value).splitlines()] == ["4", "5", "2"]


@pytest.mark.parametrize("toml", ["a = jane@example.com\n", "[keys\n", "a = 1\na = 2\n", "x = '\n"])
def test_what_is_no_toml_is_told_by_its_place(toml: str, tmp_path: Path) -> None:
    """The parser's own message may quote the file."""
    with pytest.raises(SettingsError, match="not TOML") as told:
        load(written(tmp_path, toml))
    assert "jane" not in str(told.value)


@pytest.mark.parametrize("value", ["'jane@example.com'", "['jane@example.com']", "{ jane = 'jane@example.com' }"])
def test_no_value_is_quoted(value: str, tmp_path: Path) -> None:
    """Settings name hosts, proxies and accounts: their values have no place on a console that is recorded."""
    for key in ("thresholds.k_visitors", "keys.keep_hours", "access.dark_access_within_s", "limits.records.job", "sources.console.watermark"):
        with pytest.raises(SettingsError) as told:
            load(written(tmp_path, f"{key} = {value}\n"))
        assert "jane" not in str(told.value).replace(f"{key}.jane", "")


@pytest.mark.parametrize("content", [b"\xff\xfe[keys]", None])
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    """A settings file that is missing must never mean the defaults."""
    if content is not None:
        (tmp_path / "other.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"other\.toml: cannot be read"):
        load(tmp_path / "other.toml")


@pytest.mark.parametrize("content", [b"", b"{", b'{"keys": {"keep_hours": 48', b'{"bogus": {}}', b'{"keys": {"bogus": 1}}', b'{"keys": {"keep_hours": 1}}', b"\xff\xfe"])
def test_kept_settings_that_cannot_be_read_say_what_to_do(content: bytes, tmp_path: Path) -> None:
    """A disk that was full, or a version that had another key, is no fault of ours; the defaults would judge by other thresholds."""
    (tmp_path / "settings.json").write_bytes(content)
    with pytest.raises(SettingsError, match=r"^HOME/settings\.json cannot be read; run with LANDING once more$"):
        kept(tmp_path)


def test_home_keeps_the_settings_of_its_last_run(tmp_path: Path) -> None:
    """`report` and `seal` read no landing folder, and must judge by the thresholds that the run had."""
    assert kept(tmp_path) == Settings()
    read = load(written(tmp_path, "[sites.shop]\nroutes = ['/x']\n[sources.console]\nwatermark = 2026-03-01T00:00:00Z\n[stores.crm]\npath = 'x'\nrecord_class = 'job'\n"))
    keep(read, tmp_path)
    assert kept(tmp_path) == read
    assert kept(tmp_path).sources["console"].watermark == datetime(2026, 3, 1, tzinfo=UTC)
    assert kept(tmp_path).sha256() == read.sha256() != Settings().sha256()
