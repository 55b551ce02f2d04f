"""Python and the command line refuse the same options, in the same words, before any work is done."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import skc
from skc import cli, verifying
from skc.diagnostics import SkcError
from skc.options import EXCLUSIONS, CompileOptions, SignatureName, VerifyOptions
from skc_runtime.manifest import Signature

GIVEN: dict[str, tuple[Any, tuple[str, ...]]] = {  # an option in Python, and on the command line
    "data": ("rows.csv", ("--data", "rows.csv")),
    "record": ("{}", ("--record", "{}")),
    "self_check": (True, ("--self-check",)),
    "onnxruntime": (("1.21",), ("--onnxruntime", "1.21")),
    "save": (True, ("--save",)),
    "against": ("train:model", ("--against", "train:model")),
    "format": ("junit", ("--format", "junit")),
    "budget": ("30s", ("--budget", "30s")),
}
TOGETHER = {  # every pair that makes sense
    ("data", "onnxruntime"),
    ("data", "save"),
    ("data", "against"),
    ("data", "format"),
    ("record", "format"),
    ("onnxruntime", "save"),
    ("onnxruntime", "against"),
    ("save", "against"),
    ("against", "format"),
    ("save", "format"),
    ("data", "budget"),
    ("against", "budget"),
    ("format", "budget"),
}


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was begun: nothing is."""
    begun: list[str] = []
    for name in ("verification", "planted_faults"):
        monkeypatch.setattr(verifying, name, lambda *_, name=name, **__: begun.append(name))
    return begun


@pytest.mark.parametrize("pair", [*itertools.combinations(GIVEN, 2)], ids=" ".join)
def test_every_pair_of_options_is_refused_alike_or_makes_sense(
    pair: tuple[str, str], begun: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    values = {name: GIVEN[name][0] for name in pair}
    flags = [word for name in pair for word in GIVEN[name][1]]
    if pair in TOGETHER:
        VerifyOptions(**values)
        return
    with pytest.raises(SkcError) as error:
        VerifyOptions(**values)
    assert error.value.code == "SKC140"
    assert cli.run(["verify", "artifact", *flags]) == cli.USER
    assert str(error.value) in capsys.readouterr().err
    assert not begun


def test_every_exclusion_is_tried() -> None:
    named = {(rule.option, other) for rule in EXCLUSIONS for other in rule.others}
    named |= {(rule.option, "format") for rule in EXCLUSIONS if rule.plain}
    assert {frozenset(pair) for pair in named} == {
        frozenset(pair) for pair in itertools.combinations(GIVEN, 2) if pair not in TOGETHER
    }


@pytest.mark.parametrize("function", [skc.verify, skc.self_check, skc.environments])
@pytest.mark.parametrize("option", ["rows", "seed"])
def test_a_number_out_of_bounds_is_refused_before_anything_is_read(function: Any, option: str) -> None:
    with pytest.raises(SkcError, match=f"`{option}` is -1") as error:
        function("nowhere", **{option: -1})
    assert error.value.code == "SKC140"


@pytest.mark.parametrize("function", [skc.verify, skc.self_check, skc.environments, skc.compile])
def test_more_rows_than_memory_holds_are_refused_before_anything_is_read(function: Any) -> None:
    with pytest.raises(SkcError, match="`rows` is 10,000,001") as error:
        function("nowhere", rows=10_000_001)
    assert (error.value.code, error.value.diagnostics[0].hint) == ("SKC140", "give at most 10,000,000")
    assert CompileOptions(rows=10_000_000).rows == VerifyOptions(rows=10_000_000).rows


@pytest.mark.parametrize("command", [("verify", "nowhere"), ("compile", "nowhere.yaml", "-o", "out")], ids=" ".join)
def test_the_command_refuses_them_as_well(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """This many ran until the machine had no memory left."""
    assert cli.run([*command, "--rows", "10000000000000000"]) == cli.USER
    told = capsys.readouterr().err
    assert "error[SKC140]" in told
    assert "less than or equal to 10000000" in told


def test_compiling_has_the_same_bounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option, value in (("rows", -1), ("seed", -1), ("threads", 0)):
        with pytest.raises(SkcError) as error:
            skc.compile("nowhere.yaml", **{option: value})  # type: ignore[arg-type]  # each is an int
        assert error.value.code == "SKC140"
        assert f"`{option}` is {value}" in str(error.value)
        assert cli.run(["compile", "nowhere.yaml", "-o", str(tmp_path / "out"), f"--{option}", str(value)]) == cli.USER
        assert "error[SKC140]" in capsys.readouterr().err
    assert CompileOptions(threads=None).threads is None


@pytest.mark.parametrize(
    ("option", "value"),
    [("rows", True), ("rows", 1.5), ("rows", "5"), ("seed", None), ("threads", 2.0), ("signature", "rows")],
)
def test_what_no_command_would_take_is_refused_in_python_too(option: str, value: Any) -> None:
    """Otherwise a type error deep inside, or after fitting the artifact would be called damaged."""
    with pytest.raises(SkcError, match=f"`{option}` is {value!r}") as error:
        skc.compile("nowhere.yaml", **{option: value})
    assert error.value.code == "SKC140"


def test_integers_of_numpy_are_whole_numbers() -> None:
    assert CompileOptions(rows=np.int64(5)).rows == 5  # type: ignore[arg-type]  # as a length may be


def test_the_signatures_are_those_of_the_manifest() -> None:
    """`skc.options` does not import it, since `skc --help` loads no NumPy."""
    assert get_args(SignatureName) == get_args(Signature)


def test_a_self_check_wants_the_key_that_it_is_given(here: Path, run: Any) -> None:
    """`--key` was ignored there."""
    from signed import PUBLIC

    (here / "public.pem").write_text(PUBLIC)
    code, out, err = run("verify", "artifact", "--self-check", "--rows", "20", "--key", "public.pem")
    assert (code, out) == (cli.USER, "")
    assert "error[SKC405]" in err
    with pytest.raises(SkcError, match="SKC405"):
        skc.self_check(here / "artifact", rows=20, key=PUBLIC)


def test_python_saves_what_the_command_saves(here: Path, run: Any) -> None:
    skc.verify(here / "artifact", rows=20, save=True)
    by_python = (here / "artifact" / "verified.json").read_bytes()
    assert run("verify", "artifact", "--rows", "20", "--save")[0] == cli.EQUAL
    assert (here / "artifact" / "verified.json").read_bytes() == by_python
