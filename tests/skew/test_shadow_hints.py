"""Every hint of `skc shadow` works: the command that follows it is not refused for the same reason."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from followed_hints import Followed, follow
from shadow_services import PROGRAM, answers, log_file, requests_file, rides

import skc

PIPELINE = """\
skc: 1
name: small
inputs: {fare: {type: float64, nullable: true}, zone: string}
features: {fare: {from: fare, apply: [{impute: {strategy: median}}]}}
outputs: {out: {features: [fare], dtype: float64}}
"""
SHADOW = ("shadow", "--left", "cat", "--right", "cat")
ASKED = (*SHADOW, "--requests", "requests.jsonl")
LOGS = ("shadow", "a.jsonl", "b.jsonl")
SERVICE = shlex.join([sys.executable, "service.py"])
TALK = shlex.join([sys.executable, "service.py", '{"how": "talk"}'])
TWICE = shlex.join([sys.executable, "service.py", '{"how": "twice"}'])


def right(service: str) -> tuple[str, ...]:
    return ("shadow", "--left", "cat", "--requests", "requests.jsonl", "--right", service)


FOLLOWED: Followed = {
    "give a number from 0 to 1": ((*LOGS, "--share", "10"), (*LOGS, "--share", "0.1")),
    "give --right, or two logs": (("shadow", "--left", "cat"), LOGS),
    "give --requests FILE, or --synthetic NUMBER with --artifact": (SHADOW, ASKED),
    "give the artifact that both services serve": (
        (*SHADOW, "--synthetic", "20"),
        (*SHADOW, "--synthetic", "20", "--artifact", "artifact"),
    ),
    "give --left and --right, or leave it out": ((*LOGS, "--again"), LOGS),
    "compare more requests, allow another --share, or leave out --strict": (
        ("shadow", "few.jsonl", "few.jsonl", "--strict"),
        ("shadow", "a.jsonl", "a.jsonl", "--strict"),
    ),
    "leave out the logs, or --left and --right": ((*LOGS, *ASKED[1:]), ASKED),
    "give two logs, a log and an artifact, or --left and --right": (LOGS[:2], LOGS),
    "an answer is JSON; a log of the service belongs on stderr": (right(TALK), right(SERVICE)),
    "one line of JSON on stdout for each line on stdin, and everything else on stderr": (right(TWICE), right(SERVICE)),
    "give --artifact: it says which inputs are integers, which a log has as decimals": (
        (*SHADOW, "--requests", "a.jsonl"),
        (*SHADOW, "--requests", "a.jsonl", "--artifact", "artifact"),
    ),
    "give a file with one JSON object per line, or a log": ((*SHADOW, "--requests", "empty.jsonl"), ASKED),
    "write one JSON object per line, which is what a service gets": ((*SHADOW, "--requests", "pipeline.yaml"), ASKED),
    "write one of diverges, any, too-few, latency>1.5": (
        (*LOGS, "--fail-on", "wrong"),
        (*LOGS, "--fail-on", "any,latency>1.5"),
    ),
    "give logs of the same requests": (("shadow", "a.jsonl", "others.jsonl"), LOGS),
    "log features or predictions, and check --compare, --prediction and --ignore": (
        (*LOGS, "--prediction", "score"),
        (*LOGS, "--prediction", "prediction"),
    ),
    "give a program with its arguments, or a URL": (right("/no/such/program"), right(SERVICE)),
    "give it more time with --timeout": (
        (*right("sleep 60"), "--timeout", "0.1"),
        (*right(SERVICE), "--timeout", "20"),
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shadow-hints")
    records = rides(60)
    (folder / "service.py").write_text(PROGRAM)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "rows.csv").write_text("fare,zone\n1.5,a\n,b\n3.5,c\n")
    (folder / "empty.jsonl").write_text("\n")
    requests_file(folder, records)
    for name, start in (("a", 0), ("b", 0), ("others", 100)):
        log_file(folder / f"{name}.jsonl", records, answers(), start=start)
    log_file(folder / "few.jsonl", records[:3], answers())
    skc.compile(folder / "pipeline.yaml", folder / "rows.csv", folder / "artifact", rows=0, verify=False)
    return folder


@pytest.mark.parametrize("words", FOLLOWED)
def test_a_command_that_follows_the_hint(
    words: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("skc.skew.shadow.services.STARTUP", 0.0)
    follow(FOLLOWED, words, home, monkeypatch, capsys)
