"""Arguments and flags of commands: those that are shared, and those made from the fields of `skc.options`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from skc import options as asked
from skc.options import Flag, Options

Pipeline = Annotated[Path, typer.Argument(metavar="PIPELINE", help="A pipeline.yaml.")]
ArtifactDir = Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The directory written by `skc compile`.")]
TextOrJson = Annotated[asked.Format, typer.Option("--format", help="How to print the result.")]
TextJsonOrHtml = Annotated[asked.PageFormat, typer.Option("--format", help="How to print the result.")]
Command = Callable[..., None]


def takes(options: type[Options]) -> Callable[[Command], Command]:
    """Give a command a flag for every field of `options`. Their values are passed as its argument `options`."""

    def with_flags(command: Command) -> Command:
        own_parameters = inspect.signature(command, eval_str=True).parameters
        flags: dict[str, Flag] = {f.name: f.metadata["flag"] for f in fields(options)}

        def run(**arguments: Any) -> None:
            values = {name: flag.value(arguments.pop(name)) for name, flag in flags.items()}
            command(**arguments, options=options(**values))

        parameters = [*(p for p in own_parameters.values() if p.name != "options"), *_parameters(options)]
        run.__doc__ = command.__doc__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect.signature
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return with_flags


def _parameters(options: type[Options]) -> list[inspect.Parameter]:
    types = get_type_hints(options)
    parameters = []
    for f in fields(options):
        flag: Flag = f.metadata["flag"]
        names = flag.names or (f"--{f.name.replace('_', '-')}",)
        option = typer.Option(*names, min=flag.minimum, max=flag.maximum, help=flag.about)
        kind: Any = Annotated[flag.typed or types[f.name], option]
        default = None if flag.read is not None else f.default
        parameters.append(inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind))
    return parameters
