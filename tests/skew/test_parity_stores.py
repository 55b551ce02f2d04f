"""`skc parity --online module:get_many` on a real Redis and a real Postgres, read as a service reads them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from parity_tables import COLUMNS, HOUR, Store, make, make_store, offline_of, plant
from servers import free_port, postgres_on_loopback, redis_on_loopback
from sharing import Share
from toolchains import need

import skc
from skc import cli
from skc.skew.parity.report import FOUND
from skc.skew.parity.samples import instant

REDIS = """\
import json
import os

import redis

client = redis.Redis("127.0.0.1", int(os.environ["STORE_PORT"]), decode_responses=True)


def get_many(keys):
    \"\"\"Hashes, whose values are all texts; of one that is not there, Redis returns an empty one.\"\"\"
    with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.hgetall(key)
        return pipe.execute()


def get_json(keys):
    \"\"\"One text of JSON per key, by MGET.\"\"\"
    return [None if text is None else json.loads(text) for text in client.mget([f"json:{key}" for key in keys])]


def get_bytes(keys):
    \"\"\"As a client returns them that does not decode.\"\"\"
    with redis.Redis("127.0.0.1", int(os.environ["STORE_PORT"])) as raw, raw.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.hgetall(f"user:{key}")
        return pipe.execute()
"""
POSTGRES = """\
import os

import psycopg
from psycopg.rows import dict_row


def get_many(keys):
    with psycopg.connect(os.environ["STORE_URL"], row_factory=dict_row) as connection:
        rows = connection.execute("SELECT * FROM users WHERE user_id = ANY(%s)", [keys]).fetchall()
    return {row.pop("user_id"): row for row in rows}


def get_in_order(keys):
    found = get_many(keys)
    return [found.get(key) for key in keys]


def get_from_nowhere(keys):
    with psycopg.connect(os.environ["STORE_URL"]) as connection:
        return connection.execute("SELECT * FROM nowhere").fetchall()
"""
TABLE = """\
CREATE TABLE users (user_id bigint PRIMARY KEY, spend {number}, visits integer, city text, member boolean,
                    last_seen timestamptz, event_time timestamptz)
"""


@pytest.fixture(scope="module")
def home(share: Share) -> Path:
    return share("parity-users", make)


@pytest.fixture(scope="module")
def redis_port() -> Iterator[int]:
    need("redis")
    with redis_on_loopback() as port:
        yield port


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    need("postgres")
    with postgres_on_loopback() as url:
        yield url


def command(home: Path, folder: Path, store: Store, module: str, *more: str) -> list[str]:
    """The command line, in a folder that has the offline table and the modules under names of their own."""
    pq.write_table(offline_of(store), folder / "offline.parquet")
    for name, text in (("redis_store", REDIS), ("postgres_store", POSTGRES)):
        (folder / f"{name}.py").write_text(text)
        sys.modules.pop(name, None)
    words = ["parity", "offline.parquet", "--online", module, "--key", "user_id", "--time", "event_time"]
    return [*words, "--artifact", str(home / "artifact"), "--format", "json", *more]


def report_of(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> Any:
    assert cli.run(arguments) == code, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def findings(report: Any) -> dict[str, dict[str, int]]:
    kinds = [kind.replace("-", "_") for kind in FOUND]
    all_ = {c["name"]: {kind: c["counts"][kind] for kind in kinds if c["counts"][kind]} for c in report["columns"]}
    return {name: counts for name, counts in all_.items() if counts}


def fill_redis(port: int, store: Store) -> None:
    import redis

    with redis.Redis("127.0.0.1", port) as client, client.pipeline(transaction=False) as pipe:
        pipe.flushall()
        for key, row in store.rows.items():
            values = {**row, "member": str(row["member"]).lower(), "last_seen": instant(row["last_seen"])}
            pipe.hset(f"user:{key}", mapping={name: value for name, value in values.items() if value is not None})
            pipe.set(f"json:{key}", json.dumps({**row, "last_seen": values["last_seen"]}))
        pipe.execute()


@pytest.mark.parametrize("function", ["get_many", "get_json", "get_bytes"])
def test_redis(
    function: str,
    home: Path,
    redis_port: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORE_PORT", str(redis_port))
    store = make_store()
    template = ["--online-key", "user:{user_id}"] if function == "get_many" else []
    arguments = command(home, tmp_path, store, f"redis_store:{function}", *template)
    fill_redis(redis_port, store)
    clean = report_of(arguments, cli.EQUAL, capsys)
    assert [column["counts"]["equal"] for column in clean["columns"]] == [300] * len(COLUMNS)
    planted = plant(store)
    fill_redis(redis_port, store)
    report = report_of(arguments, cli.DIFFERENT, capsys)
    assert (report["keys"]["missing"], report["keys"]["ghosts"]) == (planted["missing"], None)
    kinds = ("stale", "narrowed", "negated", "other")
    assert findings(report) == {"spend": {kind: planted[kind] for kind in kinds} | {"only_offline": 3}}


def test_redis_says_how_its_keys_are_written(
    home: Path,
    redis_port: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORE_PORT", str(redis_port))
    store = make_store()
    fill_redis(redis_port, store)
    arguments = command(home, tmp_path, store, "redis_store:get_many")
    (refusal,) = report_of(arguments, cli.USER, capsys)["diagnostics"]
    assert refusal["code"] == "SKC677"
    assert refusal["hint"].endswith("--online-key 'user:{user_id}'")
    assert cli.run([*arguments, "--online-key", "user:{user_id}"]) == cli.EQUAL


def test_a_redis_that_does_not_answer(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    need("redis")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORE_PORT", str(free_port()))
    arguments = command(home, tmp_path, make_store(), "redis_store:get_many")
    (refusal,) = report_of(arguments, cli.USER, capsys)["diagnostics"]
    assert refusal["code"] == "SKC671"
    assert refusal["message"] == "the function, asked for 300 keys such as 0, raises ConnectionError"


def fill_postgres(url: str, store: Store, number: str, at: int | None = None) -> None:
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS users")
        connection.execute(TABLE.format(number=number))
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO users VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [
                    (key, *(row[name] for name in COLUMNS[:4]), instant(row["last_seen"]), instant(at))
                    for key, row in store.rows.items()
                ],
            )


@pytest.mark.parametrize("function", ["get_many", "get_in_order"])
def test_postgres(
    function: str,
    home: Path,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Integers, booleans and instants with a zone come as such; without a time of the row, the latest counts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORE_URL", postgres_url)
    store = make_store()
    arguments = command(home, tmp_path, store, f"postgres_store:{function}")
    fill_postgres(postgres_url, store, "double precision")
    assert findings(report_of(arguments, cli.EQUAL, capsys)) == {}
    planted = plant(store)
    fill_postgres(postgres_url, store, "double precision")
    report = report_of(arguments, cli.DIFFERENT, capsys)
    kinds = ("stale", "narrowed", "negated", "other")
    assert report["keys"]["missing"] == planted["missing"]
    assert findings(report) == {"spend": {kind: planted[kind] for kind in kinds} | {"only_offline": 3}}


def test_a_column_of_postgres_that_is_narrower(
    home: Path,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`real` is float32; `numeric(10, 2)` comes as a decimal, rounded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORE_URL", postgres_url)
    store = make_store()
    arguments = command(home, tmp_path, store, "postgres_store:get_many")
    fill_postgres(postgres_url, store, "real")
    assert findings(report_of(arguments, cli.DIFFERENT, capsys)) == {"spend": {"narrowed": 300}}
    fill_postgres(postgres_url, store, "numeric(10, 2)")
    assert findings(report_of(arguments, cli.DIFFERENT, capsys)) == {"spend": {"other": 300}}
    for row in store.rows.values():
        row["spend"] = round(row["spend"], 2)
    pq.write_table(offline_of(store), tmp_path / "offline.parquet")
    assert findings(report_of(arguments, cli.EQUAL, capsys)) == {}


def test_a_postgres_that_is_behind(
    home: Path,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its rows say of what time they are: half an hour after the later of the two offline rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORE_URL", postgres_url)
    store = make_store()
    arguments = command(home, tmp_path, store, "postgres_store:get_many")
    store.rows = {**store.rows, **{key: store.older[key] for key in range(30)}}
    fill_postgres(postgres_url, store, "double precision", 1_764_504_000_000_000 + HOUR // 2)
    report = report_of(arguments, cli.DIFFERENT, capsys)
    assert findings(report)["spend"] == {"stale": 30}
    assert report["columns"][0]["behind"] == {"median_us": HOUR // 2, "most_us": HOUR // 2, "older_us": HOUR}
    assert cli.run([*arguments, "--lag", "30m"]) == cli.EQUAL


def test_a_query_that_fails(
    home: Path,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORE_URL", postgres_url)
    arguments = command(home, tmp_path, make_store(), "postgres_store:get_from_nowhere")
    (refusal,) = report_of(arguments, cli.USER, capsys)["diagnostics"]
    assert refusal["code"] == "SKC671"
    assert refusal["message"].endswith("raises UndefinedTable")


def test_a_sample_of_keys_is_what_the_store_is_asked_for(home: Path) -> None:
    store = make_store(3000)
    asked_for: list[int] = []

    def get_many(keys: list[int]) -> list[dict[str, Any] | None]:
        assert len(keys) <= 1000
        asked_for.extend(keys)
        return [{**store.rows[key], "last_seen": instant(store.rows[key]["last_seen"])} for key in keys]

    asked = {"key": "user_id", "time": "event_time", "artifact": home / "artifact"}
    report = skc.parity(offline_of(store), get_many, sample=500, **asked)
    assert not report.is_different
    assert len(asked_for) == len(set(asked_for)) == report.keys.matched < 600
