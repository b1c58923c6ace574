"""Any JSON, CSV or Parquet whose fields settings map to the native columns; fields that are not mapped are reported."""

from dagster_project.reading.accesses.reader import Form, adapter

# `[sources.<name>] fields` says it all.
FORM = Form("json", lambda _entry, _given: {})
ADAPTER = adapter(FORM)
