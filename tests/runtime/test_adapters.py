"""Dask and Ray give what the runtime gives for each row alone, from their own workers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import toolchains
from feature_tables import alone, bits_of, flat, rides_table

import skc_runtime
from skc_runtime import ArtifactError, RecordError, SkcRuntimeError, Transformer, tables
from skc_runtime.tables import transform_table

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the libraries are their own


def assert_the_same(table: pa.Table, transformer: Transformer, rows: pa.Table, kept: str) -> None:
    want, codes = alone(transformer, rows)
    assert table.column_names == [*want, kept, "refused"]
    assert {name: bits_of(table[name]) for name in want} == want
    assert [text and text.partition(":")[0] for text in table["refused"].to_pylist()] == codes
    assert len(set(codes)) > 3


@pytest.fixture(scope="module")
def dask_frame() -> Any:
    """Rows in 7 partitions, with an index of their own."""
    toolchains.need("dask")
    import dask.dataframe as dask

    frame = rides_table(150, 0.4).to_pandas(types_mapper=pd.ArrowDtype)
    frame["kept"] = pd.Categorical([f"k{k % 5}" for k in range(150)])
    frame.index = pd.Index([f"row {k:03}" for k in range(150)], name="id")
    return dask.from_pandas(frame, npartitions=7)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_dask(scheduler: str, dask_frame: Any, rides_directory: Path, transformer: Transformer) -> None:
    from skc_runtime.dask import transform

    features = transform(dask_frame, rides_directory, keep=["kept"], refused="column")
    made = features.compute(scheduler=scheduler, num_workers=2)
    assert made.dtypes.equals(features.dtypes)
    assert made.index.equals(dask_frame.compute(scheduler="synchronous").index)
    assert [*made["kept"]] == [f"k{k % 5}" for k in range(150)]
    assert made["kept"].dtype == "category"
    assert_the_same(pa.Table.from_pandas(made, preserve_index=False), transformer, rides_table(150, 0.4), "kept")


def test_dask_has_the_types_of_the_features(dask_frame: Any, rides_directory: Path, transformer: Transformer) -> None:
    from skc_runtime.dask import transform

    want = transform_table(transformer, rides_table(0))
    assert [kind.pyarrow_dtype for kind in transform(dask_frame, rides_directory).dtypes] == want.schema.types
    arrays = transform(dask_frame, rides_directory, as_array=True, refused="column")
    assert [kind.pyarrow_dtype for kind in arrays.dtypes[:2]] == [pa.list_(pa.float32()), pa.list_(pa.int64())]
    table = pa.Table.from_pandas(arrays.compute(scheduler="synchronous"), preserve_index=False)
    features, _ = alone(transformer, rides_table(150, 0.4))
    assert [bits_of(column) for column in flat(table["x"], 5)] == [*features.values()][:5]


def test_dask_refuses(dask_frame: Any, rides_directory: Path) -> None:
    from skc_runtime.dask import transform

    with pytest.raises(RecordError) as error:
        transform(dask_frame, rides_directory).compute(scheduler="synchronous")
    assert error.value.row is not None
    with pytest.raises(RecordError, match="missing-key"):
        transform(dask_frame.drop(columns=["distance"]), rides_directory)
    with pytest.raises(SkcRuntimeError, match="the table has no column 'nowhere'"):
        transform(dask_frame, rides_directory, keep=["nowhere"])
    with pytest.raises(SkcRuntimeError, match="two columns would be named `word`"):
        transform(dask_frame.rename(columns={"n": "word"}), rides_directory, as_array=True, keep=["word"])
    with pytest.raises(ArtifactError, match="identity-mismatch"):
        transform(dask_frame, rides_directory, expect="0" * 64)
    mixed = dask_frame.map_partitions(lambda part: part.assign(payment=[("card", 1)[k % 2] for k in range(len(part))]))
    with pytest.raises(RecordError, match="unsupported-data"):
        transform(mixed, rides_directory).compute(scheduler="synchronous")


def test_dask_loads_an_artifact_once(dask_frame: Any, rides_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from skc_runtime.dask import transform

    loads = []
    own = tables.load
    monkeypatch.setattr(tables, "load", lambda *given, **options: loads.append(given) or own(*given, **options))
    monkeypatch.setattr(tables, "_LOADED", type(tables._LOADED)())
    transform(dask_frame, rides_directory, refused="column").compute(scheduler="threads")
    assert len(loads) == 1


@pytest.fixture(scope="module")
def ray_data() -> Iterator[Any]:
    """Ray's data library, with a cluster of one process beside this one."""
    toolchains.need("ray")
    import ray

    runtime = str(Path(skc_runtime.__file__).parents[1])
    environment = {"env_vars": {"PYTHONPATH": os.pathsep.join([runtime, os.environ.get("PYTHONPATH", "")])}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(num_cpus=1, log_to_driver=False, include_dashboard=False, logging_level=40, runtime_env=environment)
        import ray.data

        ray.data.DataContext.get_current().enable_progress_bars = False
        yield ray.data
        ray.shutdown()


def gathered(dataset: Any) -> pa.Table:
    """The rows of a dataset of Ray, in the order of their number."""
    import ray

    return pa.concat_tables(ray.get(dataset.to_arrow_refs())).sort_by("n")


def test_ray(ray_data: Any, columns_artifact: Any, tmp_path: Path) -> None:
    """In 5 blocks, in batches of all sizes, and with arrays."""
    from skc_runtime.ray import transform

    folder = columns_artifact.write(tmp_path / "rides")
    rows = rides_table(150, 0.4)
    dataset = ray_data.from_arrow([rows.slice(30 * k, 30) for k in range(5)])
    with skc_runtime.load(folder) as loaded:
        features = transform(dataset, folder, keep=["n"], refused="column", batch_size=7)
        assert_the_same(gathered(features), loaded, rows, "n")
        arrays = gathered(transform(dataset, folder, keep=True, refused="column", as_array=True))
        assert arrays.column_names == ["x", "times", "is_member", "word", *rows.column_names, "refused"]
        assert [bits_of(c) for c in flat(arrays["times"], 3)] == [*alone(loaded, rows)[0].values()][5:8]
    with pytest.raises(Exception, match=r"error\[(null|unknown-category|nul-in-string)\]"):
        transform(dataset, folder).materialize()
    with pytest.raises(SkcRuntimeError, match="refused='skip'"):
        transform(dataset, folder, refused="skip")  # type: ignore[arg-type]  # that is the test
    with pytest.raises(ArtifactError, match="identity-mismatch"):
        transform(dataset, folder, expect="0" * 64)
