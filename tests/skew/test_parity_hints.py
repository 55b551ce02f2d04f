"""Every hint of `skc parity` works: the command that follows it is not refused for the same reason."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from followed_hints import SMALL, Followed, follow
from key_cases import WRITTEN

import skc
from skc import cli

PARITY = ("parity", "offline.csv", "online.csv", "--key", "id")
STORE = ("parity", "offline.csv", "--key", "id", "--online")
EXPORTED = ("parity", "offline.csv", "--key", "id")
TEMPLATE = (*EXPORTED, "prefixed.jsonl", "--online-key")
FUNCTIONS = """\
rows = {1: {"x": 1.5, "s": "a"}, 2: {"x": 2.5, "s": "b"}}
a_list = []
def get_many(keys): return [rows.get(int(key)) for key in keys]
def get_one(key): return rows[key]
def get_few(keys): return [rows[1]]
def get_nothing(keys): return [None for key in keys]
"""
FORM = (
    "write it as user:{id}, with {id:lower}, {id:upper}, {id:strip}, {id:trim0}, {id:int}, {id:float}, {id:hex}, "
    "{id:uuid}, {id:0>8}, {id:after :}, {id:before |}, {id:digits}, {id:fold} or {id:~lower}"
)
FOLLOWED: Followed = {
    "give a table, an export, or --online module:get_many": (EXPORTED, (*STORE, "hinted:get_many")),
    "write --key user_id, or --key user_id=uid": (PARITY[:3], PARITY),
    "give --time, or leave both out": ((*PARITY, "--lag", "1h"), (*PARITY, "--lag", "1h", "--time", "at")),
    "write 15m, 1h, 1d or 1w": (
        (*PARITY, "--lag", "1", "--time", "at"),
        (*PARITY, "--lag", "15m", "--time", "at"),
    ),
    "name a column of it: id, at, x, s": ((*PARITY[:4], "country"), PARITY),
    "use texts or integers": (("parity", "days.parquet", "days.parquet", "--key", "day"), PARITY),
    "give a table whose columns have the names of the inputs": (
        ("parity", "offline.csv", "others.csv", "--key", "id", "--artifact", "artifact"),
        (*PARITY, "--artifact", "artifact"),
    ),
    "export it again, or remove the last line: the keys after it would seem to be missing": (
        (*EXPORTED, "half.jsonl"),
        (*EXPORTED, "online.jsonl"),
    ),
    'write every line as {"key": "u1", "value": {"age": 3}}, with a "time" if you know it': (
        (*EXPORTED, "wrong.jsonl"),
        (*EXPORTED, "online.jsonl"),
    ),
    FORM: ((*TEMPLATE, "user:{user}"), (*TEMPLATE, "user:{id}")),
    "write {id}|* or *:{id}": ((*TEMPLATE, "*{id}"), (*TEMPLATE, "*:{id}")),
    "write one of missing, ghosts": ((*PARITY, "--fail-on", "zzz"), (*PARITY, "--fail-on", "stale>0.01")),
    "the store seems to write its keys so: --online-key 'user:{id}'": (
        (*EXPORTED, "prefixed.jsonl"),
        (*TEMPLATE, "user:{id}"),
    ),
    "say how the store writes a key: --online-key 'user:{id}'": (
        (*EXPORTED, "unlike.jsonl"),
        (*TEMPLATE, "user:{id}"),
    ),
    "check the store that the function reads, and say how it writes a key with --online-key": (
        (*STORE, "hinted:get_nothing"),
        (*STORE, "hinted:get_many", "--online-key", "{id}"),
    ),
    "give a table with rows": (("parity", "empty.parquet", "online.csv", "--key", "id"), PARITY),
    "export the store, and give the export as ONLINE": (
        (*STORE, "hinted:get_many", "--online-key", "*:{id}"),
        (*TEMPLATE, "*:{id}"),
    ),
    "write --online module:get_many": ((*STORE, "hinted"), (*STORE, "hinted:get_many")),
    "name an object of the module, as in `store:get_many`": (
        (*STORE, "hinted:zzzz"),
        (*STORE, "hinted:get_many"),
    ),
    "name a function from a list of keys to a list of dicts": (
        (*STORE, "hinted:a_list"),
        (*STORE, "hinted:get_many"),
    ),
    "mend the function: skc calls it with a list of keys": ((*STORE, "hinted:get_one"), (*STORE, "hinted:get_many")),
    "return a list with one dict for each key, in their order, and None for a key that the store does not have": (
        (*STORE, "hinted:get_few"),
        (*STORE, "hinted:get_many"),
    ),
    "give times as microseconds since 1970, or as texts in ISO 8601": (
        ("parity", "seconds.parquet", "online.csv", "--key", "id", "--time", "at"),
        (*PARITY, "--time", "at"),
    ),
    "name the column of times with --time, so that the latest row of a key counts": (
        ("parity", "history.csv", "online.csv", "--key", "id"),
        ("parity", "history.csv", "online.csv", "--key", "id", "--time", "at"),
    ),
    "give one row of each key, or rows of different times": (
        ("parity", "offline.csv", "history.csv", "--key", "id"),
        ("parity", "offline.csv", "history.csv", "--key", "id", "--time", "at"),
    ),
    "name a column of timestamps, dates, microseconds since 1970 or texts in ISO 8601": (
        (*PARITY, "--time", "s"),
        (*PARITY, "--time", "at"),
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parity-hints")
    rows = "id,at,x,s\n1,2025-11-01,1.5,a\n2,2025-11-01,2.5,b\n"
    line = '{{"key": "{}", "value": {{"x": 1.5, "s": "a"}}}}\n'.format
    files = {
        "offline.csv": rows,
        "online.csv": rows,
        "history.csv": rows + "2,2025-11-02,3.5,b\n",
        "others.csv": "id,y\n1,1\n",
        "online.jsonl": line(1) + line(2),
        "half.jsonl": line(1) + line(2)[:20],
        "wrong.jsonl": line(1) + '{"key": "2", "value": 3}\n',
        "prefixed.jsonl": line("user:1") + line("user:2"),
        "unlike.jsonl": line("one") + line("two"),
        "hinted.py": FUNCTIONS,
        "pipeline.yaml": SMALL,
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    days = pa.array([20000, 20001], pa.int32()).cast(pa.date32())
    pq.write_table(pa.table({"day": days, "x": [1.0, 2.0]}), folder / "days.parquet")
    pq.write_table(pa.table({"id": ["1"], "x": [1.5]}).slice(1), folder / "empty.parquet")
    pq.write_table(pa.table({"id": [1], "x": [1.5], "at": [1_764_000_000]}), folder / "seconds.parquet")
    skc.compile(folder / "pipeline.yaml", folder / "offline.csv", folder / "artifact", rows=0, verify=False)
    return folder


@pytest.mark.parametrize("words", FOLLOWED)
def test_a_command_that_follows_the_hint(
    words: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    follow(FOLLOWED, words, home, monkeypatch, capsys)


# What a store shows that is only asked for keys: nothing of what is around them.
OF_STORES = [name for name, (_, _, text) in WRITTEN.items() if re.fullmatch(r"(user:)?\{[^{}~]*\}", text)]


@pytest.mark.parametrize(
    ("name", "kind"), [*((name, "export") for name in WRITTEN), *((name, "store") for name in OF_STORES)]
)
def test_a_proposal_works_when_it_is_followed(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys, written, template = WRITTEN[name]
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table({"user_id": keys, "x": [float(k) for k in range(300)]}), "offline.parquet")
    online = {written(key): float(k) for k, key in enumerate(keys)}
    lines = [f'{{"key": "{key}", "value": {{"x": {x}}}}}\n' for key, x in online.items()]
    others = [f'{{"key": "item:{k}", "value": {{"x": 1.0}}}}\n' for k in range(40)]  # other things in the same store
    (tmp_path / "online.jsonl").write_text("".join([*others, *lines]))
    if kind == "store":
        monkeypatch.syspath_prepend(tmp_path)
        module = f"store_{abs(hash((name, str(tmp_path))))}"
        text = (
            f"rows = {online!r}\ndef get_many(keys): return [{{'x': rows[k]}} if k in rows else None for k in keys]\n"
        )
        (tmp_path / f"{module}.py").write_text(text)
    command = ["parity", "offline.parquet", "--key", "user_id"]
    command += ["online.jsonl"] if kind == "export" else ["--online", f"{module}:get_many"]
    assert cli.run(command) == cli.USER
    said = re.search(r"hint: .*(--online-key .*)", capsys.readouterr().err)
    assert said is not None
    proposal = shlex.split(said[1])
    assert proposal[1] == template
    code = cli.run([*command, *proposal, "--fail-on", "missing,differs"])
    assert code == cli.EQUAL, capsys.readouterr().out


def test_integers_are_asked_for_as_integers_and_as_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table({"user_id": [1, 2, 3], "x": [1.0, 2.0, 3.0]}), "offline.parquet")
    text = "rows = {'1': 1.0, '2': 2.0, '3': 3.0}\n"
    text += "def get_many(keys): return [{'x': rows[k]} if k in rows else None for k in keys]\n"
    (tmp_path / "store_of_texts.py").write_text(text)
    command = ["parity", "offline.parquet", "--key", "user_id", "--online", "store_of_texts:get_many"]
    assert cli.run(command) == cli.USER
    assert "--online-key '{user_id}'" in capsys.readouterr().err
    assert cli.run([*command, "--online-key", "{user_id}"]) == cli.EQUAL


def test_of_several_online_keys_of_an_open_template_the_last_counts(tmp_path: Path) -> None:
    """Where a time stands in the open end, that is the latest."""
    offline = pa.table({"id": ["a", "b"], "x": [2.0, 3.0]})
    days = {"a|2025-06-01": 1.0, "a|2025-06-03": 2.0, "a|2025-06-02": 1.5, "b|2025-05-01": 3.0}
    for order in (1, -1):
        keys = list(days)[::order]
        online = pa.table({"id": keys, "x": [days[key] for key in keys]})
        report = skc.parity(offline, online, key="id", online_key="{id}|*")
        assert not report.is_different
        assert report.online_rows == 2
