"""Every kind of entry that Teleport writes and that has to do with records is an access or something else by name, and says what was done and how it went."""

import json
from typing import Any

import pytest

from dagster_project.reading.accesses.adapters import ADAPTERS, chosen
from dagster_project.reading.accesses.events import Given
from dagster_project.reading.files import Body
from dagster_project.settings import Source

SSH = {"user": "amy", "login": "root", "addr.remote": "192.0.2.7:50000", "server_hostname": "db-1", "sid": "s1", "cluster_name": "example"}
DATABASE = {"user": "amy", "db_service": "records", "db_name": "main", "db_user": "reader", "sid": "s1", "cluster_name": "example"}
KUBE = {"user": "amy", "kubernetes_cluster": "main", "proto": "kube", "resource_kind": "pods", "server_id": "k1"}
DESKTOP = {"user": "amy", "desktop_addr": "198.51.100.4:3389", "windows_user": "Administrator", "sid": "d1", "proto": "tdp"}
READ, WRITE, DELETE, LIST = ("amy", "read", "ok", True), ("amy", "write", "ok", True), ("amy", "delete", "ok", True), ("amy", "list", "ok", True)


def _denied(action: str) -> tuple[str, str, str, bool]:
    return ("amy", action, "denied", True)


def _told(event: str, code: str, **more: Any) -> Any:
    """Return who did what, how it went and whether content came back; or the name of what is no access."""
    entry = {"ei": 1, "event": event, "code": code, "uid": "u1", "time": "2026-03-10T12:00:00.5Z", **more}
    read = ADAPTERS["teleport"].read(Body.held(json.dumps(entry).encode() + b"\n"), Given("teleport"))
    assert (read.rejects.num_rows, read.lines, read.unmapped) == (0, 1, ())
    rows = [(row["actor"], row["action"], row["outcome"], row["content"]) for row in read.rows.to_pylist()]
    return rows[0] if rows else read.others["name"][0].as_py()


@pytest.mark.parametrize(("code", "more", "outcome"), [
    ("T3002I", {"exitCode": "0"}, "ok"),
    ("T3002E", {"exitCode": "1", "exitError": "exit status 1"}, "ok"), ("T3002E", {"exitCode": "130", "exitError": "exit status 130"}, "ok"),
    ("T3002E", {"exitCode": "255", "exitError": "Process exited with status 255"}, "ok"), ("T3002E", {"exitCode": 2, "proto": "kube"}, "ok"),
    ("T3002E", {"exitError": "pods is forbidden", "proto": "kube"}, "denied"), ("T3002E", {"exitCode": ""}, "denied"),
])  # fmt: skip
def test_a_program_that_ran_has_shown_what_it_showed(code: str, more: dict[str, Any], outcome: str) -> None:
    """`grep` that finds nothing in its last file ends with 1 like a program that was refused; that it ended at all says that it ran."""
    assert _told("exec", code, command="grep -h C1 /var/records/*", **SSH, **more) == ("amy", "exec", outcome, True)


@pytest.mark.parametrize(("event", "code", "more", "expected"), [
    ("scp", "T3004I", {"action": "download", "path": "~/C1.csv", "exitCode": "0"}, READ), ("scp", "T3005I", {"action": "upload", "path": "~/"}, WRITE),
    ("scp", "T3004E", {"action": "download", "exitCode": "1"}, _denied("read")), ("scp", "T3010E", {"action": "download"}, _denied("read")),
    ("sftp", "TS001I", {"action": 1, "path": "/records/C1"}, READ), ("sftp", "TS001E", {"action": 1, "error": "EOF"}, _denied("read")), ("sftp", "TS003I", {"action": 3}, READ),
    ("sftp", "TS004I", {"action": 4}, WRITE), ("sftp", "TS009I", {"action": 9}, LIST), ("sftp", "TS010I", {"action": "10"}, LIST), ("sftp", "TS011I", {"action": 11}, DELETE),
    ("sftp", "TS016I", {"action": 16}, WRITE), ("sftp", "TS015I", {"action": 15}, ("amy", "list", "ok", False)), ("sftp", "TS002I", {"action": 2}, "session"),
    ("sftp", "TS020E", {"error": "not allowed"}, _denied("sftp")), ("sftp_summary", "TS021I", {}, "session"),
    ("session.command", "T4000I", {"program": "psql", "argv": ["-c", "x"], "return_code": 1}, ("amy", "session.command", "ok", True)),
    ("session.command", "T4000I", {"program": "psql", "return_code": -2}, _denied("session.command")),
    ("session.disk", "T4001I", {"path": "/records/C1", "return_code": 3}, ("amy", "session.disk", "ok", True)), ("session.network", "T4002I", {}, "session"),
    ("session.start", "T2000I", {}, "session"), ("session.start", "T2000I", {"initial_command": ["uptime"], "session_recording": "node"}, "session"),
    ("session.start", "T2000I", {"size": "80:25", "initial_command": [""], "session_recording": "node"}, ("amy", "session.start", "ok", True)),
    ("session.start", "T2000I", {"size": "80:25", "proto": "kube", "kubernetes_container_name": "app"}, ("amy", "session.start", "ok", True)),
    ("session.end", "T2004I", {"participants": ["amy"]}, "session"), ("session.data", "T2006I", {}, "session"),
    ("session.leave", "T2003I", {}, "session"), ("session.upload", "T2005I", {}, "session"), ("session.rejected", "T1006W", {}, "session"),
    ("session.join", "T2001I", {}, READ), ("session.recording.access", "T2012I", {"success": True}, READ), ("port", "T3003S", {}, "session"),
    ("git.command", "TGIT001I", {"service": "git-upload-pack", "path": "c1/records"}, READ), ("git.command", "TGIT001I", {"service": "git-receive-pack"}, WRITE),
    ("git.command", "TGIT001E", {"service": "git-upload-pack", "exitError": "x"}, _denied("read")),
])  # fmt: skip
def test_what_is_done_on_a_server(event: str, code: str, more: dict[str, Any], expected: Any) -> None:
    """Whoever has a shell, or joins one, sees what is shown in it; what else opens and closes is none."""
    assert _told(event, code, **SSH, **more) == expected


@pytest.mark.parametrize(("event", "code", "more", "expected"), [
    ("db.session.query", "TDB02I", {"db_protocol": "mongodb", "db_query": '{"find": "test"}'}, READ), ("db.session.query.failed", "TDB02W", {"error": "denied"}, _denied("read")),
    ("db.session.start", "TDB00I", {"success": True}, "session"), ("db.session.end", "TDB01I", {}, "session"), ("db.session.result", "TDB10I", {"affected_rows": 3}, "session"),
    ("db.session.permissions.update", "TDB07I", {}, "setting_changed"), ("db.session.user.create", "TDB08I", {}, "setting_changed"),
    ("db.session.postgres.function", "TPG04I", {"function_oid": "12", "function_args": ["C1"]}, ("amy", "db.session.postgres.function", "ok", True)),
    ("db.session.mysql.statements.prepare", "TMY00I", {"query": "select"}, "statement_prepared"),
    ("db.session.mysql.statements.send_long_data", "TMY02I", {"data_size": 3}, "statement_prepared"),
    ("db.session.mysql.statements.execute", "TMY01I", {"statement_id": 1}, ("amy", "db.session.mysql.statements.execute", "ok", True)),
    ("db.session.mysql.statements.fetch", "TMY05I", {"rows_count": 5}, READ), ("db.session.mysql.drop_db", "TMY09I", {"schema_name": "x"}, DELETE),
    ("db.session.mysql.init_db", "TMY07I", {}, "session"), ("db.session.mysql.refresh", "TMY13I", {}, "setting_changed"),
    ("db.session.malformed_packet", "TDB06I", {"payload": "AwEA"}, ("amy", "db.session.malformed_packet", "ok", True)),
    ("db.session.sqlserver.rpc_request", "TMS00I", {"proc_name": "Sp_ExecuteSql", "parameters": ["select 1"]}, ("amy", "Sp_ExecuteSql", "ok", True)),
    ("db.session.cassandra.prepare", "TCA02I", {"query": "x"}, "statement_prepared"), ("db.session.cassandra.register", "TCA04I", {}, "session"),
    ("db.session.cassandra.batch", "TCA01I", {"children": []}, ("amy", "db.session.cassandra.batch", "ok", True)),
    ("db.session.elasticsearch.request", "TES00I", {"method": "POST", "path": "/c1/_search", "target": "c1", "category": 2}, READ),
    ("db.session.elasticsearch.request", "TES00I", {"method": "POST", "path": "/c1/_doc", "target": "c1"}, WRITE),
    ("db.session.elasticsearch.request", "TES00I", {"method": "DELETE", "path": "/c1"}, DELETE),
    ("db.session.opensearch.request", "TOS00E", {"method": "GET", "path": "/c1/_doc/1", "status_code": 0}, _denied("read")),
    ("db.session.opensearch.request", "TOS00I", {"method": "GET", "path": "/c1/_doc/1", "status_code": 404}, _denied("read")),
    ("db.session.dynamodb.request", "TDY01I", {"method": "POST", "target": "DynamoDB_20120810.Scan", "status_code": 200}, READ),
    ("db.session.dynamodb.request", "TDY01I", {"method": "POST", "target": "DynamoDB_20120810.PutItem", "status_code": 200}, WRITE),
    ("db.session.dynamodb.request", "TDY01I", {"method": "POST", "target": "DynamoDB_20120810.GetItem", "status_code": 400}, _denied("read")),
    ("db.session.dynamodb.request", "TDY01E", {"method": "POST", "target": "DynamoDB_20120810.GetItem", "status_code": 0}, _denied("read")),
    ("db.session.spanner.rpc", "TSPN001I", {"procedure": "ExecuteStreamingSql", "success": True}, ("amy", "ExecuteStreamingSql", "ok", True)),
    ("db.session.spanner.rpc", "TSPN001I", {"procedure": "Read"}, READ), ("db.session.spanner.rpc", "TSPN001W", {"procedure": "Read", "success": False}, _denied("read")),
    ("db.session.spanner.rpc", "TSPN001I", {"procedure": "BatchCreateSessions"}, "session"), ("db.session.spanner.rpc", "TSPN001I", {"procedure": "Commit"}, WRITE),
])  # fmt: skip
def test_what_is_done_in_a_database(event: str, code: str, more: dict[str, Any], expected: Any) -> None:
    """A service that is asked for everything by POST says elsewhere what for."""
    assert _told(event, code, **DATABASE, **more) == expected


@pytest.mark.parametrize(("event", "code", "more", "expected"), [
    ("kube.request", "T3009I", {"verb": "GET", "request_path": "/api/v1/namespaces/x/secrets/y", "resource_kind": "secrets", "response_code": 200}, "key_or_secret"),
    ("kube.request", "T3009I", {**KUBE, "verb": "GET", "request_path": "/api/v1/namespaces/c1/configmaps/a", "response_code": 200}, READ),
    ("kube.request", "T3009I", {**KUBE, "verb": "DELETE", "request_path": "/api/v1/namespaces/c1/pods/a", "response_code": 200}, DELETE),
    ("kube.request", "T3009I", {**KUBE, "verb": "GET", "request_path": "/api/v1/namespaces/c1/pods/a", "response_code": 404}, _denied("read")),
    ("kube.request", "T3009I", {**KUBE, "verb": "GET", "request_path": "/apis/apps/v1?timeout=32s", "response_code": 200}, "session"),
    ("kube.request", "T3009I", {**KUBE, "verb": "GET", "request_path": "/version", "response_code": 200}, "session"),
    ("app.session.request", "T2009I", {"user": "amy", "app_name": "crm", "method": "GET", "path": "/C1", "status_code": 200}, READ),
    ("app.session.request", "T2009I", {"user": "amy", "app_name": "crm", "method": "POST", "path": "/C1", "status_code": 302}, WRITE),
    ("app.session.request", "T2009I", {"user": "amy", "app_name": "crm", "method": "GET", "path": "/C1", "status_code": 403}, _denied("read")),
    ("app.session.dynamodb.request", "T2013I", {"user": "amy", "method": "POST", "target": "DynamoDB_20120810.Query", "aws_service": "dynamodb", "status_code": 200}, READ),
    ("app.session.chunk", "T2008I", {"user": "amy", "app_name": "crm", "session_chunk_id": "x"}, ("amy", "app.session.chunk", "ok", True)),
    ("app.session.start", "T2007I", {"user": "amy", "app_name": "crm", "app_uri": "http://192.0.2.9:8080"}, "session"), ("app.session.end", "T2011I", {"user": "amy"}, "session"),
    ("app.session.start", "T2007I", {"user": "amy", "app_name": "mail", "app_uri": "tcp://192.0.2.9:25"}, ("amy", "app.session.start", "ok", True)),
    ("app.access", "T2022I", {"user": "amy", "app_name": "crm", "app_session_id": "s", "identity_source": "user_cert"}, READ),
    ("http.request", "T2015I", {"user": "amy", "app_name": "crm", "method": "DELETE", "path": "/C1"}, DELETE),
    ("http.request.body_chunk", "T2016I", {"user": "amy"}, "session"), ("http.response", "T2017I", {}, "session"), ("http.response.body_chunk", "T2018I", {}, "session"),
    ("desktop.clipboard.receive", "TDP03I", {**DESKTOP, "length": 512}, READ), ("desktop.clipboard.send", "TDP02I", {**DESKTOP, "length": 512}, WRITE),
    ("desktop.directory.read", "TDP05I", {**DESKTOP, "file_path": "a", "length": 7, "offset": 0, "success": True}, READ),
    ("desktop.directory.write", "TDP06W", {**DESKTOP, "file_path": "a", "success": False}, _denied("write")),
    ("desktop.directory.share", "TDP04I", {**DESKTOP, "success": True}, "session"), ("windows.desktop.session.end", "TDP01I", DESKTOP, "session"),
    ("windows.desktop.session.start", "TDP00I", {**DESKTOP, "success": True, "nla": False}, ("amy", "windows.desktop.session.start", "ok", True)),
    ("windows.desktop.session.start", "TDP00W", {**DESKTOP, "success": False}, _denied("windows.desktop.session.start")),
    ("linux.desktop.session.start", "TDP07I", DESKTOP, ("amy", "linux.desktop.session.start", "ok", True)),
    ("linux.desktop.session.start", "TDP07W", DESKTOP, _denied("linux.desktop.session.start")), ("linux.desktop.session.end", "TDP08I", DESKTOP, "session"),
    ("mcp.session.request", "TMCP003I", {"user": "amy", "app_name": "crm", "message": {"method": "tools/call"}}, ("amy", "mcp.session.request", "ok", True)),
    ("mcp.session.request", "TMCP003I", {"user": "amy", "app_name": "crm", "message": {"method": "tools/list"}}, "session"),
    ("mcp.session.start", "TMCP001I", {"user": "amy", "app_name": "crm"}, "session"),
])  # fmt: skip
def test_what_is_done_through_a_cluster_an_application_and_a_desktop(event: str, code: str, more: dict[str, Any], expected: Any) -> None:
    """To ask what there is to ask for reaches no record."""
    assert _told(event, code, **more) == expected


@pytest.mark.parametrize(("event", "code", "more"), [
    ("db.session.start", "TDB00W", {**DATABASE, "success": False, "error": "access to db denied", "message": "access to db denied"}),
    ("db.session.spanner.rpc", "TSPN001W", {**DATABASE, "procedure": "BatchCreateSessions", "success": False}),
    ("app.session.start", "T2007E", {"user": "amy", "public_addr": "crm.example.com"}),
    ("app.session.target.dial.denied", "T2019E", {"user": "amy", "app_name": "crm", "blocked_ip": "192.0.2.1", "blocked_prefix": "192.0.2.0/24", "policy": "denied_hosts"}),
])  # fmt: skip
def test_who_was_not_let_in_has_tried(event: str, code: str, more: dict[str, Any]) -> None:
    """Of a session that begins, what is done in it is told by itself; of one that was refused nothing else is."""
    action = more.get("procedure", event)
    assert _told(event, code, **more) == _denied(action)


@pytest.mark.parametrize(("event", "code", "expected"), [
    ("access_request.create", "T5000I", "vendor_approval"), ("access_request.search", "T5004I", "vendor_approval"), ("auth", "T3007W", "login"), ("user.login", "T1000W", "login"),
    ("cert.create", "TC000I", "login"), ("lock.created", "TLK00I", "setting_changed"), ("mfa.delete", "T1007I", "setting_changed"), ("kube.create", "T3010I", "setting_changed"),
    ("recovery_code.used", "T1009W", "setting_changed"), ("access_list.review", "TAL004I", "setting_changed"), ("ssm.run", "TDS00W", "other_event"),
    ("secreports.audit.query.run", "SRE001I", "other_event"), ("spiffe.svid.issued", "TSPIFFE000I", "other_event"), ("x11-forward", "T3008W", "session"),
])  # fmt: skip
def test_what_reaches_no_record(event: str, code: str, expected: str) -> None:
    """All else that Teleport writes has a name."""
    assert _told(event, code, user="amy") == expected


@pytest.mark.parametrize("code", ["SRE001I", "CJ001I", "T3003S", "INF010E"])
def test_a_log_of_teleport_is_told_by_any_of_its_codes(code: str) -> None:
    """Those of its newer parts do not begin with T."""
    adapter = chosen("bastion", Source(), b'{"code":"%s","event":"x.y","time":"2026-03-10T12:00:00Z","uid":"u1"}\n' % code.encode())
    assert adapter is ADAPTERS["teleport"]


def test_what_came_through_a_clipboard_is_counted() -> None:
    """Its length is all that is logged of it."""
    entry = {"event": "desktop.clipboard.receive", "code": "TDP03I", "uid": "u1", "time": "2026-03-10T12:00:00Z", **DESKTOP, "length": 512}
    read = ADAPTERS["teleport"].read(Body.held(json.dumps(entry).encode() + b"\n"), Given("teleport"))
    assert read.rows["bytes"].to_pylist() == [512]
