"""pipeline.yaml → `Pipeline`: read, resolved and type-checked, or refused with every mistake at its line
and column.

The stages: YAML → nodes → definitions as written → names resolved and steps in topological order → types → outputs.
A stage stops the next where that would tell of mistakes that are none. Mistakes that do not depend on each other are
told together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from skc.diagnostics import Diagnostic, SkcError, Span, fail
from skc.frontend.yaml.features import Definition, Resolver, Target, read_features
from skc.frontend.yaml.fields import Problems, as_map, as_text, check_keys, missing_key, wrong_type
from skc.frontend.yaml.inputs import read_inputs, source_step
from skc.frontend.yaml.nodes import MapNode, Node, ScalarNode, parse, shown
from skc.frontend.yaml.outputs import OutputDefinition, build_output, read_outputs, resolve_outputs
from skc.infer import Types, value_types
from skc.ir import DataSource, Input, Output, Pipeline, Step

FORMAT = 1
MAX_BYTES = 1_000_000  # some ten seconds of the parser; a pipeline is written by people
REQUIRED = ("skc", "name", "inputs", "outputs")
OPTIONAL = ("data", "features")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")

Warnings = tuple[Diagnostic, ...]


def read_pipeline(path: str | Path) -> tuple[Pipeline, Warnings]:
    """The pipeline of a file, and what to warn of. Raises SKC100 (cannot be read), else as `read_pipeline_text`."""
    data = _read_bytes(path)
    if len(data) > MAX_BYTES:
        message, hint = (
            f"the file is larger than {MAX_BYTES} bytes",
            "move long lists of values into the data",
        )
        raise fail("SKC100", message, span=Span(str(path), 1, 1), hint=hint)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        span = Span(str(path), before.count("\n") + 1, len(before) - before.rfind("\n"))
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise fail("SKC100", message, span=span, hint="save the file as UTF-8") from None
    return read_pipeline_text(text, str(path), Path(path).parent)


def _read_bytes(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        message = f"`{shown(str(path))}` cannot be read: {reason}"
        raise fail("SKC100", message, hint="give the path of a pipeline.yaml") from None


def read_pipeline_text(text: str, file_name: str, base_dir: Path | None = None) -> tuple[Pipeline, Warnings]:
    """The pipeline of a text, and what to warn of. A relative `data.path` starts from `base_dir`.

    Raises SkcError and nothing else, whatever the text.
    """
    if len(text) > MAX_BYTES:
        raise fail("SKC100", f"the text is longer than {MAX_BYTES} characters", span=Span(file_name, 1, 1))
    root = as_map(parse(text, file_name), "a pipeline", "a pipeline begins with `skc: 1`")
    _check_format(root)
    check_keys(root, "a pipeline", REQUIRED, OPTIONAL)
    problems = Problems()
    parts = {key.text: value for key, value in root.entries}
    name, data = "", None
    with problems.collect():
        name = _read_name(parts["name"])
    with problems.collect():
        data = _read_data(parts["data"], base_dir) if "data" in parts else None
    inputs: tuple[Input, ...] = ()
    with problems.collect():
        inputs = read_inputs(parts["inputs"], problems)
    problems.stop_if_any()  # a selector over half of the inputs would tell of mistakes that are none
    definitions: dict[str, Definition] = {}
    with problems.collect():
        definitions = read_features(parts["features"], inputs, problems) if "features" in parts else {}
    are_complete = not problems
    outputs: tuple[OutputDefinition, ...] = ()
    with problems.collect():
        outputs = read_outputs(parts["outputs"], inputs, problems)
    if not are_complete:  # whoever uses a feature that could not be read would be told that there is none
        problems.stop_if_any()
    return _resolve(name, data, inputs, definitions, outputs, problems)


def _resolve(
    name: str,
    data: DataSource | None,
    inputs: tuple[Input, ...],
    definitions: Mapping[str, Definition],
    outputs: tuple[OutputDefinition, ...],
    problems: Problems,
) -> tuple[Pipeline, Warnings]:
    """Names to values, steps in order, types checked. `problems` are those of outputs, which are not in `outputs`."""
    sources = tuple(step for step in map(source_step, inputs) if step is not None)
    resolver = Resolver(inputs, sources, definitions)
    targets = resolve_outputs(outputs, resolver, problems)
    roots = [target for found in targets.values() for _, target in found]
    steps: tuple[Step, ...] | None = None
    with problems.collect():
        steps = (*sources, *resolver.steps(roots, problems))
    if steps is None:
        raise problems.error()
    draft = Pipeline(name, inputs, steps, tuple(resolver.features()), (), data)
    draft.verify()
    types: Types = {}
    with problems.collect():
        types = _typed(draft, resolver)
    built: list[Output] = []
    guards: list[Step] = []
    for output in outputs if types else ():
        with problems.collect():
            made, narrowing = build_output(output, targets[output.name], resolver, draft, types)
            built.append(made)
            guards += narrowing
    problems.stop_if_any()
    done = Pipeline(name, inputs, (*steps, *guards), draft.features, tuple(built), data)
    done.verify()
    return done, _warnings(inputs, definitions, resolver)


def _typed(draft: Pipeline, resolver: Resolver) -> Types:
    """The types of all values. What a step refuses may not be what was meant: a feature that bears an input's name."""
    try:
        return value_types(draft)
    except SkcError as error:
        meant = {
            step.span: resolver.shadowing(step.name.split("/")[0]) for step in draft.steps if step.span is not None
        }
        told = [replace(d, notes=(*d.notes, *(meant.get(d.span, ()) if d.span else ()))) for d in error.diagnostics]
        raise SkcError(*told) from None


def _check_format(root: MapNode) -> None:
    """First of all, so that a newer file is called newer and not full of unknown keys."""
    node = root.get("skc")
    if node is None:
        raise missing_key("skc", root.span, "a pipeline")
    value = node.value if isinstance(node, ScalarNode) else None
    if type(value) is not int or value < 1:
        raise wrong_type(node, "`skc`, the version of the format,", f"{FORMAT}", f"write `skc: {FORMAT}`")
    if value > FORMAT:
        message = f"the pipeline is written in format {value}, and this version of skc reads format {FORMAT}"
        raise fail("SKC108", message, span=node.span, hint="install a newer skc")


def _read_name(node: Node) -> str:
    name = as_text(node, "`name`")
    if not NAME.fullmatch(name):
        message = "a pipeline's name is made of letters, digits, `_`, `.` and `-`, and begins with a letter or `_`"
        raise fail("SKC109", message, span=node.span, notes=[f"found: `{shown(name)}`"], hint="choose another name")
    return name


def _read_data(node: Node, base_dir: Path | None) -> DataSource:
    """A path, or a mapping. `path` may be missing, since the command line can give it."""
    if not isinstance(node, MapNode):
        return DataSource(_located(as_text(node, "`data`"), base_dir), span=node.span)
    check_keys(node, "`data`", [], ["path", "where", "table"])
    texts = {key.text: as_text(value, f"`{key.text}` of `data`") for key, value in node.entries}
    if not texts:
        raise fail("SKC106", "`data` is empty", span=node.span, hint="add `path:`, or remove `data`")
    path = texts.get("path")
    return DataSource(
        None if path is None else _located(path, base_dir), texts.get("where"), texts.get("table"), node.span
    )


def _located(path: str, base_dir: Path | None) -> str:
    """A relative path starts where the pipeline file lies; a URL stays as it is."""
    is_url = re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", path)
    return path if is_url or base_dir is None else str(base_dir / path)


def _warnings(inputs: tuple[Input, ...], definitions: Mapping[str, Definition], resolver: Resolver) -> Warnings:
    """What is declared and never used."""
    found = [
        Diagnostic(
            "SKC117",
            f"input `{shown(i.name)}` is not used",
            i.span,
            "remove it, or use it",
            severity="warning",
        )
        for i in inputs
        if Target(i.name, is_input=True) not in resolver.used
    ]
    return tuple(found) + tuple(
        Diagnostic(
            "SKC118",
            f"feature `{shown(d.name)}` is not used",
            d.span,
            "add it to an output, or remove it",
            severity="warning",
        )
        for d in definitions.values()
        if Target(d.name, is_input=False) not in resolver.used
    )
