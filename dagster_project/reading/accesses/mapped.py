"""Any JSON, CSV or Parquet whose columns settings map; what they do not map is reported."""

from dagster_project.reading.accesses.reader import Form, adapter

# `[sources.<name>] fields` says it all.
FORM = Form("json", lambda _entry, _given: {})
ADAPTER = adapter(FORM)
