"""`values_from`: a table in a file gives the plan that the same table written in the pipeline gives."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skc import plan
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend.yaml import tables
from skc.frontend.yaml.reader import read_pipeline

TEXT = """skc: 1
name: p
inputs: {{key: {dtype}}}
features:
  at:
    from: key
    apply: [{{map: {{{parameters}, unknown: "null"}}}}, {last}]
outputs: {{x: {{features: [at], dtype: {output}}}}}
"""
NUMBERS = {"last": "{impute: {value: 0}}", "output": "float64"}


def read(folder: Path, parameters: str, dtype: str = "string", **last: str) -> bytes:
    """The plan."""
    path = folder / "pipeline.yaml"
    path.write_text(TEXT.format(parameters=parameters, dtype=dtype, **(last or NUMBERS)), encoding="utf-8")
    return plan.dumps(fit(read_pipeline(path)[0]).pipeline)


def written(folder: Path, name: str, text: str, encoding: str = "utf-8") -> str:
    (folder / name).write_bytes(text.encode(encoding))
    return name


def test_a_file_of_text_with_the_options_of_data(tmp_path: Path) -> None:
    written(tmp_path, "a.txt", "# towns\nciudad;lat;lon\nMálaga;36,7;-4,4\nOslo;1.059,9;-0,0\n", "cp1252")
    options = 'separator: ";", decimal: ",", thousands: ".", encoding: cp1252, comment: "#"'
    of_file = f"values_from: {{path: a.txt, {options}, key: ciudad, columns: {{lon: float64, lat: float64}}}}"
    inline = 'values: {"Málaga": [-4.4, 36.7], Oslo: [-0.0, 1059.9]}, columns: [lon, lat]'
    assert read(tmp_path, of_file) == read(tmp_path, inline)
    one = "values_from: {path: a.txt, key: ciudad, columns: {lat: float64}, " + options + "}"
    assert read(tmp_path, one) == read(tmp_path, 'values: {"Málaga": 36.7, Oslo: 1059.9}')


def test_an_infinite_value(tmp_path: Path) -> None:
    written(tmp_path, "t.csv", "k,v\na,inf\nb,1\n")
    of_file = "values_from: {path: t.csv, key: k, columns: {v: float64}}"
    assert read(tmp_path, of_file) == read(tmp_path, "values: {a: .inf, b: 1.0}")


@pytest.mark.parametrize(
    ("dtype", "keys", "arrow"),
    [("int64", ["-3", "9007199254740993"], pa.int64()), ("bool", ["true", "false"], pa.bool_())],
)
def test_keys_that_are_not_text(tmp_path: Path, dtype: str, keys: list[str], arrow: pa.DataType) -> None:
    column = pa.array([json.loads(key) for key in keys], arrow)
    pq.write_table(pa.table({"k": column, "v": pa.array([2**62, -1])}), tmp_path / "t.parquet")
    of_file = f"values_from: {{path: t.parquet, key: {{k: {dtype}}}, columns: {{v: int64}}}}"
    inline = f'values: {{"{keys[0]}": {2**62}, "{keys[1]}": -1}}'
    last = {"last": "{impute: {value: 0}}", "output": "int64"}
    assert read(tmp_path, of_file, dtype, **last) == read(tmp_path, inline, dtype, **last)


def test_texts_and_bools_as_values(tmp_path: Path) -> None:
    written(tmp_path, "t.json", '[{"k": "yes", "s": "1e3", "b": true}, {"k": "", "s": "null", "b": false}]')
    last = {"last": "{impute: {value: zz}}", "output": "string"}
    of_file = "values_from: {path: t.json, key: k, columns: {s: string}}"
    assert read(tmp_path, of_file, **last) == read(tmp_path, 'values: {"yes": "1e3", "": "null"}', **last)
    of_file = "values_from: {path: t.json, key: k, columns: {b: bool}}"
    last = {"last": "{impute: {value: false}}", "output": "bool"}
    assert read(tmp_path, of_file, **last) == read(tmp_path, 'values: {"yes": true, "": false}', **last)


GOOD = "path: t.csv, key: k, columns: {v: float64}"
WRONG: dict[str, tuple[str, str, str, str]] = {  # the file, the parameters, the code, and words of the message
    "no such file": ("k,v\na,1\n", "values_from: {path: u.csv, key: k, columns: {v: float64}}", "SKC201", "u.csv"),
    "twice": ("k,v\na,1\nb,2\na,3\n", f"values_from: {{{GOOD}}}", "SKC105", "row 1 (line 2), and "),
    "no column": ("k,w\na,1\n", f"values_from: {{{GOOD}}}", "SKC204", "`v`"),
    "not a number": ("k,v\na,x\n", f"values_from: {{{GOOD}}}", "SKC206", "row 1 (line 2): `x`"),
    "no value": ("k,v\na,\n", f"values_from: {{{GOOD}}}", "SKC209", "row 1 (line 2)"),
    "no rows": ("k,v\n", f"values_from: {{{GOOD}}}", "SKC112", "`values` of `map`"),
    "too many": ("k,v\na,1\nb,1\nc,1\nd,1\n", f"values_from: {{{GOOD}}}", "SKC107", "4 rows, more than 3"),
    "both": ("k,v\na,1\n", f"values: {{a: 1}}, values_from: {{{GOOD}}}", "SKC106", "both `values` and `values_from`"),
    "both names": ("k,v\na,1\n", f"columns: [v], values_from: {{{GOOD}}}", "SKC106", "both `columns`"),
    "the key twice": ("k,v\na,1\n", "values_from: {path: t.csv, key: k, columns: {k: string}}", "SKC105", "is the key"),
    "no columns": ("k,v\na,1\n", "values_from: {path: t.csv, key: k, columns: {}}", "SKC107", "must not be empty"),
    "no key": ("k,v\na,1\n", "values_from: {path: t.csv, columns: {v: float64}}", "SKC106", "`key`"),
    "a list": ("k,v\na,1\n", "values_from: [t.csv]", "SKC107", "must be a mapping"),
    "a date": ("k,v\na,1\n", "values_from: {path: t.csv, key: k, columns: {v: date}}", "SKC110", "the type of `v`"),
    "a float key": (
        "k,v\n1,1\n",
        "values_from: {path: t.csv, key: {k: float64}, columns: {v: int64}}",
        "SKC110",
        "key",
    ),
    "two keys": (
        "k,v\n1,1\n",
        "values_from: {path: t.csv, key: {k: int64, v: int64}, columns: {v: int64}}",
        "SKC107",
        "key",
    ),
    "where": ("k,v\na,1\n", f"values_from: {{{GOOD}, where: v > 0}}", "SKC103", "`where`"),
    "a separator": ("k;v\na;1\n", f"values_from: {{{GOOD}}}", "SKC203", "separator"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 3)
    text, parameters, code, words = WRONG[name]
    written(tmp_path, "t.csv", text)
    with pytest.raises(SkcError) as caught:
        read(tmp_path, parameters)
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.code == code
    assert words in str(caught.value)
    assert diagnostic.span is not None
    assert (diagnostic.span.file, diagnostic.span.line) == (str(tmp_path / "pipeline.yaml"), 7)
    assert diagnostic.hint


FOLLOWED: list[tuple[str, tuple[str, str], tuple[str, str]]] = [  # the hint; file and parameters, wrong and right
    (
        "remove one of the two rows",
        ("k,v\na,1\na,2\n", f"values_from: {{{GOOD}}}"),
        ("k,v\na,1\n", f"values_from: {{{GOOD}}}"),
    ),
    (tables.HINT, ("k,v\na,1\n", "values_from: t.csv"), ("k,v\na,1\n", f"values_from: {{{GOOD}}}")),
    (
        "remove it from `columns`",
        ("k,v\na,1\n", "values_from: {path: t.csv, key: k, columns: {k: string, v: float64}}"),
        ("k,v\na,1\n", "values_from: {path: t.csv, key: k, columns: {v: float64}}"),
    ),
    (
        "write `key: COLUMN`",
        ("k,v\na,1\n", "values_from: {path: t.csv, key: {}, columns: {v: float64}}"),
        ("k,v\na,1\n", "values_from: {path: t.csv, key: k, columns: {v: float64}}"),
    ),
    (
        "write {COLUMN: float64}, with the type of each",
        ("k,v\na,1\n", "values_from: {path: t.csv, key: k, columns: v}"),
        ("k,v\na,1\n", "values_from: {path: t.csv, key: k, columns: {v: float64}}"),
    ),
    (
        "name a column and its type",
        ("k,v\na,1\n", "values_from: {path: t.csv, key: k, columns: {}}"),
        ("k,v\na,1\n", "values_from: {path: t.csv, key: k, columns: {v: float64}}"),
    ),
]


@pytest.mark.parametrize(("hint", "wrong", "right"), FOLLOWED)
def test_a_table_that_follows_the_hint(
    hint: str, wrong: tuple[str, str], right: tuple[str, str], tmp_path: Path
) -> None:
    written(tmp_path, "t.csv", wrong[0])
    with pytest.raises(SkcError) as caught:
        read(tmp_path, wrong[1])
    assert caught.value.diagnostics[0].hint == hint
    written(tmp_path, "t.csv", right[0])
    assert read(tmp_path, right[1])


def test_another_op_has_no_such_parameter(tmp_path: Path) -> None:
    written(tmp_path, "t.csv", "k,v\na,1\n")
    (tmp_path / "pipeline.yaml").write_text(
        TEXT.format(
            parameters="values: {a: 1}", dtype="string", last=f"{{clip: {{min_from: {{{GOOD}}}}}}}", output="float64"
        )
    )
    with pytest.raises(SkcError, match="no parameter `min_from`"):
        read_pipeline(tmp_path / "pipeline.yaml")


def test_the_plan_does_not_name_the_file(tmp_path: Path) -> None:
    written(tmp_path, "secret.csv", "k,v\na,1\n")
    text = read(tmp_path, "values_from: {path: secret.csv, key: k, columns: {v: float64}}")
    assert b"secret" not in text
    assert b"values_from" not in text
