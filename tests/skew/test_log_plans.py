"""A log of a service that swapped its artifact: every command reads with `--own-plan` what its artifact served."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from followed_hints import Command, follow
from sharing import Share

import skc
import skc_runtime
from skc import cli
from skc.diagnostics import SkcError
from skc.skew.log_plans import OtherPlan, left_out_text
from skc_runtime import Transformer

SCHEMAS = Path(__file__).parents[2] / "schemas"
PIPELINE = """\
skc: 1
name: clicks
inputs:
  clicks: {type: float64, nullable: true, max_age: 10s}
outputs: {x: {features: [clicks], dtype: float64}}
"""
SCALED = PIPELINE.replace("outputs:", "features: {scaled: {from: clicks, apply: [standard_scale]}}\noutputs:").replace(
    "[clicks]", "[scaled]"
)
SECOND = 1_000_000
BEGIN = 1_764_437_677_000_000  # microseconds since 1970
PARTS = (("first", 120), ("second", 150), ("third", 7), ("first", 80), ("second", 1))
OWN = {"first": 200, "second": 151, "third": 7}


def make(folder: Path) -> None:
    """Three artifacts, and a log whose files are of all of them. What the second one served has drifted, is old, and
    hides nothing that the others show.
    """
    folder.mkdir()
    table = pa.table({"clicks": [float(k % 5) for k in range(300)]})
    pq.write_table(table, folder / "rows.parquet")
    skc.write_profile(folder / "rows.parquet", folder / "profile.json")
    texts = {
        "first": PIPELINE,
        "second": SCALED,
        "third": SCALED.replace("standard_scale", "robust_scale") + "log: {omit: [clicks]}\n",
    }
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
        skc.compile(folder / f"{name}.yaml", table, folder / name, rows=0, verify=False)
    served = {name: skc_runtime.load(folder / name) for name in texts}
    for name in texts:
        log_of(folder / f"{name}-log", served, [part for part in PARTS if part[0] == name])
    log_of(folder / "log", served, PARTS)


def log_of(folder: Path, served: dict[str, Transformer], parts: Sequence[tuple[str, int]]) -> None:
    """Requests as a service writes them behind a `Reloadable`: one log, and a file for each time that one serves."""
    with skc_runtime.Log.open(folder, served["first"], features="full", on_full="wait") as log:
        n = dict.fromkeys(served, 0)
        for name, number in parts:
            for _ in range(number):
                k = n[name] = n[name] + 1
                record = {"clicks": float(k % 5) if name == "first" else 90.0}
                now = BEGIN + k * SECOND
                age = SECOND if name == "first" else 3600 * SECOND
                features = served[name].transform_record(record)
                log.add(
                    f"{name} {k}", record, features, time_us=now, as_of={"clicks": now - age}, served_by=served[name]
                )


@pytest.fixture(scope="module")
def home(share: Share) -> Path:
    return share("log-plans", make)


def others(home: Path, name: str) -> tuple[OtherPlan, ...]:
    plans = {other: skc_runtime.load(home / other).manifest.plan for other in OWN if other != name}
    return tuple(sorted((OtherPlan(plan, OWN[other]) for other, plan in plans.items()), key=lambda one: one.plan))


@pytest.mark.parametrize("command", ["drift", "freshness", "replay"])
@pytest.mark.parametrize("name", ["first", "second"])
def test_own_requests_are_read_as_if_there_were_no_others(home: Path, command: str, name: str) -> None:
    with pytest.raises(SkcError, match="is of the pipeline") as caught:
        getattr(skc, command)(home / "log", home / name)
    assert caught.value.code == "SKC604"
    report = getattr(skc, command)(home / "log", home / name, own_plan=True)
    alone = getattr(skc, command)(home / f"{name}-log", home / name, own_plan=True)
    found, expected = (json.loads(json.dumps(one.to_json())) for one in (report, alone))
    assert found.pop("left_out") == [{"plan": one.plan, "requests": one.requests} for one in others(home, name)]
    assert expected.pop("left_out") == []
    if command == "replay":  # which says of all files whether they are whole
        assert found.pop("log")["requests"] == sum(OWN.values())
        assert expected.pop("log")["requests"] == OWN[name]
    assert found == expected
    assert found["rows" if command == "drift" else "requests"] == OWN[name]
    schema = "skew" if command == "drift" else command
    jsonschema.validate(report.to_json(), json.loads((SCHEMAS / f"{schema}-report.v1.schema.json").read_bytes()))
    words = left_out_text(others(home, name))
    assert words.startswith("left out by --own-plan: ")
    for output_format in ("text", "html"):
        assert words.lower() in skc.render(report, output_format).lower()
        assert "own-plan" not in skc.render(alone, output_format)


def test_own_requests_are_converted(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "log.parquet"
    convert = ["log", "convert", str(home / "log"), "-o", str(out), "--artifact", str(home / "second")]
    assert cli.run(convert) == cli.USER
    assert "SKC604" in capsys.readouterr().err
    assert not out.exists()
    assert cli.run([*convert, "--own-plan"]) == 0
    assert left_out_text(others(home, "second")) in capsys.readouterr().err
    ids = pq.read_table(out)["id"].to_pylist()
    assert ids == [f"second {k + 1}" for k in range(OWN["second"])]


def test_a_damaged_line_of_another_pipeline_is_not_counted(home: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(home / "log", tmp_path / "log")
    plan = skc_runtime.load(home / "third").manifest.plan
    (third,) = [path for path in folder.iterdir() if plan in path.read_text().partition("\n")[0]]
    third.write_text(third.read_text().replace('"n":271,', '"n":-271,'))
    report = skc.freshness(folder, home / "first", own_plan=True)
    assert report.damaged == 0
    assert {one.plan: one.requests for one in report.left_out}[plan] == 6


def test_without_a_request_of_its_own(home: Path, tmp_path: Path) -> None:
    """An answer about nothing would read as if all were well."""
    log, third = home / "first-log", home / "third"
    for ask in (skc.drift, skc.freshness, skc.replay):
        with pytest.raises(SkcError, match=r"SKC604.*--own-plan leaves out all requests: 200 requests of "):
            ask(log, third, own_plan=True)
    out = str(tmp_path / "log.parquet")
    assert cli.run(["log", "convert", str(log), "-o", out, "--artifact", str(third), "--own-plan"]) == cli.USER
    assert not Path(out).exists()


def test_many_pipelines_are_named_shortly() -> None:
    plans = [OtherPlan(f"{k:064}", k) for k in range(1, 9)]
    words = left_out_text(plans)
    assert words.startswith(f"left out by --own-plan: 1 request of {'0' * 12}, 2 requests of ")
    assert words.endswith(" and 3 more")
    assert left_out_text(()) == ""


CONVERT = ("log", "convert", "log", "-o", "log.parquet", "--force")
SERVED_IT = "give the artifact that served it; --own-plan leaves it out"
NEEDS_ONE = "give the artifact that served, or leave it out"
HINTS: list[tuple[str, Command, Command]] = [
    (SERVED_IT, ("drift", "log", "first"), ("drift", "log", "first", "--own-plan")),
    (SERVED_IT, ("freshness", "log", "first"), ("freshness", "log", "first", "--own-plan")),
    (SERVED_IT, (*CONVERT, "--artifact", "first"), (*CONVERT, "--artifact", "first", "--own-plan")),
    (
        "give the artifact that served them",
        ("drift", "first-log", "third", "--own-plan"),
        ("drift", "first-log", "first", "--own-plan"),
    ),
    (NEEDS_ONE, ("drift", "first-log", "profile.json", "--own-plan"), ("drift", "first-log", "profile.json")),
    (NEEDS_ONE, ("freshness", "log", "--own-plan"), ("freshness", "log")),
    (NEEDS_ONE, (*CONVERT, "--own-plan"), CONVERT),
    (
        "give the log and the artifact of one pipeline; a log names its own",
        ("log", "check", "log", "--artifact", "first"),
        ("log", "check", "first-log", "--artifact", "first"),
    ),
    (
        "give a log, or leave it out",
        ("drift", "rows.parquet", "first", "--own-plan"),
        ("drift", "rows.parquet", "first"),
    ),
]


@pytest.mark.parametrize(("hint", "wrong", "right"), HINTS)
def test_a_command_that_follows_the_hint(
    hint: str,
    wrong: Command,
    right: Command,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    follow({hint: (wrong, right)}, hint, home, monkeypatch, capsys)
