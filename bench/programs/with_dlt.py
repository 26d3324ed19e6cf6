"""dlt: its REST source, and a custom destination that writes to the sink (reverse ETL), in one pipeline.

Set up as its documentation advises for speed: orjson, batches of the sink's size, files rotated so that eight
load jobs run side by side, no telemetry, its own retrying HTTP client, an incremental cursor.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from bench.job import BATCH, JOBS, PAGE
from bench.programs.task import Task, told

SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "RUNTIME__REQUEST_MAX_RETRY_DELAY": "2",
    "RUNTIME__REQUEST_BACKOFF_FACTOR": "0.05",
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "2500",
    "NORMALIZE__WORKERS": "1",
    "LOAD__WORKERS": "8",
}


def source(task: Task, counts: Counter[str]) -> Any:
    """The rows, mapped."""
    from dlt.sources.rest_api import rest_api_source

    job = JOBS[task.stream]

    def due(row: dict[str, Any]) -> dict[str, Any] | None:
        counts["read"] += 1
        data = job(row)
        return None if data is None else {"id": row["id"], "changed": row["changed"], "data": data}

    endpoint: dict[str, Any] = {"path": task.source.removeprefix(task.url), "data_selector": "data"}
    endpoint["params"] = {"limit": PAGE}
    if not task.full:
        endpoint["params"]["changed_since"] = "{incremental.start_value}"
        endpoint["incremental"] = {"cursor_path": "changed", "initial_value": "2000-01-01T00:00:00Z"}
    paginator = {"type": "cursor", "cursor_path": "next", "cursor_param": "cursor"}
    found = rest_api_source(
        {
            "client": {"base_url": task.url, "paginator": paginator},
            "resources": [{"name": task.stream, "primary_key": "id", "endpoint": endpoint}],
        }
    )
    rows = found.resources[task.stream]
    rows.add_map(due).add_filter(lambda row: row is not None)
    # What the sink takes is one value to dlt: nothing is unnested.
    columns = {"data": {"data_type": "json"}, "changed": {"data_type": "text"}}
    rows.apply_hints(columns=columns, write_disposition="append")
    return found


def sink(task: Task, counts: Counter[str]) -> Any:
    """Eight jobs side by side, a hundred records each time."""
    import dlt
    from dlt.common import json
    from dlt.sources.helpers import requests

    session = requests.Client(
        request_max_retry_delay=2, request_backoff_factor=0.05, raise_for_status=True, request_max_attempts=5
    ).session

    @dlt.destination(
        batch_size=BATCH, loader_file_format="typed-jsonl", name="sink", max_parallel_load_jobs=8
    )  # type: ignore[untyped-decorator,unused-ignore]
    def send(items: list[dict[str, Any]], table: Any) -> None:  # noqa: ARG001  dlt passes it by name
        body = json.dumpb({"records": [{"key": item["id"], "data": item["data"]} for item in items]})
        session.post(task.sink, data=body, headers={"Content-Type": "application/json"})
        counts["written"] += len(items)

    return send


def main() -> None:
    """One run."""
    task = told()
    os.environ.update({"DLT_DATA_DIR": f"{task.state}/dlt", **SETTINGS})
    import dlt

    counts: Counter[str] = Counter()
    rows, destination = source(task, counts), sink(task, counts)
    task.begin()
    pipeline = dlt.pipeline(
        "bench", destination=destination, dataset_name="bench", pipelines_dir=f"{task.state}/dlt/pipelines"
    )
    pipeline.run(rows).raise_on_failed_jobs()
    task.end(read=counts["read"], written=counts["written"])


if __name__ == "__main__":
    main()
