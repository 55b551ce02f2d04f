"""The command line: one function per command. It parses and prints, and decides nothing.

stdout is data, stderr is talk. Exit 0: done, or equal. 1: a difference was found. 2: the user must change something.
3: a bug in skc. Heavy imports happen inside the commands, so that `skc --help` answers at once.
"""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skc.diagnostics import Diagnostic, SkcError, fail
from skc.progress import progress_bar
from skc.stopping import guarded

if TYPE_CHECKING:
    from skc.api import Compiled

EQUAL, DIFFERENT, USER, BUG = 0, 1, 2, 3

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Format(StrEnum):
    text = "text"
    json = "json"


class ReportFormat(StrEnum):
    text = "text"
    json = "json"
    junit = "junit"
    github = "github"
    html = "html"


class SignatureName(StrEnum):
    columns = "columns"
    packed = "packed"


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"skc {version('skc')}")
        raise typer.Exit


@app.callback()
def skc_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Feature preprocessing that cannot skew: fit once, freeze, compile to ONNX, verify, serve anywhere."""


Pipeline = Annotated[Path, typer.Argument(metavar="PIPELINE", help="A pipeline.yaml.")]
ArtifactDir = Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The directory `skc compile` wrote.")]
Data = Annotated[
    str | None,
    typer.Option("--data", help="CSV, Parquet, JSON lines or Arrow files (a path or glob), or a database table."),
]
TextOrJson = Annotated[Format, typer.Option("--format", help="How to print the result.")]
Rows = Annotated[int, typer.Option("--rows", min=0, help="Generated records to try.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the generated records.")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="Threads of the engine; all cores by default.")]


@app.command("compile")
def compile_command(
    pipeline: Pipeline,
    out: Annotated[Path, typer.Option("--out", "-o", help="The directory to write.")],
    data: Data = None,
    signature: Annotated[
        SignatureName | None, typer.Option(help="One tensor per input (the default), or one per type.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an artifact that is there.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Prove the artifact equal to its reference.")
    ] = True,
    rows: Rows = 10_000,
    seed: Seed = 0,
    threads: Threads = None,
    output_format: TextOrJson = Format.text,
) -> None:
    """Fit a pipeline, compile it, verify it, and write the artifact."""
    from skc import api

    with progress_bar() as progress:
        done = api.compile(
            pipeline,
            data,
            out,
            signature=None if signature is None else signature.value,
            force=force,
            verify=verify,
            rows=rows,
            seed=seed,
            threads=threads,
            progress=progress,
        )
    for warning in done.warnings:
        _talk(warning.text() + "\n")
    if output_format is Format.json:
        _print_json(done.to_json())
    else:
        _talk(_compiled_text(done))
    if done.report is not None and not done.report.is_equal:
        _talk(f"\n{done.report.text()}\n")
        _talk(f"nothing was written; to reproduce a difference, write `{out}` with --no-verify first")
        raise typer.Exit(DIFFERENT)


@app.command("verify")
def verify_command(
    artifact: ArtifactDir,
    data: Data = None,
    rows: Rows = 10_000,
    seed: Seed = 0,
    record: Annotated[str | None, typer.Option("--record", help="Verify only this record, given as JSON.")] = None,
    self_check: Annotated[
        bool, typer.Option("--self-check", help="Plant faults in the artifact, and see which of them are found.")
    ] = False,
    onnxruntime: Annotated[
        str | None,
        typer.Option(
            "--onnxruntime", help="Also run under these versions, as in `1.21,1.24,latest`; each is installed."
        ),
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Write verified.json beside the artifact's files.")] = False,
    key: Annotated[Path | None, typer.Option("--key", help="The public key, in PEM, that must have signed it.")] = None,
    output_format: Annotated[
        ReportFormat, typer.Option("--format", help="How to print the report.")
    ] = ReportFormat.text,
) -> None:
    """Prove an artifact equal to its reference.

    Tries the boundaries of every step, generated and hostile rows, and those of --data; every batch size, order and
    level of optimisation; each step by itself.
    """
    from skc import api

    if self_check:
        alone = data is None and record is None and not onnxruntime
        raise typer.Exit(_self_check(artifact, rows, seed, output_format, alone=alone))
    if onnxruntime and (record is not None or output_format not in (ReportFormat.text, ReportFormat.json)):
        hint = "leave out --record, and print text or json"
        raise fail("SKC140", "other versions of ONNX Runtime are tried on many rows", hint=hint)
    if save and record is not None:
        raise fail("SKC140", "one record is not what verified.json is about", hint="leave out --record or --save")
    from skc.environment_matrix import parse_versions, record_of, save_record

    versions = parse_versions(onnxruntime) if onnxruntime else []
    with progress_bar() as progress:
        report = api.verify(artifact, data, rows=rows, seed=seed, record=record, key=key, progress=progress)
        tried = None
        if versions:
            tried = api.environments(artifact, versions, rows=rows, seed=seed, progress=progress)
    if save or tried is not None:
        facts = record_of(report.to_json(), tried)
        if save:
            save_record(artifact, facts)
    match output_format:
        case ReportFormat.json:
            _print_json(report.to_json() if tried is None else facts)
        case ReportFormat.junit:
            _print(report.to_junit())
        case ReportFormat.github:
            from skc.verification import github

            _print(github.of_report(report))
            _talk(report.text())
        case ReportFormat.html:
            from skc.verification import html

            _print(html.page(report))
        case ReportFormat.text:
            _print(report.text() if tried is None else f"{report.text()}\n\n{tried.text()}")
    is_equal = report.is_equal and (tried is None or tried.is_equal)
    raise typer.Exit(DIFFERENT if not is_equal else USER if report.errors else EQUAL)


def _self_check(artifact: Path, rows: int, seed: int, output_format: ReportFormat, *, alone: bool) -> int:
    from skc import api

    if not alone or output_format not in (ReportFormat.text, ReportFormat.json):
        hint = "leave out --data, --record and --onnxruntime, and print text or json"
        raise fail("SKC140", "a self-check goes by the rows that skc makes by itself", hint=hint)
    with progress_bar() as progress:
        checked = api.self_check(artifact, rows=rows, seed=seed, progress=progress)
    if output_format is ReportFormat.json:
        _print_json(checked.to_json())
    else:
        _print(checked.text())
    return DIFFERENT if checked.survivors else EQUAL


@app.command("explain")
def explain_command(
    artifact: ArtifactDir,
    record: Annotated[str, typer.Option("--record", help="The record, as JSON.")],
    output_format: TextOrJson = Format.text,
) -> None:
    """Show what every step makes of one record, by the reference and in the graph."""
    from skc import api

    walk = api.explain(artifact, record)
    if output_format is Format.json:
        _print_json(walk.to_json())
    else:
        _print(walk.text())
    raise typer.Exit(EQUAL if walk.is_equal else DIFFERENT)


@app.command("diff")
def diff_command(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The artifact in use.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The one that would take its place.")],
    data: Data = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option("--fail-on", help="Exit 1 on such a change: moved-ids, inputs, rows>0.01, statistics>0.1, any, …"),
    ] = None,
    output_format: TextOrJson = Format.text,
) -> None:
    """Show what a new artifact does otherwise: its contract, what it learned, and how many rows of --data change."""
    from skc import api

    with progress_bar() as progress:
        found = api.diff(old, new, data, progress=progress)
    broken = found.broken([rule for given in fail_on or () for rule in given.split(",")])
    if output_format is Format.json:
        _print_json({**found.to_json(), "broken": broken})
    else:
        _print(found.text())
    for said in broken:
        _talk(f"refused by --fail-on {said}")
    raise typer.Exit(DIFFERENT if broken else EQUAL)


@app.command("inspect")
def inspect_command(artifact: ArtifactDir, output_format: TextOrJson = Format.text) -> None:
    """Show what an artifact takes, gives and has learned."""
    from skc import inspection

    facts = inspection.inspect(artifact)
    if output_format is Format.json:
        _print_json(facts)
    else:
        _print(inspection.text(facts))


@app.command("sign")
def sign_command(
    artifact: ArtifactDir,
    key: Annotated[Path, typer.Option("--key", help="An Ed25519 private key in PEM.")],
) -> None:
    """Sign an artifact: writes manifest.sig beside its files. `openssl genpkey -algorithm ed25519` makes a key."""
    from skc import api

    signature = api.sign(artifact, key)
    _talk(f"wrote {artifact / 'manifest.sig'}, signed with the key {signature.key}")


@app.command("transform")
def transform_command(
    artifact: ArtifactDir,
    data: Annotated[str, typer.Argument(metavar="DATA", help="CSV, Parquet, JSON lines or Arrow files.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The Parquet file to write.")],
    keep: Annotated[list[str] | None, typer.Option("--keep", help="A column of DATA to carry along, as it is.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    output_format: TextOrJson = Format.text,
) -> None:
    """Run an artifact over data of any size, into a Parquet file."""
    from skc import api

    with progress_bar() as progress:
        done = api.transform(artifact, data, out, keep=tuple(keep or ()), force=force, progress=progress)
    if output_format is Format.json:
        _print_json(done)
    else:
        _talk(f"wrote {done['rows']:,} rows, {len(done['columns']):,} columns to {out} in {done['seconds']:.1f} s")


@app.command("check")
def check_command(pipeline: Pipeline, output_format: TextOrJson = Format.text) -> None:
    """Check a pipeline without data: spelling, types, names."""
    from skc.frontend.yaml.reader import read_pipeline

    _, warnings = read_pipeline(pipeline)
    if output_format is Format.json:
        _print_json({"diagnostics": [w.to_json() for w in warnings]})
        return
    for warning in warnings:
        _talk(warning.text() + "\n")
    _talk(f"{pipeline}: ok" + (f", {len(warnings)} warning{'s' * (len(warnings) > 1)}" if warnings else ""))


@app.command("ops")
def ops_command(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The op whose page to show.")] = None,
    output_format: TextOrJson = Format.text,
) -> None:
    """List the ops, or show the page of one."""
    from skc import inspection

    facts = inspection.ops(name)
    if output_format is Format.json:
        _print_json(facts)
    else:
        _print(inspection.ops_text(facts))
        if name is None:
            _talk("\n`skc ops NAME` shows the page of one")


@app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of pipeline.yaml, for editors."""
    from skc.frontend.yaml.schema import schema_text

    _print(schema_text().removesuffix("\n"))


def _compiled_text(done: Compiled) -> str:
    lines = [f"{'stage':<10}{'rows':>12}{'seconds':>10}"]
    lines += [f"{stage.name:<10}{stage.rows:>12,}{stage.seconds:>10.2f}" for stage in done.stages]
    lines.append("")
    for o in done.artifact.manifest.outputs:
        lines.append(f"output {o.name}: {len(o.columns):,} column{'s' * (len(o.columns) != 1)}, {o.dtype}")
    if done.report is not None:
        from skc_runtime.agreement import TOLERANCE

        worst = max(done.report.columns, key=lambda c: (c.worst_error, c.worst_ulp), default=None)
        if worst is None or not worst.worst_ulp:
            lines.append("worst error: none, every column is equal to the last bit")
        else:
            where = f"column `{worst.column}` of `{worst.output}`"
            lines.append(f"worst error: {worst.worst_error:.2g}, where {TOLERANCE:g} is allowed, in {where}")
        lines += [*done.report.refusal_texts(), *done.report.met_texts(), done.report.verdict()]
    else:
        lines.append("not verified (--no-verify)")
    where = f"wrote {done.path}" if done.path is not None else "nothing was written"
    lines.append(f"{where} ({done.artifact.size / 1024:.0f} KiB, plan {done.artifact.manifest.plan[:12]})")
    lines.append(f"identity {done.artifact.identity}")
    return "\n".join(lines)


def _talk(text: str) -> None:
    print(text, file=sys.stderr)


def _print(text: str) -> None:
    """Data to stdout. A reader that has seen enough (`| head`) changes nothing about what the command found."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # what else is printed goes nowhere


def _print_json(document: Any) -> None:
    _print(json.dumps(document, ensure_ascii=False, indent=2))


def _wants(arguments: list[str], wanted: str) -> bool:
    """Errors follow the format that was asked for, even where the command never began."""
    return f"--format={wanted}" in arguments or ("--format", wanted) in pairwise(arguments)


def main() -> None:
    """The `skc` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What is piped is UTF-8 in every locale, as JSON must be; a terminal gets what it can show.
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    sys.exit(guarded(run, sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and give its exit code; every error becomes a diagnostic."""
    command: Any = typer.main.get_command(app)
    try:
        result = command.main(args=arguments or ["--help"], prog_name="skc", standalone_mode=False)
        if not arguments:
            return USER
    except SkcError as error:
        _print_diagnostics(error.diagnostics, arguments)
        return BUG if error.code.startswith("SKC9") else USER
    except typer.TyperException as error:
        _print_diagnostics((Diagnostic("SKC140", _usage(error), hint="see `skc --help`"),), arguments)
        return USER
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:
        if os.environ.get("SKC_TRACEBACK"):
            traceback.print_exc()
        hint = "this is a bug in skc; SKC_TRACEBACK=1 shows where it happened"
        _print_diagnostics((Diagnostic("SKC900", f"{type(error).__name__}: {error}", hint=hint),), arguments)
        return BUG
    return result if isinstance(result, int) else EQUAL


def _usage(error: typer.TyperException) -> str:
    """What was wrong with the command line, on one line."""
    format_message = getattr(error, "format_message", None)
    return str(error if format_message is None else format_message())


def _print_diagnostics(diagnostics: tuple[Diagnostic, ...], arguments: list[str]) -> None:
    if _wants(arguments, "json"):
        _print_json({"diagnostics": [d.to_json() for d in diagnostics]})
        return
    if _wants(arguments, "junit"):  # what reads it would take an empty file for a success, or for nothing at all
        from skc.verification.report import error_junit

        _print(error_junit(diagnostics[0].message, "\n\n".join(diagnostic.text() for diagnostic in diagnostics)))
    if _wants(arguments, "github"):
        from skc.verification import github

        _print(github.of_diagnostics(diagnostics))
    _talk("\n\n".join(diagnostic.text() for diagnostic in diagnostics))
