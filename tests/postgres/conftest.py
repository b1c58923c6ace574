"""One server for all tests here, with two tables of customers' records."""

from collections.abc import Iterator

import pytest

from tests.postgres.cluster import Cluster, running

TABLES = """
create extension pgaudit;
create table invoices (account_id text, id text, amount numeric, body text, notes text, created_at date, parent text, primary key (account_id, id));
create table contacts (account_id text, id text, name text, body text);
create table lines (invoice_id text, account_id text, text text);
create table flags (account_id text, flag text);
create view open_invoices as select * from invoices where amount > 0;
create role amy login;
create role bob login;
grant select, insert, update, delete on invoices, contacts, open_invoices to amy;
insert into invoices select 'C' || a, 'r' || r, a * r, 'body ' || a || r, 'n', date '2026-03-01' + r, 'r' || r - 1 from generate_series(1, 3) a, generate_series(1, 4) r;
insert into contacts select 'C' || a, 'r' || r, 'name ' || a || r, 'text' from generate_series(1, 3) a, generate_series(1, 3) r;
insert into lines select id, account_id, 'line' from invoices;
insert into flags select 'C' || a, 'f' from generate_series(1, 3) a;
"""


@pytest.fixture(name="server", scope="session")
def _server() -> Iterator[Cluster]:
    with running() as cluster:
        cluster.run(TABLES, {"client_min_messages": "error"})
        yield cluster
