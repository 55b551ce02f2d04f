"""Reads pipeline.yaml into a `Pipeline`, resolved and type-checked, or refuses it with every error at its line and
column.

The stages: YAML → nodes → definitions → `skc.frontend.build`. Errors in a stage skip the next one if it would report
spurious errors; independent errors are reported together.
"""

from __future__ import annotations

from pathlib import Path

from skc.diagnostics import Span, fail
from skc.frontend.build import Warnings, build
from skc.frontend.definitions import FeatureDefinition, OutputDefinition, PipelineDefinition
from skc.frontend.names import check_names
from skc.frontend.problems import Problems, shown
from skc.frontend.yaml.data import located, read_data
from skc.frontend.yaml.drift import read_drift
from skc.frontend.yaml.features import read_features
from skc.frontend.yaml.fields import as_bool, as_map, as_text, check_keys, missing_key, wrong_type
from skc.frontend.yaml.freshness import read_freshness
from skc.frontend.yaml.inputs import read_inputs
from skc.frontend.yaml.log import read_log
from skc.frontend.yaml.nodes import MapNode, Node, ScalarNode, parse
from skc.frontend.yaml.outputs import read_outputs
from skc.frontend.yaml.profile import read_profile
from skc.ir import DataSource, DriftScales, Freshness, Input, ModelSource, Pipeline, ProfileOptions
from skc_runtime.manifest import LogSpec

FORMAT = 1
MODEL_FILES = (".skops", ".joblib", ".pkl", ".pickle")
MAX_BYTES = 1_000_000  # about ten seconds of parsing; pipelines are written by hand
REQUIRED = ("skc", "name", "inputs", "outputs")
OPTIONAL = ("data", "drift", "features", "freshness", "log", "model", "profile", "signals")


def read_pipeline(path: str | Path) -> tuple[Pipeline, Warnings]:
    """The pipeline in a file, and warnings. Raises SKC100 (cannot be read), otherwise as `read_pipeline_text`."""
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
    """The pipeline in a text, and warnings. A relative `data.path` is relative to `base_dir`.

    Raises SkcError and nothing else, whatever the text.
    """
    if len(text) > MAX_BYTES:
        raise fail("SKC100", f"the text is longer than {MAX_BYTES} characters", span=Span(file_name, 1, 1))
    root = as_map(parse(text, file_name), "the pipeline", "a pipeline starts with `skc: 1`")
    _check_format(root)
    check_keys(root, "the pipeline", REQUIRED, OPTIONAL)
    problems = Problems()
    definition, is_complete = _read_definition(root, base_dir, problems)
    if not is_complete:  # names can still be checked; references to missing definitions cannot
        check_names(definition, problems)
        raise problems.error()
    return build(definition, problems)


def _read_definition(root: MapNode, base_dir: Path | None, problems: Problems) -> tuple[PipelineDefinition, bool]:
    """The parts that could be parsed, and whether only outputs are missing."""
    entries = {key.text: value for key, value in root.entries}
    data: DataSource | None = None
    model: ModelSource | None = None
    profile: ProfileOptions | None = ProfileOptions()
    log = LogSpec()
    drift, signals, freshness = DriftScales(), False, Freshness()
    inputs: tuple[Input, ...] = ()
    features: tuple[FeatureDefinition, ...] = ()
    outputs: tuple[OutputDefinition, ...] = ()
    name, node = "unread", entries["name"]  # a placeholder if the name is invalid
    with problems.collect():
        name = as_text(node, "`name`")
    with problems.collect():
        data = read_data(entries["data"], base_dir) if "data" in entries else None
    with problems.collect():
        inputs = read_inputs(entries["inputs"], problems)
    with problems.collect():
        features = read_features(entries["features"], problems, base_dir) if "features" in entries else ()
    with problems.collect():
        model = _read_model(entries["model"], base_dir) if "model" in entries else None
    with problems.collect():
        profile = read_profile(entries["profile"], inputs) if "profile" in entries else profile
    with problems.collect():
        log = read_log(entries["log"], inputs) if "log" in entries else log
    with problems.collect():
        if "drift" in entries:
            drift = read_drift(entries["drift"], [i.name for i in inputs], _keys(entries["outputs"]))
    with problems.collect():
        signals = as_bool(entries["signals"], "`signals`") if "signals" in entries else signals
    with problems.collect():
        freshness = read_freshness(entries["inputs"], entries.get("freshness"), inputs, data, problems)
    is_complete = not problems
    with problems.collect():
        outputs = read_outputs(entries["outputs"], problems)
    definition = PipelineDefinition(
        name, inputs, features, outputs, data, model, node.span, profile, log, drift, signals, freshness
    )
    return definition, is_complete


def _keys(node: Node) -> list[str]:
    """The keys of a mapping; nothing of what is not one, which is refused elsewhere."""
    return [key.text for key, _ in node.entries] if isinstance(node, MapNode) else []


def _check_format(root: MapNode) -> None:
    """Checked first, so that a file in a newer format is reported as such and not for its unknown keys."""
    node = root.get("skc")
    if node is None:
        raise missing_key("skc", root.span, "the pipeline")
    value = node.value if isinstance(node, ScalarNode) else None
    if type(value) is not int or value < 1:
        raise wrong_type(node, "`skc`, the version of the format,", f"{FORMAT}", f"write `skc: {FORMAT}`")
    if value > FORMAT:
        message = f"the pipeline is written in format {value}, but this version of skc reads format {FORMAT}"
        raise fail("SKC108", message, span=node.span, hint="install a newer skc")


def _read_model(node: Node, base_dir: Path | None) -> ModelSource:
    """`module:object`, or the path of a file of a fitted model, and the output that it is given."""
    body = as_map(node, "`model`", "write {from: module:object, features: x}")
    check_keys(body, "`model`", ["from", "features"])
    texts = {key.text: as_text(value, f"`{key.text}` of `model`") for key, value in body.entries}
    reference = texts["from"]
    is_file = "/" in reference or "\\" in reference or Path(reference).suffix in MODEL_FILES
    return ModelSource(located(reference, base_dir) if is_file else reference, texts["features"], node.span)
