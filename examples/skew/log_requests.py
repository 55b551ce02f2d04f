"""Serve every row of a CSV file as a service does, and log it with what is known of each look-up.

    python ../log_requests.py ARTIFACT REQUESTS.csv FOLDER

The column `asked_at` has the time of the request, and `id` its id (its number if there is none). Of an input,
`INPUT_at` has the time of its value, and `INPUT_hit` says whether the look-up found one.
"""

from __future__ import annotations

import sys

import pandas as pd

import skc_runtime


def main(artifact: str, requests: str, folder: str) -> None:
    rows = pd.read_csv(requests, dtype_backend="numpy_nullable")
    timed, looked_up = ([name for name in rows if f"{name}{end}" in rows] for end in ("_at", "_hit"))
    with (
        skc_runtime.load(artifact) as transformer,
        skc_runtime.Log.open(folder, transformer, on_full="wait") as log,
    ):
        for number, row in enumerate(rows.to_dict("records")):
            record = {spec.name: row[spec.name] for spec in transformer.manifest.inputs}
            features = transformer.transform_record(record)
            known = {
                "as_of": {name: row[f"{name}_at"] for name in timed},
                "hit": {name: bool(row[f"{name}_hit"]) for name in looked_up},
            }
            log.add(str(row.get("id", number)), record, features, time_us=microseconds(row["asked_at"]), **known)


def microseconds(time: str) -> int:
    return pd.Timestamp(time).value // 1000


if __name__ == "__main__":
    main(*sys.argv[1:])
