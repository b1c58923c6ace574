"""Judges one DuckDB view with Great Expectations, which does not support DuckDB yet: each class here, `_once` and `serializable` are one repair each.

Importing it costs 1.5 s: only the worker of expect.py does.
"""

import functools
from collections.abc import Callable
from typing import Any

import great_expectations as gx
import sqlalchemy as sa
from duckdb import DuckDBPyConnection
from duckdb_sqlalchemy import ConnectionWrapper, Dialect
from great_expectations.core import id_dict
from great_expectations.core.batch import Batch
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metrics.metric_provider import metric_partial, metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider
from great_expectations.util import convert_to_json_serializable
from great_expectations.validator.validator import Validator
from sqlalchemy.dialects import registry
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

IS_MET_ONLY = {"result_format": "BOOLEAN_ONLY"}
COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}


def results(connection: DuckDBPyConnection, view: str, expectations: list[dict[str, Any]]) -> list[Any]:
    """Return the library's result of each expectation it knows, in any order: with counts where one is not met, never with values."""
    schema, name = view.split(".")
    engine = SqlAlchemyExecutionEngine(engine=_alchemy(connection))  # one for each suite: it keeps columns and counts by name
    batch = Batch(data=SqlAlchemyBatchData(execution_engine=engine, schema_name=schema, table_name=name))  # type: ignore[arg-type]
    validator = Validator(execution_engine=engine, batches=[batch], data_context=_context())
    asked = gx.ExpectationSuite(name=view, expectations=expectations).expectation_configurations
    found = validator.graph_validate(configurations=asked, runtime_configuration={"result_format": IS_MET_ONLY})
    if not all(result.success for result in found):  # counting costs a statement more for each column, so only a fault is counted
        found = validator.graph_validate(configurations=asked, runtime_configuration={"result_format": COUNTS_ONLY})
    _made.clear()
    return list(found)


@functools.cache
def _context() -> Any:
    """Return a context that keeps nothing and shows no progress."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    return context


@functools.lru_cache(maxsize=1)
def _alchemy(connection: DuckDBPyConnection) -> sa.Engine:
    """Return SQLAlchemy over cursors of a connection; each statement stands for itself, as nothing is written."""

    def cursor() -> ConnectionWrapper:
        twin = connection.cursor()
        twin.execute("set TimeZone = 'UTC'")
        twin.execute("set streaming_buffer_size = '200MB'")  # rows are fetched while a select runs: engines/answers.py tells what that can come to
        return ConnectionWrapper(twin)

    registry.register("duckdb.one_view", __name__, "OneView")
    engine = sa.create_engine("duckdb+one_view:///:memory:", creator=cursor, isolation_level="AUTOCOMMIT")
    sa.event.listen(engine, "after_cursor_execute", _buffer)
    return engine


def _buffer(_connection: Any, cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    """Read a result to its end at once: Great Expectations gives the connection back before it reads the cursor."""
    if cursor.description:
        context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(cursor, initial_buffer=cursor.fetchall())


class OneView(Dialect):
    """DuckDB for a library that needs the columns of one view: to look through all of its catalog costs as much as to judge."""

    supports_statement_cache = True

    def get_columns(self, connection: sa.Connection, table_name: str, schema: str | None = None, **_: Any) -> Any:
        """Return the columns by name; no expectation of ours asks for a type."""
        described = connection.exec_driver_sql(f"describe {schema}.{table_name}")
        return [{"name": row[0], "type": sa.types.NullType(), "nullable": True, "default": None} for row in described]

    def get_pk_constraint(self, connection: sa.Connection, table_name: str, schema: str | None = None, **_: Any) -> Any:  # noqa: ARG002
        """Return no primary key: a view has none."""
        return {"constrained_columns": [], "name": None}

    def do_rollback(self, _connection: Any) -> None:
        """Do nothing: nothing is written."""


def _once(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what makes something of an object once for the suite at hand: the library makes it anew for every key that it looks up in it, sixty times in all."""

    def made(given: Any) -> Any:
        if (make, id(given)) not in _made:
            _made[make, id(given)] = given, make(given)  # with itself, so that its id stays its own
        return _made[make, id(given)][1]

    return made


_made: dict[tuple[Callable[[Any], Any], int], tuple[Any, Any]] = {}  # of the suite at hand
Expectation.configuration = property(_once(vars(Expectation)["configuration"].fget))  # type: ignore[method-assign, assignment]
ExpectationConfiguration.to_domain_obj = _once(ExpectationConfiguration.to_domain_obj)  # type: ignore[method-assign, assignment]


def serializable(data: Any) -> Any:
    """Return what can be written as JSON as it is: the library asks numpy about each value of a thousand keys, which are words and numbers."""
    return data if _is_plain(data) else library_serializable(data)


def _is_plain(data: Any) -> bool:
    if isinstance(data, dict):
        return all(isinstance(name, str) and _is_plain(value) for name, value in data.items())
    if isinstance(data, list):
        return all(map(_is_plain, data))
    return data is None or type(data) in {str, int, float, bool}


library_serializable = convert_to_json_serializable
id_dict.convert_to_json_serializable = serializable  # type: ignore[attr-defined]


class BrokenRowCount(QueryMetricProvider):
    """The count of an `unexpected_rows_query`, asked in one statement with every other count of its suite."""

    metric_name = "unexpected_rows_query.row_count"
    value_keys = ("unexpected_rows_query",)

    @metric_partial(engine=SqlAlchemyExecutionEngine, partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN, domain_type=MetricDomainTypes.TABLE)
    def _asked(cls, execution_engine: Any, metric_domain_kwargs: Any, metric_value_kwargs: Any, **_: Any) -> Any:  # noqa: N805 (the library makes it a class's)
        view = execution_engine.get_domain_records(domain_kwargs=metric_domain_kwargs)
        query = metric_value_kwargs["unexpected_rows_query"].format(batch=view)
        # A count of the view's own rows, times nothing, makes it an aggregate: one row, also where it is asked alone.
        return sa.literal_column(f"(select count(*) from ({query})) + 0 * count(*)"), metric_domain_kwargs, {}


class BrokenRows(QueryMetricProvider):
    """The rows of an `unexpected_rows_query`: the library reads some of them to show; here no row leaves DuckDB."""

    metric_name = "unexpected_rows_query.table"
    value_keys = ("unexpected_rows_query",)

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _none(cls, **_: Any) -> list[Any]:  # noqa: N805 (the library makes it a class's)
        return []
