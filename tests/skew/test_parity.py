"""`skc parity`: planted faults are counted exactly, each under its own name, whatever the online side is."""

from __future__ import annotations

import gzip
import json
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from parity_tables import COLUMNS, HOUR, NOON, Store, make, make_store, offline_of, plant
from sharing import Share

import skc
from skc import cli
from skc.skew.parity.report import FOUND, ParityReport
from skc.skew.parity.samples import instant


@pytest.fixture(scope="module")
def home(share: Share) -> Path:
    return share("parity-users", make)


def counts(report: ParityReport, name: str) -> dict[str, int]:
    """The findings of a column that are not 0."""
    column = next(column for column in report.columns if column.name == name)
    return {kind: column.counts[kind] for kind in FOUND if column.counts[kind]}


def keys(report: ParityReport) -> dict[str, int]:
    return {subject: number for subject, number, _ in report.key_findings}


def export(store: Store, file: Path, *, texts: bool = False, time: Any = None, key: str = "{}") -> Path:
    """The rows as a store is exported: with `texts` as one that has no types."""
    with file.open("w", encoding="utf-8") as lines:
        for number, row in store.rows.items():
            value: Any = {**row, "last_seen": instant(row["last_seen"])}
            if texts:
                value = json.dumps({k: v if v is None else str(v) for k, v in value.items()})
            lines.write(json.dumps({"key": key.format(number), "value": value, "time": time}) + "\n")
    return file


def function(store: Store) -> Any:
    """The store as a function, with the values that a client of Python returns."""

    def get_many(asked: list[int]) -> list[dict[str, Any] | None]:
        found = (store.rows.get(key) for key in asked)
        return [row if row is None else {**row, "last_seen": instant(row["last_seen"])} for row in found]

    return get_many


SIDES = ("table", "int32", "export", "texts", "function", "mapping")


def online(side: str, store: Store, folder: Path) -> Any:
    match side:
        case "table":
            return store.table()
        case "int32":
            return store.table(user_id=pa.int32())
        case "export" | "texts":
            return export(store, folder / "online.jsonl", texts=side == "texts")
        case "mapping":
            get_many = function(store)
            return lambda asked: {k: row for k, row in zip(asked, get_many(asked), strict=True) if row}
        case _:
            return function(store)


@pytest.mark.parametrize("side", SIDES)
def test_a_clean_store_agrees(side: str, home: Path, tmp_path: Path) -> None:
    store = make_store()
    report = skc.parity(
        offline_of(store), online(side, store, tmp_path), key="user_id", time="event_time", artifact=home / "artifact"
    )
    assert not report.is_different, skc.render(report)
    assert [column.name for column in report.columns] == [*COLUMNS]
    assert report.keys.matched == 300
    assert all(column.counts["equal"] == 300 for column in report.columns)


@pytest.mark.parametrize("side", SIDES)
def test_planted_faults_are_counted_under_their_names(side: str, home: Path, tmp_path: Path) -> None:
    store = make_store()
    offline, planted = offline_of(store), plant(store)
    answer = online(side, store, tmp_path)
    if side == "function":  # as Redis answers for a hash that it does not have
        answer = lambda asked, ask=answer: [row or {} for row in ask(asked)]  # noqa: E731
    report = skc.parity(offline, answer, key="user_id", time="event_time", artifact=home / "artifact")
    ghosts = {} if side in ("function", "mapping") else {"ghosts": planted["ghosts"]}
    assert keys(report) == {"missing": planted["missing"], **ghosts}
    expected = {kind: number for kind, number in planted.items() if kind not in ("missing", "ghosts")}
    assert counts(report, "spend") == expected
    assert all(counts(report, name) == {} for name in COLUMNS if name != "spend")
    assert report.knows_ghosts == bool(ghosts)
    spend = report.columns[0]
    assert (spend.samples["stale"][0].key, spend.samples["stale"][0].stale_time) == ("10", "2025-11-30T11:00:00Z")
    assert spend.samples["only-offline"][0].online is None


def test_an_older_value_is_as_old_as_the_row_that_replaced_it(home: Path, tmp_path: Path) -> None:
    """At 12:30 a value of 11:00 has been wrong for half an hour, since it was replaced at 12:00."""
    store = make_store()
    offline = offline_of(store)
    store.rows[7] = store.older[7]
    half_past = export(store, tmp_path / "online.jsonl", time="2025-11-30T12:30:00Z")
    asked: dict[str, Any] = {"key": "user_id", "time": "event_time", "artifact": home / "artifact"}
    report = skc.parity(offline, half_past, **asked)
    spend = report.columns[0]
    assert spend.behind is not None
    assert (spend.counts["stale"], spend.behind.most_us, spend.behind.older_us) == (1, HOUR // 2, HOUR)
    assert "1 stale (of a row up to 1 h older, behind by 30 min at the median and 30 min at most)" in skc.render(report)
    assert skc.parity(offline, half_past, **asked, lag="29m").columns[0].counts["stale"] == 1
    allowed = skc.parity(offline, half_past, **asked, lag="30m")
    assert not allowed.is_different
    assert allowed.columns[0].counts["within-lag"] == 1


def test_the_offline_row_is_that_of_the_time_of_the_online_row(home: Path, tmp_path: Path) -> None:
    store = make_store()
    offline = offline_of(store)
    newer = export(store, tmp_path / "n.jsonl", time="2025-11-30T13:00:00+01:00")  # exactly when it was written
    assert not skc.parity(offline, newer, key="user_id", time="event_time", artifact=home / "artifact").is_different
    store.rows = store.older
    at_noon = export(store, tmp_path / "a.jsonl", time=(NOON - 1))
    asked: dict[str, Any] = {"key": "user_id", "time": "event_time", "artifact": home / "artifact"}
    report = skc.parity(offline, at_noon, **asked)
    assert not report.is_different
    assert (report.keys.behind, report.keys.behind_us) == (300, 1)
    assert skc.parity(offline, at_noon, **asked, fail_on=["behind"]).broken
    earlier = export(store, tmp_path / "e.jsonl", time=NOON - HOUR // 4)
    allowed = [skc.parity(offline, earlier, **asked, lag=lag).keys.behind for lag in ("14m", "15m")]
    assert allowed == [300, 0]
    before = skc.parity(offline, export(store, tmp_path / "b.jsonl", time=NOON - HOUR - 1), **asked)
    assert keys(before) == {"early": 300}


def test_sentinels_and_nan_are_nulls(home: Path, tmp_path: Path) -> None:
    """-1.0 is null by the pipeline, NaN by the rules of floats."""
    store = make_store()
    for key in range(10):
        store.rows[key]["spend"] = None
    offline = pc.fill_null(offline_of(store)["spend"], float("nan"))
    offline = offline_of(store).set_column(2, "spend", offline)
    for key in range(5):
        store.rows[key]["spend"] = -1.0
    asked: dict[str, Any] = {"key": "user_id", "time": "event_time", "artifact": home / "artifact"}
    for side in SIDES:
        assert not skc.parity(offline, online(side, store, tmp_path), **asked).is_different


def test_values_that_cannot_be_read_are_counted(home: Path, tmp_path: Path) -> None:
    store = make_store()
    offline = offline_of(store)
    store.rows[3]["visits"] = "many"
    store.rows[4]["visits"] = 1.5
    store.rows[5]["city"] = 7
    asked: dict[str, Any] = {"key": "user_id", "time": "event_time", "artifact": home / "artifact"}
    for side in ("export", "function"):
        report = skc.parity(offline, online(side, store, tmp_path), **asked)
        assert counts(report, "visits") == {"unreadable": 2}
        assert counts(report, "city") == {"unreadable": 1}
        assert [s.online for s in report.columns[1].samples["unreadable"]] == ['"many"', "1.5"]


def test_integers_that_went_through_a_float(home: Path) -> None:
    store = make_store()
    store.rows[3]["visits"] = 2**53 + 1
    offline = offline_of(store)
    store.rows[3]["visits"] = 2**53
    report = skc.parity(offline, store.table(), key="user_id", time="event_time", artifact=home / "artifact")
    assert counts(report, "visits") == {"narrowed": 1}


def test_digits_of_a_float32_are_narrowed(home: Path) -> None:
    store = make_store()
    store.rows[3]["spend"] = 0.123456789
    offline = offline_of(store)
    store.rows[3]["spend"] = 0.12345679  # as a float32 is printed
    report = skc.parity(offline, store.table(), key="user_id", time="event_time", artifact=home / "artifact")
    assert counts(report, "spend") == {"narrowed": 1}


def test_a_column_that_the_store_does_not_have(home: Path, tmp_path: Path) -> None:
    store = make_store()
    offline = offline_of(store)
    for row in store.rows.values():
        del row["city"]
    asked: dict[str, Any] = {"key": "user_id", "time": "event_time", "artifact": home / "artifact"}
    for side in ("export", "function"):
        report = skc.parity(offline, online(side, store, tmp_path), **asked)
        assert [(c.name, c.absent) for c in report.found] == [("city", "online")]
    assert skc.parity(offline, store.table().drop_columns(["city"]), **asked).found[0].name == "city"
    assert skc.parity(offline.drop_columns(["city"]), make_store().table(), **asked).found == ()


def test_a_sample_has_the_same_keys_on_both_sides(home: Path) -> None:
    store = make_store(3000)
    offline = offline_of(store)
    report = skc.parity(
        offline, store.table(), key="user_id", time="event_time", artifact=home / "artifact", sample=500
    )
    assert not report.is_different
    assert report.all_keys == 3000
    assert 400 < report.keys.matched < 600


def versions(tmp_path: Path, store: Store, schemas: Mapping[int, str]) -> Path:
    file = tmp_path / "versions.jsonl"
    with file.open("w") as lines:
        for number, row in store.rows.items():
            value = {"spend": row["spend"]}
            line = {"key": number, "value": value, **({"schema": schemas[number]} if number in schemas else {})}
            lines.write(json.dumps(line) + "\n")
    return file


def test_rows_of_another_version(home: Path, tmp_path: Path) -> None:
    store = make_store()
    offline = offline_of(store).select(["user_id", "event_time", "spend"])
    asked: dict[str, Any] = {"key": "user_id", "time": "event_time", "artifact": home / "artifact"}
    mixed = versions(tmp_path, store, {key: "v1" if key < 3 else "v2" for key in range(300)})
    assert keys(skc.parity(offline, mixed, **asked)) == {"schema": 3}
    assert keys(skc.parity(offline, mixed, **asked, version="v1")) == {"schema": 297}
    assert keys(skc.parity(offline, mixed, **asked, version="v3")) == {"schema": 300}
    plan = skc.parity(offline, mixed, **asked).plan
    ours = versions(tmp_path, store, dict.fromkeys(range(299), plan[:12]) | {299: "0" * 12})
    assert keys(skc.parity(offline, ours, **asked)) == {"schema": 1}
    some = versions(tmp_path, store, dict.fromkeys(range(290), "v1"))
    assert keys(skc.parity(offline, some, **asked, version="v1")) == {"schema": 10}
    assert keys(skc.parity(offline, versions(tmp_path, store, {}), **asked)) == {}


def test_without_an_artifact_all_columns_are_compared_as_they_are_stored(tmp_path: Path) -> None:
    (tmp_path / "offline.csv").write_text("id,x,s\n1,1.5,a\n2,2.50,b\n3,,c\n")
    (tmp_path / "online.jsonl").write_text(
        '{"key": 1, "value": {"x": 1.5, "s": "a"}}\n{"key": "2", "value": {"x": "2.5", "s": "b"}}\n'
        '{"key": "3", "value": {"x": null, "s": "d"}}\n'
    )
    report = skc.parity(tmp_path / "offline.csv", tmp_path / "online.jsonl", key="id")
    assert {c.name: (c.dtype, c.counts["equal"], c.counts["other"]) for c in report.columns} == {
        "x": ("float64", 3, 0),
        "s": ("string", 2, 1),
    }


def test_rules_decide_the_exit_code(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store()
    plant(store)
    export(store, tmp_path / "online.jsonl")
    monkeypatch.chdir(tmp_path)
    command = ["parity", str(home / "offline.parquet"), "online.jsonl", "--key", "user_id", "--time", "event_time"]
    command += ["--artifact", str(home / "artifact")]
    assert cli.run(command) == cli.DIFFERENT
    for rule, code in {
        "stale": 1, "stale>0.02": 1, "stale>0.03": 0, "missing>0.01": 1, "missing>0.02": 0, "ghosts": 1, "early": 0,
        "schema": 0, "narrowed": 1, "negated>0": 1, "other>0.5": 0, "unreadable": 0, "differs>0.05": 1, "absent": 0,
        "behind": 0, "only-online": 0, "only-offline": 1,
    }.items():  # fmt: skip
        assert cli.run([*command, "--fail-on", rule]) == code, rule
    assert cli.run([*command, "--fail-on", "other>0.5,early"]) == cli.EQUAL
    (tmp_path / "store.py").write_text("def get_many(keys): return [None for key in keys]\n")


@pytest.mark.parametrize("written", ["text", "json", "junit", "github", "html"])
def test_the_report_is_the_same_for_any_order(written: Any, home: Path, tmp_path: Path) -> None:
    store = make_store()
    offline = offline_of(store)
    plant(store)
    asked: dict[str, Any] = {"key": "user_id", "time": "event_time", "artifact": home / "artifact"}
    online = store.table()
    one = skc.render(skc.parity(offline, online, **asked, threads=1), written)
    backwards = [table.take(list(reversed(range(len(table))))) for table in (offline, online)]
    other = skc.render(skc.parity(*backwards, **asked), written)
    assert one == other
    assert "spend" in one


WHY = {
    "hundredths": ("spend", "other", lambda row: row.update(spend=row["spend"] * 100), "100 times the value"),
    "a default": ("spend", "other", lambda row: row.update(spend=0.0), "0 in place of the value"),
    "rounded": ("spend", "other", lambda row: row.update(spend=round(row["spend"], 1)), "rounded to 1 decimal"),
    "another column": ("spend", "other", lambda row: row.update(spend=float(row["visits"])), "input `visits`"),
    "another zone": (
        "last_seen",
        "other",
        lambda row: row.update(last_seen=row["last_seen"] - 5 * HOUR),
        "5 h earlier",
    ),
    "noise": ("spend", "other", lambda row: row.update(spend=row["spend"] + row["visits"] % 7 + 0.1), None),
}


@pytest.mark.parametrize("name", WHY)
def test_why_values_are_others(name: str, home: Path) -> None:
    """A job that wrote 60 of the rows is named; the other rows do not hide it."""
    column, kind, change, expected = WHY[name]
    store = make_store()
    offline = offline_of(store)
    for key in range(100, 160):
        change(store.rows[key])
    report = skc.parity(offline, store.table(), key="user_id", time="event_time", artifact=home / "artifact")
    assert counts(report, column) == {kind: 60}
    (differing,) = report.found
    if expected is None:
        assert differing.reasons == {}
    else:
        assert expected in differing.reasons["other"].text
        assert f"60 different: online it is {differing.reasons['other'].text}" in skc.render(report)


def test_zeros_in_place_of_nulls(home: Path) -> None:
    store = make_store()
    for key in range(60):
        store.rows[key]["spend"] = None
    offline = offline_of(store)
    for key in range(60):
        store.rows[key]["spend"] = 0.0
    report = skc.parity(offline, store.table(), key="user_id", time="event_time", artifact=home / "artifact")
    assert counts(report, "spend") == {"only-online": 60}
    assert report.found[0].reasons["only-online"].text == "0 in place of nulls"


def test_instants_may_be_microseconds(home: Path, tmp_path: Path) -> None:
    """As in a request."""
    store = make_store()
    asked: dict[str, Any] = {"key": "user_id", "time": "event_time", "artifact": home / "artifact"}
    offline = offline_of(store)
    assert not skc.parity(offline, lambda keys: [store.rows[key] for key in keys], **asked).is_different
    store.rows[5]["last_seen"] += 1
    store.rows[6]["last_seen"] = 1e15
    store.rows[7]["last_seen"] = 2**62
    report = skc.parity(offline, lambda keys: [store.rows[key] for key in keys], **asked)
    assert counts(report, "last_seen") == {"other": 1, "unreadable": 2}


def test_rows_without_a_key_or_a_time_are_counted(home: Path) -> None:
    store = make_store()
    offline = offline_of(store)
    row = offline.slice(0, 1)
    no_key = row.set_column(1, "user_id", pa.array([None], pa.int64()))
    no_time = row.set_column(0, "event_time", pa.array([None], row["event_time"].type))
    both = pa.concat_tables([offline, no_key, no_time, no_time])
    online = pa.concat_tables([store.table(), no_key.select(store.table().column_names)])
    report = skc.parity(both, online, key="user_id", time="event_time", artifact=home / "artifact")
    assert not report.is_different
    assert (report.without_key, report.without_time) == ((1, 1), 2)
    some = skc.parity(both, online, key="user_id", time="event_time", artifact=home / "artifact", sample=100)
    assert some.without_key == (1, 1)
    said = skc.render(report)
    assert "1 offline row without a key" in said
    assert "2 offline rows without a time, which are not compared" in said


@pytest.mark.parametrize("packed", ["", ".gz"])
def test_an_export_is_known_by_its_first_record(packed: str, tmp_path: Path) -> None:
    """A table of JSON lines may have columns called key and value."""
    records = '{"key": "a", "value": 1.5}\n{"key": "b", "value": 2.5}\n'
    offline = pa.table({"key": ["a", "b"], "value": [1.5, 2.5]})
    file = tmp_path / f"online.jsonl{packed}"
    file.write_bytes(gzip.compress(records.encode()) if packed else records.encode())
    assert not skc.parity(offline, file, key="key").is_different
    nested = records.replace("1.5", '{"value": 1.5}').replace("2.5", '"{\\"value\\": 2.5}"')
    file.write_bytes(gzip.compress(nested.encode()) if packed else nested.encode())
    assert not skc.parity(offline, file, key="key").is_different


def test_many_parts_find_what_one_finds(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that do not fit into memory together are compared a part at a time."""
    store = make_store()
    offline = offline_of(store)
    plant(store)
    file = export(store, tmp_path / "online.jsonl", time="2025-11-30T12:30:00Z", key="user:{}|1")
    asked: dict[str, Any] = {"key": "user_id", "time": "event_time", "artifact": home / "artifact", "lag": "10m"}
    asked |= {"online_key": "user:{user_id}|*"}
    one = skc.parity(offline, file, **asked)
    monkeypatch.setattr("skc.skew.parity.tables.AT_ONCE", 100)
    many = skc.parity(offline, file, **asked)
    assert one.is_different
    assert one.keys.ghosts == 6
    assert many.to_json() == one.to_json()
    asked_for: list[int] = []

    def get_many(keys: list[str]) -> list[Any]:
        asked_for.extend(int(key.removeprefix("user:")) for key in keys)
        return function(store)([int(key.removeprefix("user:")) for key in keys])

    asked |= {"online_key": "user:{user_id}", "lag": None}  # its rows have no time
    assert skc.parity(offline, get_many, **asked).found[0].counts == one.found[0].counts
    assert sorted(asked_for) == list(range(300))


def test_the_commands_of_the_page_run(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/parity.md; its store is a Redis there, and rows in memory here."""
    page = (Path(__file__).parents[2] / "docs" / "parity.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ skc (parity .*)$", page, re.MULTILINE)
    assert len(commands) == 2
    store = make_store()
    pq.write_table(offline_of(store), tmp_path / "users.parquet")
    shutil.copytree(home / "artifact", tmp_path / "artifact")
    plant(store)
    export(store, tmp_path / "online.jsonl")
    rows = {f"user:{key}": row for key, row in store.rows.items()}
    module = ModuleType("store")
    module.get_many = lambda keys: [rows.get(key) for key in keys]  # type: ignore[attr-defined]  # made here
    monkeypatch.setitem(sys.modules, "store", module)
    monkeypatch.chdir(tmp_path)
    more_options = ([], ["--time", "event_time"])  # the offline table of the tests has two rows of each key
    codes = [cli.run([*shlex.split(command), *more]) for command, more in zip(commands, more_options, strict=True)]
    assert codes == [cli.DIFFERENT] * 2


def test_an_online_side_without_rows_is_not_asked_for_another_key(tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "b"], "x": [1.0, 2.0]})
    with pytest.raises(skc.SkcError, match="the online side has no rows with a key") as error:
        skc.parity(table, table.slice(0, 0), key="id")
    assert error.value.code == "SKC208"
