"""`skc parity`: reads both sides, joins them by the key, and counts what differs in which way."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from skc.data.duckdb.connection import Database, engine_errors
from skc.diagnostics import SkcError, fail
from skc.scratch import scratch_folder
from skc.skew.keys.proposing import LEAST_SHARE, Proposals
from skc.skew.keys.template import KeyTemplate, read_template
from skc.skew.parity.asking import propose_to_store
from skc.skew.parity.comparing import compare, count_keys, count_kinds
from skc.skew.parity.export import is_export, load_export
from skc.skew.parity.keys import key_for_store, read_key
from skc.skew.parity.question import Contract, Fields, Question, fields_of
from skc.skew.parity.reasons import find_reasons
from skc.skew.parity.report import ColumnParity, ParityReport, Schema, broken
from skc.skew.parity.rules import ParityRule
from skc.skew.parity.samples import keys_of, samples_of
from skc.skew.parity.staleness import find_stale
from skc.skew.parity.store import AT_ONCE, GetMany, write_rows
from skc.skew.parity.tables import (
    JOINED,
    KEYS_OFFLINE,
    KEYS_ONLINE,
    Side,
    check_unique,
    each_part,
    load_table,
    open_sides,
)
from skc.skew.parity.tables import count_keys as keys_in
from skc.skew.parts import length_of
from skc.verification.shown import shortened

SAMPLED = 100_000  # keys of a store, which serves others at the same time
HEXADECIMAL = set("0123456789abcdef")
LEAST_PREFIX = 8  # characters of a plan's hash that name it


def compare_sides(
    offline: Any, online: Any, store: GetMany | None, contract: Contract, question: Question
) -> ParityReport:
    """Compare an online side, a table, an export or a store, with the offline table.

    Raises SKC200 to SKC206, SKC220 to SKC226, SKC623, SKC625, SKC671 to SKC677.
    """
    fields = fields_of(offline, contract, question.key, question.time, question.threads, "offline")
    with open_sides(question.threads) as database:
        keys = None if question.sample is None else keys_in(offline, contract, question, fields)
        rate = 1.0 if keys is None or question.sample is None or not keys else min(1.0, question.sample / keys)
        ours = load_table(database, "offline", offline, contract, question, fields, rate)
        if ours.keys == 0:
            raise fail("SKC208", "the offline table has no rows with a key", hint="give a table with rows")
        check_unique(database, "offline", question)
        theirs = _online(database, online, store, contract, question, fields, rate)
        check_unique(database, "online", question)
        return _report(database, contract, question, ours, theirs, keys if rate < 1 else None, store)


def read_question(options: Any) -> Question:
    """The options of `skc parity`, as they are understood. Raises SKC140."""
    key, online_key = read_key(options.key)
    template = None if options.online_key is None else read_template(options.online_key, key)
    if template is not None and template.is_open and options.store is not None:
        hint = "export the store, and give the export as ONLINE"
        raise fail("SKC140", f"`{options.online_key}` does not say how a key is written in full", hint=hint)
    sample = SAMPLED if options.sample is None and options.store is not None else options.sample
    lag = None if options.lag is None else length_of(options.lag, "a lag")
    return Question(key, online_key, template, options.time, lag, sample, options.version, options.threads)


def checked(report: ParityReport, rules: Sequence[ParityRule]) -> ParityReport:
    """The report with what the rules do not allow."""
    return replace(report, rules=tuple(rules), broken=broken(rules, report))


def _online(
    database: Database,
    online: Any,
    store: GetMany | None,
    contract: Contract,
    question: Question,
    fields: Fields,
    rate: float,
) -> Side:
    if store is not None:
        with scratch_folder("skc-parity") as folder:
            file = folder / "rows.jsonl"
            with engine_errors("the rows of the store cannot be kept"), file.open("wb") as opened:
                write_rows(store, _batches(database, question, fields), question.time, opened)
            return load_export(database, file, contract, replace(question, template=None), 1.0, store=True)
    if is_export(online):
        return load_export(database, online, contract, question, rate)
    there = fields_of(online, contract, question.online_key, question.time, question.threads, "online")
    return load_table(database, "online", online, contract, question, there, rate)


def _batches(database: Database, question: Question, fields: Fields) -> Iterator[list[tuple[str, Any]]]:
    """The keys of the offline table, as texts and as the store is asked for them."""
    with engine_errors(JOINED):
        for _ in each_part(database, "offline"):
            keys = "SELECT DISTINCT k FROM offline_part WHERE k IS NOT NULL ORDER BY k"
            for batch in database.batches(keys, AT_ONCE):
                texts = batch["k"].to_pylist()
                for start in range(0, len(texts), AT_ONCE):
                    some = texts[start : start + AT_ONCE]
                    yield [(key, key_for_store(key, fields.key.dtype, question.template)) for key in some]


def _report(
    database: Database,
    contract: Contract,
    question: Question,
    ours: Side,
    theirs: Side,
    all_keys: int | None,
    store: GetMany | None,
) -> ParityReport:
    numbered = [(k, i) for k, i in enumerate(contract.inputs) if i.name != question.key]
    both = [(k, i) for k, i in numbered if i.name in ours.columns and i.name in theirs.columns]
    has_time = question.time is not None
    compare(database, both, ours, theirs, has_time=has_time)
    keys = count_keys(database, has_time=has_time, lag=question.lag or 0)
    if keys.matched == 0:
        raise _unmatched(database, question, ours, theirs, store)
    kinds = count_kinds(database, [k for k, _ in both])
    behind = {}
    if has_time:
        searched = [(k, i) for k, i in both if sum(kinds[k].values()) > kinds[k]["equal"]]
        behind = find_stale(database, searched, question.lag)
        kinds = count_kinds(database, [k for k, _ in both])
    reasons = find_reasons(database, both, kinds)
    samples = samples_of(database, both, kinds, has_time=has_time)
    columns = []
    for k, value in numbered:
        absent = "online" if value.name in ours.columns else "offline"
        if value.name not in ours.columns and value.name not in theirs.columns:
            continue
        if (k, value) in both:
            why = reasons.get(k, {})
            columns.append(ColumnParity(value.name, value.dtype, kinds[k], samples[k], behind.get(k), None, why))
        else:
            columns.append(ColumnParity(value.name, value.dtype, {}, {}, None, absent))
    return ParityReport(
        contract.name,
        contract.plan,
        question.key,
        ours.rows,
        ours.keys,
        theirs.rows,
        theirs.keys,
        all_keys,
        (ours.without_key, theirs.without_key),
        theirs.foreign,
        keys,
        store is None,
        keys_of(database, "offline", "online") if keys.missing else (),
        keys_of(database, "online", "offline") if keys.ghosts else (),
        tuple(columns),
        ours.without_time if has_time else 0,
        _schemas(database, contract, question) if theirs.has_schema else (),
        has_time,
        question.lag or 0,
    )


def _unmatched(database: Database, question: Question, ours: Side, theirs: Side, store: GetMany | None) -> SkcError:
    """SKC677, with the template that the online store seems to write its keys by."""
    if store is None and theirs.keys == 0 and theirs.foreign == 0:
        return fail("SKC208", "the online side has no rows with a key", hint="give a table with rows")
    template = None
    if question.template is None or not question.template.form.text:  # or the offline keys are not known as they are
        template = _proposed(database) if store is None else propose_to_store(database, store, question.key)
    if template is not None:
        hint = f"the store seems to write its keys so: --online-key {shlex.quote(template.text(question.key))}"
    elif store is None:
        hint = f"say how the store writes a key: --online-key 'user:{{{question.key}}}'"
    else:
        hint = "check the store that the function reads, and say how it writes a key with --online-key"
    notes = [f"offline: {_some(database, 'offline', ours.keys)}"]
    notes += [f"online: {_some(database, 'online', theirs.rows)}"] if store is None else []
    return fail("SKC677", "no key of the offline table is online", hint=hint, notes=notes)


def _proposed(database: Database) -> KeyTemplate | None:
    """The template that reads most of the online keys as offline ones; None if there is none."""
    proposals = Proposals(database, plain=KEYS_OFFLINE, written=KEYS_ONLINE)
    proposal = proposals.best(LEAST_SHARE, merging=False) or proposals.best(LEAST_SHARE, merging=True)
    return None if proposal is None else proposal.template


def _some(database: Database, side: str, number: int) -> str:
    """The first keys of a side, as they are."""
    with engine_errors(JOINED):
        rows = database.execute(f"SELECT coalesce(k, r) AS k FROM {side} ORDER BY k NULLS LAST LIMIT 100")
    keys = dict.fromkeys(key for (key,) in rows if key is not None)
    return ", ".join(f"`{shortened(key)}`" for key in list(keys)[:3]) + (" …" if number > 3 else "")


def _schemas(database: Database, contract: Contract, question: Question) -> tuple[Schema, ...]:
    """The versions of the online rows. If none is asked for, that of the artifact is right, or the most common one."""
    with engine_errors(JOINED):
        versions = database.execute(
            "SELECT s, count(*) AS n FROM online WHERE k IS NOT NULL GROUP BY s ORDER BY n DESC, s NULLS LAST LIMIT 20"
        )
    if question.version is None and all(version is None for version, _ in versions):
        return ()
    counted: list[tuple[str | None, int]] = [(version, int(rows)) for version, rows in versions]
    hashes = [version for version, _ in counted if version is not None and _is_hash(version)]
    common = next(version for version, _ in counted if version is not None or question.version is not None)

    def is_expected(version: str | None) -> bool:
        if question.version is not None:
            return version == question.version
        if hashes and contract.plan:
            return version is not None and _is_hash(version) and contract.plan.startswith(version)
        return version == common

    return tuple(Schema(version, rows, is_expected(version)) for version, rows in counted)


def _is_hash(version: str) -> bool:
    return len(version) >= LEAST_PREFIX and set(version) <= HEXADECIMAL
