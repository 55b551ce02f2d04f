"""Serve every row of a CSV file as a service does, and log it with the time of each value that was looked up.

    python ../log_requests.py ARTIFACT REQUESTS.csv FOLDER

The column `asked_at` has the time of the request, `id` its id (its number if there is none), and `INPUT_at` the time of
the value of an input.
"""

from __future__ import annotations

import sys

import pandas as pd

import skc_runtime


def main(artifact: str, requests: str, folder: str) -> None:
    rows = pd.read_csv(requests, dtype_backend="numpy_nullable")
    looked_up = [name for name in rows if f"{name}_at" in rows]
    with (
        skc_runtime.load(artifact) as transformer,
        skc_runtime.Log.open(folder, transformer, on_full="wait") as log,
    ):
        for number, row in enumerate(rows.to_dict("records")):
            record = {spec.name: row[spec.name] for spec in transformer.manifest.inputs}
            features = transformer.transform_record(record)
            as_of = {name: row[f"{name}_at"] for name in looked_up}
            log.add(str(row.get("id", number)), record, features, time_us=microseconds(row["asked_at"]), as_of=as_of)


def microseconds(time: str) -> int:
    return pd.Timestamp(time).value // 1000


if __name__ == "__main__":
    main(*sys.argv[1:])
