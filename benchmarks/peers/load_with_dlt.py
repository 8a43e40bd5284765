"""Load a folder of csv files with dlt, by merge; runs in a separate environment.

    python load_with_dlt.py rows|arrow FOLDER STATE_FOLDER

`rows` is the way of dlt's documentation: its filesystem source with `read_csv`. `arrow` is the fastest that
dlt offers: Arrow batches in, csv files for COPY out. The environment variables say which database.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.csv
from dlt.sources.filesystem import readers

_KEY = ["meter_code", "timestamp", "metric"]


def _rows(folder: Path) -> Any:  # noqa: ANN401 - a resource of dlt
    return readers(bucket_url=folder.as_uri(), file_glob="*.csv").read_csv()


def _arrow(folder: Path) -> Any:  # noqa: ANN401 - a resource of dlt
    def batches() -> Iterator[pa.Table]:
        for file in sorted(folder.glob("*.csv")):
            for batch in pa.csv.open_csv(file):
                yield pa.Table.from_batches([batch])

    return dlt.resource(batches(), name="measurements")


def main() -> None:
    """Load, and print the seconds that it took, without the start of Python."""
    way, folder, state = sys.argv[1:]
    resource = {"rows": _rows, "arrow": _arrow}[way](Path(folder))
    resource.apply_hints(table_name="measurements", write_disposition="merge", primary_key=_KEY)
    pipeline = dlt.pipeline("bench", pipelines_dir=state, destination="postgres", dataset_name="peer_dlt")
    started, cpu = time.perf_counter(), time.process_time()
    pipeline.run(resource, loader_file_format="csv").raise_on_failed_jobs()
    spent = {"wall": time.perf_counter() - started, "client": time.process_time() - cpu}
    print(json.dumps({"version": dlt.__version__, **spent}))


if __name__ == "__main__":
    main()
