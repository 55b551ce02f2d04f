"""The options of `skc shadow`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from skc.diagnostics import fail
from skc.options import MOST_ROWS, Flag, Options, PathLike, ReportFormat
from skc.skew.shadow.rules import ShadowRule, read_shadow_rule
from skc.skew.shadow.services import is_url

Compared = Literal["predictions", "features", "all"]
BOUNDS = {
    "absolute": (0.0, 1e300),
    "relative": (0.0, 1e300),
    "tolerance": (0.0, 1e300),
    "share": (0.0, 1.0),
    "timeout": (0.001, 86_400.0),
}


def _flag(default: Any, about: str, *names: str, **facts: Any) -> Any:
    return field(default=default, metadata={"flag": Flag(about, names, **facts)})


def _rules(rules: list[str] | None) -> tuple[str, ...]:
    return tuple(rule.strip() for text in rules or () for rule in text.split(","))


def _number(default: Any, about: str, typed: Any = float) -> Any:
    return _flag(default, about, typed=typed)


def _headers(about: str) -> Any:
    """Not part of any text about the options: most values are secrets."""
    flag = Flag(about, typed=list[str] | None, read=lambda texts: tuple(texts or ()))
    return field(default=(), repr=False, metadata={"flag": flag})


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()


@dataclass(frozen=True, kw_only=True)
class ShadowOptions(Options):
    """The options of `skc shadow`. Raises SKC140 for an unknown rule, a number out of range, or one side only."""

    left: str | None = _flag(None, "Service A: a URL, or a command that answers one line of JSON per line.")
    right: str | None = _flag(None, "Service B.")
    header: tuple[str, ...] = _headers("A header for the URLs, such as 'Name: value'; @FILE has one on each line.")
    left_header: tuple[str, ...] = _headers("A header for the URL of --left alone.")
    right_header: tuple[str, ...] = _headers("A header for the URL of --right alone.")
    requests: PathLike | None = _flag(
        None, "Ask both these requests: a file with one JSON object per line, or a log.", typed=Path | None
    )
    synthetic: int | None = _flag(
        None, "Ask both so many requests that `skc verify` would try; needs --artifact.", minimum=1, maximum=MOST_ROWS
    )
    artifact: PathLike | None = _flag(
        None, "The artifact that both serve: types, names and exactness of features.", typed=Path | None
    )
    seed: int = _flag(0, "The seed of the generated requests.", minimum=0)
    again: bool = _flag(False, "Ask A every request twice: what differs there is noise.", "--again")
    absolute: float = _number(1e-3, "Predictions differ if they are further apart than this,")
    relative: float = _number(0.05, "and than this share of that of A.")
    tolerance: float | None = _number(None, "Features differ if they are further apart than this.", float | None)
    share: float = _number(0.10, "The share of requests that may differ.")
    compare: Compared | None = _flag(
        None, "What makes a request differ: predictions (the default where there are any), features or all."
    )
    prediction: str | None = _flag(None, "The only field to compare besides features, such as `score`.")
    ignore: tuple[str, ...] = _flag((), "Fields that are not compared.", typed=str | None, read=_names)
    timeout: float = _number(10.0, "The seconds that an answer may take.")
    fail_on: tuple[str, ...] = _flag(
        (),
        "Exit with 1 only for: diverges, any, too-few, latency>1.5; for `diverges` if not given.",
        typed=list[str] | None,
        read=_rules,
    )
    strict: bool = _flag(False, "Refuse requests that are too few to tell.", "--strict")
    format: ReportFormat = _flag("text", "How to print the report.")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rules()
        for name, (least, most) in BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise fail("SKC140", f"`{name}` is {value!r}", hint=f"give a number from {least:g} to {most:g}")
        self._check_sides()

    def _check_sides(self) -> None:
        for one, other in (("left", "right"), ("right", "left")):
            if getattr(self, one) is not None and getattr(self, other) is None:
                raise fail("SKC140", f"--{one} needs --{other}", hint=f"give --{other}, or two logs")
        if self.left is not None and (self.requests is None) == (self.synthetic is None):
            hint = "give --requests FILE, or --synthetic NUMBER with --artifact"
            raise fail("SKC140", "two services need requests of one kind", hint=hint)
        if self.synthetic is not None and self.artifact is None:
            raise fail("SKC140", "--synthetic needs --artifact", hint="give the artifact that both services serve")
        urls = {"header": (self.left, self.right), "left_header": (self.left,), "right_header": (self.right,)}
        for name, sides in urls.items():
            if getattr(self, name) and not any(map(is_url, sides)):
                option = name.replace("_", "-")
                hint = "give a URL that begins with http:// or https://, or leave it out"
                raise fail("SKC140", f"--{option} is for a URL", hint=hint)
        if self.left is None:
            for name in ("requests", "synthetic", "again"):
                if getattr(self, name):
                    raise fail("SKC140", f"--{name} is for services", hint="give --left and --right, or leave it out")

    def rules(self) -> tuple[ShadowRule, ...]:
        """`fail_on`, as it is understood."""
        return tuple(map(read_shadow_rule, self.fail_on))
