"""Signals as metrics of OpenTelemetry: observable counters, which are read when a reader collects them.

    python opentelemetry_metrics.py artifact

It needs opentelemetry-sdk, whose console exporter prints the metrics; any other exporter is used in its place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader

import skc_runtime


def observe(meter: Meter, transformer: skc_runtime.Transformer) -> None:
    """Let a meter read what a transformer counts. Names and attributes are those of `signals_text`."""
    of = {"name": transformer.manifest.name, "plan": transformer.manifest.plan[:8]}

    def rows(_: CallbackOptions) -> Iterator[Observation]:
        yield Observation(transformer.signals().rows, of)

    def refused(_: CallbackOptions) -> Iterator[Observation]:
        for (code, name), count in transformer.signals().refused.items():
            yield Observation(count, {**of, "code": code, "input": name})

    def steps(_: CallbackOptions) -> Iterator[Observation]:
        for step in transformer.signals().steps:
            yield Observation(step.rows, {**of, "step": step.step, "input": step.input, "kind": step.kind})

    def training(_: CallbackOptions) -> Iterator[Observation]:
        for step in transformer.signals().steps:
            if step.training is not None:
                place = {"step": step.step, "input": step.input, "kind": step.kind}
                yield Observation(float(step.training), {**of, **place})

    meter.create_observable_counter("skc_rows_total", [rows], description="Rows that were served.")
    meter.create_observable_counter("skc_refused_total", [refused], description="Calls that were refused.")
    meter.create_observable_counter("skc_step_total", [steps], description="Rows with a value of a kind in a step.")
    meter.create_observable_gauge("skc_training_ratio", [training], description="The share of such rows in training.")


def main() -> None:
    provider = MeterProvider([PeriodicExportingMetricReader(ConsoleMetricExporter(), 60_000)])
    with skc_runtime.load(sys.argv[1]) as transformer:
        observe(provider.get_meter("skc"), transformer)
        for line in sys.stdin.buffer:  # one request per line
            with suppress(skc_runtime.RecordError):  # counted
                transformer.transform_json(line)
        provider.shutdown()  # collects once more


if __name__ == "__main__":
    main()
