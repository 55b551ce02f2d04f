"""Compares two services, or logs of them, on the same requests."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from skc import artifact as artifacts
from skc.artifact import MANIFEST, Artifact
from skc.diagnostics import fail
from skc.failures import library_errors
from skc.options import PathLike
from skc.progress import Progress
from skc.shadow_options import ShadowOptions
from skc.skew.shadow.again import of_log_and_artifact
from skc.skew.shadow.differing import Rules
from skc.skew.shadow.evaluating import Evaluator
from skc.skew.shadow.headers import Secrets, merged, read_headers
from skc.skew.shadow.inputs import Known
from skc.skew.shadow.known import known_of
from skc.skew.shadow.pairs import Pair, Unpaired, of_logs, of_services
from skc.skew.shadow.report import ShadowReport, broken
from skc.skew.shadow.requests import Request, recorded, synthetic
from skc.skew.shadow.run import Tally, compared
from skc.skew.shadow.services import open_service
from skc.verifying import oracle_of

Headers = tuple[Mapping[str, str], Mapping[str, str]]  # of A and B


@library_errors()
def shadowed(
    a: PathLike | None, b: PathLike | None, options: ShadowOptions, progress: Progress | None = None
) -> ShadowReport:
    """`shadow`, with its options as one value."""
    _check_scipy()
    headers = _headers(options)
    secrets = Secrets.of(*headers)
    with secrets.hidden():
        report = _compared(a, b, options, headers, progress)
    return replace(report, fields=secrets.hide(report.fields))


def _compared(
    a: PathLike | None, b: PathLike | None, options: ShadowOptions, headers: Headers, progress: Progress | None
) -> ShadowReport:
    artifact = None if options.artifact is None else artifacts.read(Path(options.artifact), replay=False)
    new = artifacts.read(Path(b), replay=False) if b is not None and (Path(b) / MANIFEST).exists() else None
    unpaired = Unpaired()
    with _pairs(a, b if new is None else new, artifact, options, headers, unpaired, progress) as (left, right, pairs):
        known = new or artifact
        evaluator = None if known is None else Evaluator(known, oracle_of(known).evaluate)
        way = options.compare or (None if options.prediction is None else "predictions")
        tally = Tally(_rules(known, options), _known(known), options.again, way, evaluator)
        report = compared(left, right, pairs, tally, options.share, unpaired)
    if options.strict and report.outcome == "too few requests":
        hint = "compare more requests, allow another --share, or leave out --strict"
        raise fail("SKC686", "too few requests for a verdict", hint=hint, notes=[report.verdict()])
    return replace(report, rules=options.rules(), broken=broken(options.rules(), report))


def _headers(options: ShadowOptions) -> Headers:
    """Those of either side. Raises SKC688."""
    both = read_headers(options.header, "--header")
    left = read_headers(options.left_header, "--left-header")
    return merged(both, left), merged(both, read_headers(options.right_header, "--right-header"))


def _check_scipy() -> None:
    try:
        importlib.import_module("scipy.stats")
    except ImportError:
        hint = 'install it: `pip install "skc[skew]"`'
        raise fail(
            "SKC620", "SciPy is not installed, whose distributions give the bounds of a share", hint=hint
        ) from None


@contextmanager
def _pairs(
    a: PathLike | None,
    b: PathLike | Artifact | None,
    artifact: Artifact | None,
    options: ShadowOptions,
    headers: Headers,
    unpaired: Unpaired,
    progress: Progress | None,
) -> Iterator[tuple[str, str, Iterator[Pair]]]:
    """The names of both sides, and the pairs, as long as the services run."""
    if options.left is not None and options.right is not None:
        if a is not None:
            raise fail("SKC140", "logs are given, and services too", hint="leave out the logs, or --left and --right")
        requests = _requests(artifact, options)
        with ExitStack() as stack:
            sides = []
            for text, own in zip((options.left, options.right), headers, strict=True):
                service = open_service(text, options.timeout, own)
                stack.callback(service.close)
                sides.append(service)
            yield options.left, options.right, of_services(requests, *sides, again=options.again, progress=progress)
        return
    if a is None or b is None:
        hint = "give two logs, a log and an artifact, or --left and --right"
        raise fail("SKC140", "there are not two sides to compare", hint=hint)
    if isinstance(b, Artifact):
        yield str(a), f"{b.manifest.name} {b.manifest.plan[:12]}", of_log_and_artifact(Path(a), b, artifact, unpaired)
    else:
        yield str(a), str(b), of_logs(Path(a), Path(b), unpaired)


def _requests(artifact: Artifact | None, options: ShadowOptions) -> list[Request]:
    if options.synthetic is not None:
        assert artifact is not None
        return synthetic(artifact, oracle_of(artifact), options.synthetic, options.seed)
    assert options.requests is not None
    return recorded(Path(options.requests), None if artifact is None else artifact.manifest)


def _rules(artifact: Artifact | None, options: ShadowOptions) -> Rules:
    manifest = None if artifact is None else artifact.manifest
    ignore = frozenset(options.ignore)
    return Rules(options.absolute, options.relative, options.tolerance, manifest, ignore, options.prediction)


def _known(artifact: Artifact | None) -> Mapping[str, Known]:
    return {} if artifact is None else known_of(artifact)
