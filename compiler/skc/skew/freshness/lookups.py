"""The look-ups in a log of requests: of each input, how often it was looked up and found, and how old its values were.

Why two ways to read a line: Arrow parses a block of lines in a third of the time that `json` takes for them one by one,
but takes all of a block or nothing, and has to know the names of the inputs. So these are read line by line: the first
lines, and every block that Arrow refuses (a damaged line, a value that no runtime writes) or that has another name
(there are more names in its lines than values in the table); and every look-up that found nothing, of which the request
itself has to be looked into.

Why files: of ten million requests, the ages of one input are 80 MB. They are read one input at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from skc.data.instants import ages_of
from skc.skew.log_parts import each_part
from skc.skew.log_plans import LogPlan
from skc.skew.log_reader import Header, LoggedRequest, open_lines, parsed_request
from skc_runtime.kinds import INT64_MAX, INT64_MIN, Array

BLOCK = 16_384  # lines
FIRST = 64  # lines, from which names are learned
MISSED = b":false"
LOOKED_UP = ("as_of", "fetched_us", "hit")
BEGINS = tuple(f',"{key}":{{'.encode() for key in LOOKED_UP)  # a text in JSON cannot hold such an unescaped quote
NAMED = b'":'  # ends every name, of an input or of one of these


@dataclass
class LookUps:
    """Those of one input: how many requests had any, how many of them said that a value was found, or was not. Of the
    latter, `defaults` had a value nevertheless: one that the service made up.
    """

    folder: Path
    number: int
    looked_up: int = 0
    hits: int = 0
    misses: int = 0
    defaults: int = 0

    def add(self, ages: Array, fetches: Array) -> None:
        """Microseconds, int64 [N] of those that are known."""
        for what, values in (("age", ages), ("fetch", fetches)):
            if len(values):
                with self._path(what).open("ab") as file:
                    file.write(values.astype(np.int64, copy=False).tobytes())

    def ages(self) -> Array:
        """All ages in microseconds, in increasing order: int64 [N]."""
        return self._sorted("age")

    def fetches(self) -> Array:
        """The duration of every look-up, likewise."""
        return self._sorted("fetch")

    def _path(self, what: str) -> Path:
        return self.folder / f"{self.number}.{what}"

    def _sorted(self, what: str) -> Array:
        path = self._path(what)
        values = np.fromfile(path, np.int64) if path.exists() else np.zeros(0, np.int64)
        values.sort()
        return values


@dataclass
class LoggedLookUps:
    """What a log says of all inputs that were looked up in any of `requests`. `damaged` lines are not requests."""

    folder: Path
    requests: int = 0
    damaged: int = 0
    name: str = ""
    inputs: dict[str, LookUps] = field(default_factory=dict)

    def of(self, name: str) -> LookUps:
        """Those of an input, from now on."""
        return self.inputs.setdefault(name, LookUps(self.folder, len(self.inputs)))


@dataclass(frozen=True)
class LogContract:
    """What is known of a log before it is read: the plan that it must be of, and of some inputs the other input that
    has the time of their values.
    """

    plan: LogPlan = field(default_factory=LogPlan)
    times: Mapping[str, str] = field(default_factory=dict)


def read_lookups(paths: Sequence[Path], folder: Path, contract: LogContract) -> LoggedLookUps:
    """Read all files of a log. Raises SKC601 to SKC604."""
    look_ups = LoggedLookUps(folder)
    plan = contract.plan
    for path in each_part(paths):
        with open_lines(path) as (header, lines):
            if header is None:
                continue
            plan.begin(path, header)
            if plan.reads_file:
                look_ups.name = look_ups.name or header.name
                _Reader(look_ups, header, contract).read(lines)
                look_ups.damaged += lines.breaks_off
            else:
                for _ in filter(None, map(parsed_request, lines)):
                    plan.takes()
    plan.check(look_ups.requests)
    return look_ups


@dataclass(frozen=True)
class _Values:
    """Of some requests: `values` [N], of which those that are `there` are known."""

    values: Array
    there: Array


class _Reader:
    """Reads one file."""

    def __init__(self, look_ups: LoggedLookUps, header: Header, contract: LogContract) -> None:
        hidden = {*header.omit, *header.hash}
        self.look_ups, self.is_sample = look_ups, header.sample < 1
        self.times = {name: other for name, other in contract.times.items() if other not in hidden}
        self.names = self._known_names()

    def _known_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.look_ups.inputs, *self.times]))

    def read(self, lines: Iterable[bytes]) -> None:
        block: list[bytes] = []
        others: list[bytes] = []
        named = 0
        for line in lines:
            begin = min((at for key in BEGINS if (at := line.rfind(key)) >= 0), default=len(line))
            if self.names and line.find(MISSED, begin) < 0:
                block.append(line)
                named += line.count(NAMED, begin)
            else:
                others.append(line)
            if len(block) + len(others) >= (BLOCK if self.names else FIRST):
                self._flush(block, others, named)
                named = 0
        self._flush(block, others, named)

    def _flush(self, block: list[bytes], others: list[bytes], named: int) -> None:
        table = self._parsed(block, named)
        if table is None:
            others += block
        else:
            self._add_table(table)
        self._add_lines(others)
        self.names = self._known_names()
        block.clear()
        others.clear()

    def _parsed(self, lines: Sequence[bytes], named: int) -> pa.Table | None:
        """The block as a table; None if there is anything in it that is not a request or the end of a file, or one of
        the names in it is not known.
        """
        if not lines:
            return None
        data = b"".join(lines)
        size = pj.ReadOptions(use_threads=False, block_size=len(data) + 1)
        schema = _schema(self.names, self.times)
        parsing = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        try:
            table = pj.read_json(pa.BufferReader(data), read_options=size, parse_options=parsing)
        except pa.ArrowException:
            return None
        if named != sum(_names_in(table.column(key)) for key in LOOKED_UP):
            return None
        table = table.filter(pc.fill_null(pc.invert(table.column("end")), True))
        is_whole = all(table.column(name).null_count == 0 for name in ("n", "id", "time_us"))
        return table if is_whole and data.count(b'"request":') >= len(table) else None

    def _add_table(self, table: pa.Table) -> None:
        self.look_ups.requests += len(table)
        if self.is_sample:  # which has every refused request
            table = table.filter(table.column("error").is_null())
        table = table.combine_chunks()
        times = table.column("time_us").to_numpy()
        columns = {key: _children(table.column(key)) for key in (*LOOKED_UP, "request") if key in table.schema.names}
        for name in columns["hit"]:
            as_of = columns["as_of"][name]
            if name in self.times:
                as_of = _either(as_of, _whole(columns["request"][self.times[name]]))
            fetched, hit = columns["fetched_us"][name], columns["hit"][name]
            if as_of.null_count + fetched.null_count + hit.null_count < 3 * len(table):
                self._add(name, times, _values(as_of), _values(fetched), _values(hit))

    def _add_lines(self, lines: Iterable[bytes]) -> None:
        by_name: dict[str, list[tuple[int, int | None, int | None, bool | None]]] = {}
        defaults: Counter[str] = Counter()
        for line in lines:
            if line.startswith(b'{"end":true'):
                continue
            request = parsed_request(line)
            known = None if request is None else _known(request)
            if request is None or known is None:
                self.look_ups.damaged += 1
                continue
            self.look_ups.requests += 1
            if self.is_sample and "error" in request.document:
                continue
            record = request.document["request"] if isinstance(request.document["request"], dict) else {}
            as_of, fetched, hit = known
            as_of = {**self._from_request(record), **as_of}
            for name in {**as_of, **fetched, **hit}:
                row = (request.time_us, as_of.get(name), fetched.get(name), hit.get(name))
                by_name.setdefault(name, []).append(row)
                defaults[name] += hit.get(name) is False and record.get(name) is not None
        for name, rows in by_name.items():
            times, *columns = (list(column) for column in zip(*rows, strict=True))
            self._add(name, np.array(times, np.int64), *map(_of_list, columns))
            self.look_ups.of(name).defaults += defaults[name]

    def _from_request(self, record: Mapping[str, Any]) -> dict[str, int]:
        texts = {name: record.get(other) for name, other in self.times.items()}
        return {name: int(text) for name, text in texts.items() if isinstance(text, str) and _is_whole(text)}

    def _add(self, name: str, times: Array, as_of: _Values, fetched: _Values, hit: _Values) -> None:
        inputs = self.look_ups.of(name)
        inputs.looked_up += int(np.count_nonzero(as_of.there | fetched.there | hit.there))
        inputs.hits += int(np.count_nonzero(hit.values[hit.there]))
        inputs.misses += int(np.count_nonzero(~hit.values[hit.there].astype(bool)))
        inputs.add(ages_of(as_of.values, times)[as_of.there], fetched.values[fetched.there])


def _schema(inputs: Sequence[str], times: Mapping[str, str]) -> pa.Schema:
    """What Arrow reads of a line; it leaves out the rest."""

    def each(names: Iterable[str], kind: pa.DataType) -> pa.DataType:
        return pa.struct([pa.field(name, kind) for name in names])

    fields = [("n", pa.int64()), ("id", pa.string()), ("time_us", pa.int64()), ("end", pa.bool_())]
    fields += [("error", each(["code"], pa.string())), ("as_of", each(inputs, pa.int64()))]
    fields += [("fetched_us", each(inputs, pa.int64())), ("hit", each(inputs, pa.bool_()))]
    if times:
        fields.append(("request", each(dict.fromkeys(times.values()), pa.string())))
    return pa.schema(fields)


def _children(column: pa.ChunkedArray) -> dict[str, pa.Array]:
    """The fields of a struct, which are null where it is."""
    array = column.combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) and array.num_chunks else array
    return {f.name: pc.struct_field(array, [k]) for k, f in enumerate(array.type)}


def _names_in(column: pa.ChunkedArray) -> int:
    """The names in the JSON of some structs: that of each, and those of its fields."""
    return sum(len(values) - values.null_count for values in (column, *_children(column).values()))


def _whole(texts: pa.Array) -> pa.Array:
    """Decimals in a string, as an input of times is logged; null for anything else."""
    is_whole = pc.match_substring_regex(texts, r"^-?[0-9]{1,18}$")
    return pc.if_else(is_whole, texts, None).cast(pa.int64())


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and text.isascii() and len(text.removeprefix("-")) <= 18


def _either(first: pa.Array, second: pa.Array) -> pa.Array:
    return pc.coalesce(first, second)


def _values(array: pa.Array) -> _Values:
    is_flag = pa.types.is_boolean(array.type)
    values = array.fill_null(False if is_flag else 0).to_numpy(zero_copy_only=False)
    return _Values(values, array.is_valid().to_numpy(zero_copy_only=False))


def _of_list(values: Sequence[int | bool | None]) -> _Values:
    there = np.array([value is not None for value in values], bool)
    return _Values(np.array([0 if value is None else value for value in values], np.int64), there)


def _known(request: LoggedRequest) -> tuple[dict[str, int], dict[str, int], dict[str, bool]] | None:
    """What a request says of its look-ups; None if a runtime would not have written it so."""
    times, fetched, hit = (request.document.get(key) for key in LOOKED_UP)
    checks: tuple[tuple[Any, Callable[[Any], bool]], ...] = ((times, _is_int64), (fetched, _is_int64), (hit, _is_flag))
    for by_input, is_fine in checks:
        if by_input is not None and not (isinstance(by_input, dict) and all(map(is_fine, by_input.values()))):
            return None
    return times or {}, fetched or {}, hit or {}


def _is_int64(value: Any) -> bool:
    return value is None or (type(value) is int and INT64_MIN <= value <= INT64_MAX)


def _is_flag(value: Any) -> bool:
    return value is None or type(value) is bool
