"""The command line: one file per command, which parses and prints, and decides nothing.

Results go to stdout, messages to stderr. Exit 0: done, or equal. 1: a difference was found. 2: the user must change
something. 3: a bug in skc. Heavy imports happen inside the commands, so that `skc --help` answers at once.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from typing import Annotated, Any

import typer

from skc.cli import log
from skc.cli.check import check
from skc.cli.compile import compile
from skc.cli.diff import diff
from skc.cli.drift import drift
from skc.cli.explain import explain
from skc.cli.fit import fit
from skc.cli.flags import Command
from skc.cli.freshness import freshness
from skc.cli.init import init
from skc.cli.inspect import inspect
from skc.cli.merge import merge
from skc.cli.ops import ops
from skc.cli.parity import parity
from skc.cli.printing import BUG, DIFFERENT, EQUAL, USER, show, show_diagnostics
from skc.cli.profile import profile
from skc.cli.replay import replay
from skc.cli.schema import schema
from skc.cli.shadow import shadow
from skc.cli.sign import sign
from skc.cli.transform import transform
from skc.cli.verify import verify
from skc.diagnostics import Diagnostic, SkcError
from skc.stopping import guarded

__all__ = ["BUG", "DIFFERENT", "EQUAL", "USER", "app", "main", "run"]
COMMANDS: dict[str, Command] = {  # in the order of `skc --help`
    "init": init,
    "compile": compile,
    "fit": fit,
    "merge": merge,
    "verify": verify,
    "explain": explain,
    "diff": diff,
    "inspect": inspect,
    "sign": sign,
    "transform": transform,
    "replay": replay,
    "drift": drift,
    "freshness": freshness,
    "parity": parity,
    "profile": profile,
    "shadow": shadow,
    "check": check,
    "ops": ops,
    "schema": schema,
}


def _print_version(is_requested: bool) -> None:
    if is_requested:
        from importlib.metadata import version

        show(f"skc {version('skc')}")
        raise typer.Exit


def skc_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Feature preprocessing that cannot skew: fit once, freeze, compile to ONNX, verify, serve anywhere."""


def _app() -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(skc_command)
    for name, command in COMMANDS.items():
        app.command(name)(command)
    logs = typer.Typer(help=log.ABOUT)
    for name, command in log.COMMANDS.items():
        logs.command(name)(command)
    app.add_typer(logs, name="log")
    return app


app = _app()


def main() -> None:
    """The `skc` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Piped output is UTF-8 in every locale, as JSON must be; a terminal gets what it can display.
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    sys.exit(guarded(run, sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; every error becomes a diagnostic."""
    command: Any = typer.main.get_command(app)
    try:
        result = command.main(args=arguments or ["--help"], prog_name="skc", standalone_mode=False)
        if not arguments:
            return USER
    except SkcError as error:
        show_diagnostics(error.diagnostics, arguments)
        return BUG if error.code.startswith("SKC9") else USER
    except typer.TyperException as error:
        show_diagnostics((Diagnostic("SKC140", _usage(error), hint="see `skc --help`"),), arguments)
        return USER
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:
        if os.environ.get("SKC_TRACEBACK"):
            traceback.print_exc()
        hint = "this is a bug in skc; SKC_TRACEBACK=1 shows where it happened"
        show_diagnostics((Diagnostic("SKC900", f"{type(error).__name__}: {error}", hint=hint),), arguments)
        return BUG
    return result if isinstance(result, int) else EQUAL


def _usage(error: typer.TyperException) -> str:
    """What was wrong with the command line, on one line."""
    format_message = getattr(error, "format_message", None)
    return str(error if format_message is None else format_message())
