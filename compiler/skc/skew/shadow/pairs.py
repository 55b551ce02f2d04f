"""Two answers to one request, wherever they come from: services that are asked, or logs of what they served."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skc.diagnostics import fail
from skc.progress import Progress
from skc.scratch import scratch_folder
from skc.skew.log_parts import Unread, each_part
from skc.skew.log_reader import Header, LoggedRequest, log_files, read_file
from skc.skew.shadow.answers import Answer, of_log, of_response
from skc.skew.shadow.requests import Request
from skc.skew.shadow.services import Service
from skc_runtime.errors import shown

AT_ONCE = 1 << 24  # bytes of one log that are in memory
MOST_PARTS = 500  # files that are open at once, for each log


@dataclass(frozen=True, slots=True)
class Pair:
    """A request with the answers of both sides, and a second answer of A if it was asked twice.

    `record` has the values of inputs, in the form of golden.jsonl; None if it is not known. `ages` are the seconds
    since a looked-up value was true, by input.
    """

    id: str
    record: Mapping[str, Any] | None
    a: Answer
    b: Answer
    again: Answer | None = None
    ages: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Unpaired:
    """What has no counterpart: requests in one log only, and ids that occur again. Plans and hidden inputs of both."""

    only_a: int = 0
    only_b: int = 0
    repeated: int = 0
    plans: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))
    hidden: set[str] = field(default_factory=set)
    unread: tuple[Unread, Unread] = field(default_factory=lambda: (Unread(), Unread()))


def of_services(
    requests: Sequence[Request], a: Service, b: Service, *, again: bool, progress: Progress | None = None
) -> Iterator[Pair]:
    """Ask both sides, one request after the other, in turn first A and first B: neither is always the warm one."""
    for k, request in enumerate(requests):
        order = (a, b) if k % 2 == 0 else (b, a)
        answers = [_asked(service, request, k) for service in order]
        one, other = answers if k % 2 == 0 else reversed(answers)
        second = _asked(a, request, k) if again else None
        yield Pair(request.id, request.record, one, other, second)
        if progress is not None and k % 100 == 99:
            progress("shadow: requests", k + 1, len(requests))
    for service in (a, b):
        service.finish()


def _asked(service: Service, request: Request, k: int) -> Answer:
    reply = service.ask(request.body)
    latency_us = reply.seconds * 1e6 if k else None  # the first waits until the service has started
    try:
        answer = of_response(reply.body, reply.status, reply.seconds * 1e6)
    except ValueError:
        text = shown(reply.body[:80].decode("utf-8", "backslashreplace"))
        message = f"`{service.name}` answered request {k + 1} with {text}"
        hint = "an answer is JSON; a log of the service belongs on stderr"
        raise fail("SKC682", f"{message}, which is not JSON", hint=hint) from None
    return Answer(answer.fields, answer.features, answer.refusal, latency_us)


def of_logs(a: Path, b: Path, unpaired: Unpaired) -> Iterator[Pair]:
    """The requests of two logs that have the same id. A log is divided by its ids into parts that fit into memory.

    Raises SKC601 to SKC603.
    """
    size = max(sum(path.stat().st_size for path in log_files([log])) for log in (a, b))
    parts = min(MOST_PARTS, 1 + size // AT_ONCE)
    with scratch_folder("skc-shadow") as folder:
        for side, log in enumerate((a, b)):
            divide(log, folder, side, parts, unpaired)
        for part in range(parts):
            yield from _joined(folder / f"0-{part}", folder / f"1-{part}", unpaired)


def divide(log: Path, folder: Path, side: int, parts: int, unpaired: Unpaired) -> None:
    """Write the requests of a log to the files SIDE-PART of a folder, by their ids, in their order."""
    with ExitStack() as stack:
        files = [stack.enter_context((folder / f"{side}-{part}").open("w")) for part in range(parts)]

        def begin(header: Header) -> None:
            unpaired.plans[side].add(header.plan)
            unpaired.hidden |= {*header.omit, *header.hash}

        def see(request: LoggedRequest) -> None:
            part = zlib.crc32(request.id.encode("utf-8", "surrogatepass")) % parts
            files[part].write(json.dumps(request.document) + "\n")

        for path in each_part([log], unpaired.unread[side]):
            unpaired.unread[side].see(read_file(path, see, begin))


def _joined(a: Path, b: Path, unpaired: Unpaired) -> Iterator[Pair]:
    waiting: dict[str, dict[str, Any]] = {}
    met: set[str] = set()
    with b.open() as lines:
        for line in lines:
            document = json.loads(line)
            unpaired.repeated += document["id"] in waiting
            waiting.setdefault(document["id"], document)
    with a.open() as lines:
        for line in lines:
            document = json.loads(line)
            id_ = document["id"]
            if id_ in met:
                unpaired.repeated += 1
                continue
            met.add(id_)
            other = waiting.pop(id_, None)
            if other is None:
                unpaired.only_a += 1
            else:
                yield _pair(document, other)
    unpaired.only_b += len(waiting)


def _pair(a: Mapping[str, Any], b: Mapping[str, Any]) -> Pair:
    record = a["request"] if isinstance(a["request"], dict) else None
    return Pair(a["id"], record, of_log(a), of_log(b), None, ages_of(a))


def ages_of(document: Mapping[str, Any]) -> dict[str, float]:
    """Seconds between the time of a request and that of its looked-up values."""
    times = document.get("as_of")
    if not isinstance(times, dict):
        return {}
    return {name: (document["time_us"] - time) / 1e6 for name, time in times.items() if type(time) is int}
