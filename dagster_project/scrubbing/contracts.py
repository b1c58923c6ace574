"""The Arrow schemas of the tables that scrubbing makes: the contracts of sql/1_scrubbed, column by column."""

import pyarrow as pa

TIME = pa.timestamp("us", "UTC")
REQUESTS = pa.schema(
    [
        ("day", pa.date32()),
        ("occurred_at", TIME),
        ("input_id", pa.string()),
        ("line_number", pa.int64()),
        ("folder", pa.string()),
        ("site", pa.string()),
        ("account_id", pa.string()),
        ("is_late", pa.bool_()),
        ("is_bot", pa.bool_()),
        ("is_hostile", pa.bool_()),
        ("method", pa.string()),
        ("route_id", pa.int64()),
        ("protocol", pa.string()),
        ("host", pa.string()),
        ("status", pa.int16()),
        ("bytes_sent", pa.int64()),
        ("duration_ms", pa.float64()),
        ("referrer", pa.string()),
        ("browser", pa.string()),
        ("os", pa.string()),
        ("device_class", pa.string()),
        ("ip_version", pa.int16()),
        ("client_class", pa.string()),
        ("client_source", pa.string()),
        ("other_query_names", pa.int32()),
        ("card_numbers", pa.int32()),
    ]
)
VISITS = pa.schema(
    [
        ("day", pa.date32()),
        ("site", pa.string()),
        ("account_id", pa.string()),
        ("visitor_high", pa.int64()),
        ("visitor_low", pa.int64()),
        ("method", pa.string()),
        ("route_id", pa.int64()),
        ("status", pa.int16()),
        ("referrer", pa.string()),
        ("browser", pa.string()),
        ("os", pa.string()),
        ("device_class", pa.string()),
    ]
)
STAFF_REQUESTS = pa.schema(
    [
        ("day", pa.date32()),
        ("occurred_at", TIME),
        ("input_id", pa.string()),
        ("line_number", pa.int64()),
        ("site", pa.string()),
        ("staff_id", pa.string()),
        ("account_id", pa.string()),
        ("method", pa.string()),
        ("route_id", pa.int64()),
        ("is_customer_record", pa.bool_()),
        ("status", pa.int16()),
    ]
)
ROUTES = pa.schema([("route_id", pa.int64()), ("site", pa.string()), ("route", pa.string())])


def encoded(contract: pa.Schema) -> pa.Schema:
    """Return a contract as rows hold it in memory: texts dictionary-encoded, all else as it is."""
    coded = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([field.with_type(coded) if field.type == pa.string() else field for field in contract])
