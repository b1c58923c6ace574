"""What a command says when it is used wrongly: one sentence, the right exit status, no traceback and no data."""

import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project import __version__
from dagster_project.cli import status_of
from dagster_project.cli.common import app

COMMANDS = sorted(name for name in app if not name.startswith("-"))
LOG = '203.0.113.7 - - [10/Mar/2026:09:00:00 +0000] "GET /pricing HTTP/1.1" 200 512 "-" "Mozilla/5.0"\n'


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """Give a landing folder with one line of one log, that names a person where it can."""
    folder = tmp_path / "landing"
    (folder / "web_logs").mkdir(parents=True)
    (folder / "web_logs" / "a.log").write_text(LOG)
    return folder


def test_the_commands_are_those_of_the_architecture() -> None:
    """A command that is documented and not there, or there and not documented, is a broken word."""
    assert COMMANDS == ["decide", "demo", "detect", "formats", "meter", "prove", "purge", "query", "report", "run", "seal", "ui", "verify"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Help without an example makes the reader guess."""
    assert status_of([command, "--help"]) == 0
    shown = capsys.readouterr()
    assert "Example:" in shown.out
    assert f"glasshouse {command}" in shown.out
    assert shown.err == ""


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "ui"])
def test_every_command_that_answers_can_answer_a_machine(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Who automates one job automates all of them; `ui` answers nothing."""
    assert status_of([command, "--help"]) == 0
    assert "--json" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """A report of a fault begins with the version."""
    assert status_of(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_a_command_does_not_wait_for_pandas(tmp_path: Path, landing: Path) -> None:
    """Arrow imports it as soon as it looks at a value, wherever it is installed, and with Great Expectations it is."""
    told = "import atexit, sys; from dagster_project.cli import main; atexit.register(lambda: print('pandas' in sys.modules)); main(sys.argv[1:])"
    out = str(tmp_path / "decisions.parquet")
    ran = subprocess.run([sys.executable, "-c", told, "decide", str(landing), "--as-of", "2026-04-01T00:00:00Z", "--out", out], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("arguments", [["seal"], ["purge"], ["report", "--month", "2026-03"], ["prove"]], ids=lambda words: words[0])
def test_a_home_whose_settings_are_damaged_wants_a_run(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealing by other hours or publishing by another k than those of the last run would be worse than to stop."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "home" / "lake").mkdir(parents=True)
    (tmp_path / "home" / "settings.json").write_text('{"keys": ')
    assert status_of([*arguments, "--home", str(tmp_path / "home")]) == 2
    assert capsys.readouterr().err == "glasshouse: HOME/settings.json cannot be read; run with LANDING once more\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["jane.doe@example.com"], ["run", "landing", "--home", "h", "--engine", "jane.doe@example.com"], ["run", "landing", "--home", "h", "--fail-on=jane.doe@example.com"],
        ["run", "landing", "jane.doe@example.com", "--home", "h"], ["run", "landing", "--home", "h", "--jane.doe@example.com"], ["run", "--jane.doe@example.com", "landing"],
        ["query", "select 1", "--home", "h", "--row-limit", "jane.doe@example.com"], ["query", "select 1", "--home", "h", "--seconds", "jane.doe@example.com"],
        ["ui", "--port", "jane.doe@example.com"], ["report", "--home", "h", "--month", "jane.doe@example.com"],
        ["run", "landing", "--home", "h", "--as-of", "jane.doe@example.com"],
        ["meter", "init-postgres", "jane.doe@example.com"], ["seal", "--home", "h", "--json=jane.doe@example.com"],
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_wrong_usage_never_quotes_what_was_typed(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Consoles are logged, and a word in the wrong place is often a customer's."""
    monkeypatch.chdir(tmp_path)
    assert status_of(arguments) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("glasshouse: ")
    assert "doe" not in shown.out + shown.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bewilder"], "Unknown command"),
        (["run"], "requires an argument"),
        (["run", "{landing}"], "--home"),
        (["run", "{landing}", "--home", "{home}", "--bogus"], "Unknown option"),
        (["run", "{landing}", "more", "--home", "{home}"], "More arguments than the command takes"),
        (["run", "{landing}", "--home", "{home}", "--home", "{home}"], "--home is given more than once"),
        (["run", "{landing}", "--home", "{home}", "--fail-on", "awful"], "--fail-on; choose from low, medium, high, critical"),
        (["run", "{landing}", "--home", "{home}", "--engine", "spark"], "--engine spark is not built yet"),
        (["run", "{landing}", "--home", "{home}", "--as-of", "yesterday"], "--as-of is no instant"),
        (["run", "{landing}", "--home", "{home}", "--as-of", "2026-04-01T00:00:00"], "--as-of has no zone"),
        (["run", "{landing}", "--home", "{home}", "--as-of", "0001-01-01T00:00:00+14:00"], "--as-of is out of range"),
        (["run", "{landing}/none", "--home", "{home}"], "LANDING is no folder"),
        (["run", "{landing}/web_logs/a.log", "--home", "{home}"], "LANDING is no folder"),
        (["run", "{landing}", "--home", "{landing}/web_logs/a.log"], "HOME cannot be written"),
        (["run", "{landing}", "--home", "/proc/nowhere"], "HOME cannot be written"),
        *((["run", "{landing}", "--home", f"{{home}}/{name}"], "the path of HOME holds one of") for name in ("a[1]", "a*", "a?", "a%20b", "a\\b", "day=2026-03-02", "caf\udce9")),
        (["run", "{landing}", "--home", "{home}", "--settings", "{landing}/none.toml"], "none.toml: cannot be read"),
        (["decide", "{landing}/none", "--as-of", "2026-04-01T00:00:00Z", "--out", "{home}/d.parquet"], "LANDING is no folder"),
        (["decide", "{landing}", "--out", "{home}/d.parquet"], "--as-of"),
        (["decide", "{landing}", "--as-of", "2026-04-01T00:00:00Z", "--out", "{landing}/web_logs/a.log/d.parquet"], "--out cannot be written"),
        (["meter", "{landing}/none", "--home", "{home}"], "LANDING is no folder"),
        (["seal", "--home", "{home}"], "HOME holds no lake yet"),
        (["purge", "--home", "{home}"], "HOME holds no lake yet"),
        (["prove", "--home", "{home}"], "HOME holds no lake yet"),
        (["report", "--home", "{home}", "--month", "2026-03"], "HOME holds no lake yet"),
        (["query", "select 1", "--home", "{home}"], "there is no warehouse yet"),
        (["query", "select 1", "--home", "{home}", "--format", "xml"], "--format"),
        (["query", "select 1", "--home", "{home}", "--row-limit", "0"], "--row-limit is a number of rows"),
        (["query", "--formt", "csv", "select 1", "--home", "{home}"], "or an unknown option"),
        (["detect", "{landing}"], "FILE is no file"),
        (["verify", "{landing}"], "PACK holds no manifest.json"),
        (["ui", "--port", "many"], "--port"),
        (["ui", "--home", "{home}", "--landing", "{landing}/none"], "LANDING is no folder"),
        (["ui", "--home", "{home}", "--landing", "{landing}", "--settings", "{landing}/none.toml"], "none.toml: cannot be read"),
    ],
)
def test_wrong_usage_exits_2_with_one_sentence(arguments: list[str], says: str, landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever typed it wrong must see what and why at once, on stderr; a script must see 2."""
    home = tmp_path / "home"
    assert status_of([part.format(landing=landing, home=home) for part in arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert says in shown.err
    assert shown.err.startswith("glasshouse: ")
    assert len(shown.err.splitlines()) == 1
    assert not home.exists() or not any(home.iterdir())


@pytest.mark.parametrize(
    ("toml", "line", "says"),
    [
        ("[thresholds]\n\nk_visitor = 10\n", 3, "thresholds.k_visitor: unknown key"),
        ("[threshold]\n", 1, "threshold: unknown key"),
        ("[thresholds]\nk_visitors = 'jane@example.com'\n", 2, "thresholds.k_visitors: Input should be a valid integer"),
        ("[thresholds]\nk_visitors = 9\n", 2, "thresholds.k_visitors: Input should be greater than or equal to 10"),
        ("[keys]\nkeep_hours = 97\n", 2, "keys.keep_hours: Input should be less than or equal to 96"),
        ("[sites.shop]\ntrusted_proxies = ['jane@example.com']\n", 2, "sites.shop.trusted_proxies.0: write an address"),
        ("thresholds = jane@example.com\n", 1, "not TOML"),
    ],
)
def test_wrong_settings_exit_2_with_key_and_line(toml: str, line: int, says: str, landing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A setting that is silently ignored may be the one that protects people."""
    (tmp_path / "glasshouse.toml").write_text(toml)
    assert status_of(["run", str(landing), "--home", str(tmp_path / "home")]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert f":{line}:" in error or f"line {line}," in error
    assert "jane" not in error


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a shell does."""
    return subprocess.run([sys.executable, "-m", "dagster_project.cli", *arguments], capture_output=True, text=True, check=False, timeout=120)


def test_a_true_process_exits_with_the_status() -> None:
    """Tests in one process could miss what only the outermost function does: exiting."""
    wrong = run("bewilder")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Traceback" not in wrong.stderr
    right = run("formats", "--json")
    assert (right.returncode, right.stderr) == (0, "")
    assert '"formats"' in right.stdout


def test_a_command_without_a_console_does_its_work() -> None:
    """A service can be started with neither output nor error."""
    ended = subprocess.run(["bash", "-c", f"{sys.executable} -m dagster_project.cli formats >&- 2>&-"], check=False, timeout=120)
    assert ended.returncode == 0


@pytest.mark.parametrize("arguments", ["formats", "--help"])
def test_a_reader_that_has_seen_enough_is_no_fault(arguments: str) -> None:
    """`glasshouse formats | head -1` closes the pipe early, and that must not look like an error."""
    command = f"{sys.executable} -m dagster_project.cli {arguments} | true; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=120)
    assert (ended.stdout, ended.stderr) == ("0\n", "")


def test_a_command_imports_only_what_it_works_with(tmp_path: Path) -> None:
    """Dagster and Great Expectations take seconds to import, and a verdict asks for neither."""
    (tmp_path / "landing").mkdir()
    asked = "from dagster_project.cli import main; main(['decide', 'landing', '--as-of', '2026-04-01T00:00:00Z', '--out', 'decisions.parquet'])"
    ended = subprocess.run([sys.executable, "-X", "importtime", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert ended.returncode == 0
    assert {"duckdb", "polars", "pyarrow"} <= imported
    assert not imported & {"dagster", "great_expectations", "alembic"}
