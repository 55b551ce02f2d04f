"""Every hint that skc can give works when a machine follows it, or is listed with the reason why none can."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hint_boosters import BOOSTERS
from hint_catalogue import pattern, templates
from hint_data import CASES, Follow, Try
from hint_estimators import ESTIMATORS
from hint_exceptions import NOT_FOLLOWED
from hint_fits import Attempt, diagnostics
from hint_fixes import FIXES, GIVEN
from hint_models import MODELS
from hint_snippets import PARSE, PIPELINE, SNIPPETS

from skc.diagnostics import Diagnostic, SkcError
from skc.frontend.yaml.reader import read_pipeline

ERRORS = Path(__file__).parent / "frontend" / "errors"
OF_TABLES = "frontend/test_tables.py::test_a_table_that_follows_the_hint"
OF_SHEETS = "stats/test_sheets.py::test_a_sheet_that_follows_the_hint"
OF_DRAFTS = "draft/test_bad_data.py::test_one_error_that_says_what_mends_it"
OF_TARGETS = {
    f"test_targets.py::test_hints_about_the_{subject}_are_followed": hints
    for subject, hints in {
        "declaration": (
            "declare it under `data`: `target: {column: NAME, type: float64}`",
            "write `target: {column: NAME, type: float64}`",
            "remove the input, and what is made from it",
            "write `from: [FOLD, CATEGORY]` and `{target_encode: {folds: 5}}`; FOLD is a nullable int64 input, 0 to 4",
            "write `from: [FOLD, CATEGORY]`, and declare FOLD `{type: int64, nullable: true}`",
        ),
        "rows": (
            "exclude such rows: `where: '\"{}\" IS NOT NULL'` under `data`",
            "exclude such rows with `where`",
            "give every training row a fold: null stands for a request, which is encoded by all rows",
            "number the folds from 0 to {}, or write another number of `folds`",
            "write the number of folds that the data has as `folds`, or divide its rows again",
        ),
        "kind_of_target": (
            "declare the target float64 or int64",
            "declare the target int64, string or bool",
            "give rows of other classes too",
            "write `target_type: multiclass`",
            "write `target_type: binary`",
        ),
    }.items()
}
OF_PARITY = (
    "give a table, an export, or --online module:get_many",
    "write --key user_id, or --key user_id=uid",
    "give --time, or leave both out",
    "name a column of it: {}",
    "use texts or integers",
    "give a table whose columns have the names of the inputs",
    "export it again, or remove the last line: the keys after it would seem to be missing",
    "write it as user:{{}}, with {}",
    "write {{}}|* or *:{{}}",
    "write one of {}",
    'write every line as {"key": "u1", "value": {"age": 3}}, with a "time" if you know it',
    "return a list with one dict for each key, in their order, and None for a key that the store does not have",
    "the store seems to write its keys so: --online-key {}",
    "say how the store writes a key: --online-key 'user:{{}}'",
    "check the store that the function reads, and say how it writes a key with --online-key",
    "give a table with rows",
    "export the store, and give the export as ONLINE",
    "write --online module:get_many",
    "name a function from a list of keys to a list of dicts",
    "mend the function: skc calls it with a list of keys",
    "give times as microseconds since 1970, or as texts in ISO 8601",
    "name the column of times with --time, so that the latest row of a key counts",
    "give one row of each key, or rows of different times",
)
OF_STATES = {
    f"state/test_refused.py::{test}": hints
    for test, hints in {
        "test_the_command_line": ("give --out DIRECTORY or --state FILE", "give a pipeline.yaml"),
        "test_rows_of_a_database": ("write the rows into files of Parquet, and give these",),
        "test_a_comment_decides_nothing_but_which_text_to_read": ("name the file with --pipeline",),
        "test_the_same_rows_twice": ("merge each part once; --allow-overlap counts such rows twice",),
        "test_what_follows_the_hints_is_merged": (
            "name files that `skc fit` wrote",
            "name each state once",
            "{}, or install skc {}",
            "write the states again, with the same pipeline and the same version of skc",
            "the file is damaged or was edited; write the state again",
            "install the skc that wrote it, or write the state again",
            "write the states with a higher --limit than {}, or compile with all rows",
            "write the states with --no-profile, or with a higher --limit than {}",
        ),
    }.items()
}
OF_DRIFT = (
    "give --{}, or leave both out",
    "write 15m, 1h, 1d or 1w",
    "name a column of timestamps, dates, microseconds since 1970 or texts in ISO 8601",
    "name a column of {}",
    "name a column of the table",
    "store it as numbers, texts, times or true and false",
    "name the column of predictions",
    "freeze a table that has it with `skc profile`",
    "give a file that `skc profile` wrote",
    "compare at least {} rows with at least as many, or leave out --strict",
    "give a longer --window, or a column for --group that has fewer values",
    "give rows of requests: their columns have the names of the inputs",
    "log with features=full, and the outputs are compared as they were served; or hide fewer inputs",
    "compile the pipeline again without --no-profile, and without `profile: false`",
    "give a file of YAML or JSON that has what `drift` of a pipeline.yaml has",
)
OF_SHADOW = (
    "give a number from {} to {}",
    "give --{}, or two logs",
    "give --requests FILE, or --synthetic NUMBER with --artifact",
    "give the artifact that both services serve",
    "give --left and --right, or leave it out",
    "compare more requests, allow another --share, or leave out --strict",
    "leave out the logs, or --left and --right",
    "give two logs, a log and an artifact, or --left and --right",
    "an answer is JSON; a log of the service belongs on stderr",
    "one line of JSON on stdout for each line on stdin, and everything else on stderr",
    "give --artifact: it says which inputs are integers, which a log has as decimals",
    "give a file with one JSON object per line, or a log",
    "write one JSON object per line, which is what a service gets",
    "give logs of the same requests: a shadow service gets the id of the first with its request",
    "give a program with its arguments, or a URL that begins with http:// or https://",
    "give it more time with --timeout",
    "log features or predictions, and check --compare, --prediction and --ignore",
)
OF_HEADERS = (
    "leave the header out",
    "write --header 'Name: value', or --header @FILE with one on each line",
    "give it once, for each side",
    "give a file with one header on each line, as --header @FILE",
    "give it one, or leave it out",
    "encode it as the service reads it, or write two headers as two",
)
OF_FRESHNESS = (
    "give --training, or leave out --event and --feature-time",
    "let the service pass as_of=, fetched_us= or hit= to `log.add`",
    "give a log of at least {} look-ups, or leave out --strict",
    "give --event COLUMN, or declare `data: {event_time: COLUMN}` and compile again",
    "give --feature-time INPUT=COLUMN, or declare `as_of: COLUMN` of the input and compile again",
    "give training rows that have them, or name other columns",
    "write --feature-time INPUT=COLUMN",
    "name an input of the pipeline",
    "join each value as it was at the time of the label: no request will have one from later",
)
OF_REPLAY = (
    "write id=COLUMN, key=COLUMN or INPUT=COLUMN",
    "give --training and --key, or leave --time out",
    "give some with --training and --key",
    "give another key: this input is left out of the log, or hashed",
    "the key is `id`, `key`, or one of the inputs",
    "give the artifact that served it; --own-plan leaves it out, --any-plan compares it",
    "give a log that has requests: `skc log check` says what is in it",
    "give one of them",
    "give the artifact that served them",
    "give other times for --since and --until",
    "give a day of UTC, or a time with its zone, such as 2025-11-10 or 2025-11-10T08:00:00Z",
    "store it in the type of the feature, or under another name",
    "give the column of their times with --time",
    "keep one row of each key",
)
OF_LOGS = {
    **dict.fromkeys(
        ("a share from 0 to 1", "one of {}", "a whole number from {}", "seconds above 0"),
        "runtime/test_request_log.py::test_a_wrong_option",
    ),
    "a secret text, the same in every service whose logs are to be compared": (
        "runtime/test_request_log.py::test_what_must_not_be_shown_is_not"
    ),
    "give every request its key": "runtime/test_request_log.py::test_a_request_has_its_key_as_the_hint_says",
    **dict.fromkeys(
        (
            "a log is written by `Log.open` of a runtime; its files end in {}",
            "give the files of a log, or its folder",
            "give a folder that has files ending in {}",
        ),
        "skew/test_log_check.py::test_a_command_that_follows_the_hint",
    ),
    **dict.fromkeys(
        (
            "give the artifact that served it; --own-plan leaves it out",
            "give the artifact that served, or leave it out",
            "give the log and the artifact of one pipeline; a log names its own",
            "give a log, or leave it out",
        ),
        "skew/test_log_plans.py::test_a_command_that_follows_the_hint",
    ),
}
ELSEWHERE = {  # hints that a test of their own follows
    'pip install "skc[holidays]"': "test_time.py::test_is_holiday_without_the_package",
    "use ISO 3166 codes, such as DE and BE; the package's page lists what it has": (
        "test_time.py::test_is_holiday_as_the_package_says"
    ),
    "choose `years` among these, or give `dates`": "test_time.py::test_is_holiday_as_the_package_says",
    "declare {} `float32`, so that every request is rounded as the data was; or write such columns as float64 at the "
    "source of their values (casting float32 to float64 changes nothing)": (
        "test_float32.py::test_the_warning_goes_where_the_input_is_float32"
    ),
    "remove it, or declare the column float64": "test_float32.py::test_a_null_value_outside_float32",
    "give it the columns of `{}`, or name files without it": (
        "cli/test_bad_files.py::test_what_is_wrong_is_one_error_that_says_what_mends_it"
    ),
    "remove one of the two rows": OF_TABLES,
    "write {path: FILE, key: COLUMN, columns: {COLUMN: float64}}": OF_TABLES,
    "remove it from `columns`": OF_TABLES,
    "write `key: COLUMN`": OF_TABLES,
    "write {COLUMN: float64}, with the type of each": OF_TABLES,
    "name a column and its type": OF_TABLES,
    "{}; give all files the same columns, or name fewer files": OF_DRAFTS,
    "store it as one type in all files, or name files that have the same type": OF_DRAFTS,
    "correct the byte: nearly all other characters of the file that are not ASCII are valid UTF-8": OF_DRAFTS,
    "give other data, or write a pipeline by hand for a column that should be a feature": OF_DRAFTS,
    "the columns are: {}": "draft/test_init.py::test_a_target_that_is_no_column",
    "the draft has the {} first; if the {} comes first, give `--dates {}-first`": (
        "draft/test_dates.py::test_a_date_that_two_formats_read_differently"
    ),
    "the first row names the columns": OF_SHEETS,
    "open the file in a spreadsheet program and save it, so that it has values": OF_SHEETS,
    "correct it, or write {}": OF_SHEETS,
    "give the column a name, or clear the cell": OF_SHEETS,
    "write {}, or the sheet that is meant": "stats/test_sheets.py::test_a_sheet_that_is_named_as_the_hint_says",
    "drop it from the file, or name the files by a glob for each folder": (
        "stats/test_folders.py::test_a_folder_that_no_input_names_is_no_column"
    ),
    "write a glob: '{}/**/*{}'": "stats/test_hints_about_data.py::test_the_glob_of_a_folder_is_one_to_copy",
    "name a file: there is no file in it that skc reads. {}": (
        "stats/test_hints_about_data.py::test_the_glob_of_a_folder_is_one_to_copy"
    ),
    "write it as one type in all files, or leave it out of --keep": (
        "stats/test_parts.py::test_kept_columns_are_of_one_type"
    ),
    "store it as another type in the data, such as VARCHAR, or leave it out of --keep": (
        "stats/test_parts.py::test_kept_columns_are_of_types_that_a_parquet_file_holds"
    ),
    "give the estimator that the artifact was compiled from, or compile this one": (
        "sklearn_front_end/test_against.py::test_an_artifact_equals_the_estimator_that_it_was_compiled_from"
    ),
    "load it with the flavour that logged it, such as `mlflow.pyfunc.load_model`": (
        "test_mlflow.py::test_what_is_refused"
    ),
    **{hint: test for test, hints in OF_TARGETS.items() for hint in hints},
    **OF_LOGS,
    **{hint: test for test, hints in OF_STATES.items() for hint in hints},
    "give a time above 0 with its unit, such as 30s, 1.5m or 1h, or leave it out": (
        "verify/test_budget.py::test_budgets"
    ),
    "compile it without --signals, and without `signals: true`": "test_signals.py::test_nothing_to_signal",
    "compile the pipeline with --signals": "runtime/test_signals.py::test_signals_of_an_artifact_without_them",
    **dict.fromkeys(OF_SHADOW, "skew/test_shadow_hints.py::test_a_command_that_follows_the_hint"),
    **dict.fromkeys(OF_HEADERS, "skew/test_shadow_headers.py::test_a_command_that_follows_the_hint"),
    "give a URL that begins with http:// or https://, or leave it out": (
        "skew/test_shadow_headers.py::test_a_url_as_the_hint_says"
    ),
    **dict.fromkeys(OF_FRESHNESS, "skew/test_freshness_hints.py::test_a_command_that_follows_the_hint"),
    **dict.fromkeys(OF_DRIFT, "skew/test_drift_hints.py::test_a_command_that_follows_the_hint"),
    **dict.fromkeys(OF_PARITY, "skew/test_parity_hints.py::test_a_command_that_follows_the_hint"),
    **dict.fromkeys(OF_REPLAY, "skew/test_replay_hints.py::test_a_command_that_follows_the_hint"),
    "group the categories before this step, or put rows of one category in several folds": (
        "test_targets.py::test_categories_that_are_in_one_fold_each"
    ),
    "write `knots: uniform`, or a list of knots": (
        "cli/test_warnings.py::test_a_hint_that_is_followed_ends_the_warning"
    ),
    "drop the column, or leave `smooth_idf` true": "test_no_value.py::test_there_is_a_rule_or_a_hint_that_works",
    "write 2026-11-30, or 2026-11-30T12:00:00+01:00": (
        "skew/test_log_files.py::test_a_date_is_of_utc_unless_it_says_otherwise"
    ),
    "give the folder that the service writes into": (
        "skew/test_log_files.py::test_nothing_is_deleted_where_a_file_is_not_a_log"
    ),
    **dict.fromkeys(
        (
            "cast the column in a view",
            "cast the column in a view, or declare it {}",
            "cast the column to text in a view, which takes the blanks at its end off",
            "declare the type that the column has, or exclude such rows in a view",
        ),
        "postgres/test_hints_followed.py::test_a_view_helps",
    ),
    "a time without a zone does not identify an instant: declare the zone, as `timezone: Europe/Berlin`": (
        "postgres/test_hints_followed.py::test_a_zone_is_declared"
    ),
    **dict.fromkeys(
        (
            "commit or roll back first: all rows are read in one transaction of their own",
            "export the rows to Parquet, and give the files",
            "give a table of Postgres, `postgresql://host/database::table`, or a table expression of Ibis",
            "write the condition in a view, or in a table expression of Ibis",
            "write its rows into a table of the database, and give that",
        ),
        "postgres/test_hints_followed.py::test_a_condition_is_written_in_a_view_or_an_expression",
    ),
    **dict.fromkeys(
        ("fit the OneHotEncoder with {}", "fit the OneHotEncoder with {}; or with {}"),
        "sklearn_front_end/test_encoders.py::test_a_hint_about_unknown_values_is_followed",
    ),
    "one row of a pandas table is table.iloc[[i]], which keeps the type of each column": (
        "stats/test_hints_about_data.py::test_a_row_of_a_table_is_served_as_the_hint_says"
    ),
}


def is_followed(template: str) -> bool:
    texts = [hint for _, hint, _, _ in FIXES]
    words = (
        [case[0] for case in CASES]
        + [snippet[0] for snippet in SNIPPETS]
        + [row[0] for row in [*ESTIMATORS, *MODELS, *BOOSTERS]]
    )
    looks = pattern(template)
    return (
        template in ELSEWHERE
        or any(looks.fullmatch(text) for text in texts)
        or any(part in template or looks.fullmatch(part) for part in words)
    )


def test_every_hint_is_followed_or_listed() -> None:
    """A new hint is told by name."""
    listed = {hint for hints in NOT_FOLLOWED.values() for hint in hints}
    missing = {
        f"{place}: {hint}" for hint, place in templates().items() if not is_followed(hint) and hint not in listed
    }
    assert not missing, "follow these in a test, or list them in tests/hint_exceptions.py: " + "\n".join(
        sorted(missing)
    )


def test_no_list_is_stale() -> None:
    known = templates()
    for hints in NOT_FOLLOWED.values():
        for hint in hints:
            assert hint in known, f"skc gives no such hint any more: {hint}"
            assert not is_followed(hint), f"a test follows it: {hint}"
    for hint, test in ELSEWHERE.items():
        assert hint in known, hint
        file, name = test.split("::")
        assert f"def {name}(" in (Path(__file__).parent / file).read_text(encoding="utf-8"), test


def told(folder: Path, text: str) -> tuple[Diagnostic, ...]:
    path = folder / "pipeline.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        return read_pipeline(path)[1]
    except SkcError as error:
        return error.diagnostics


@pytest.mark.parametrize(("fixture", "hint", "old", "new"), FIXES, ids=[fix[0] for fix in FIXES])
def test_a_pipeline_that_follows_the_hint(fixture: str, hint: str, old: str, new: str, tmp_path: Path) -> None:
    text = (ERRORS / f"{fixture}.yaml").read_text(encoding="utf-8")
    before = told(tmp_path, text)
    assert hint in [diagnostic.hint for diagnostic in before]
    assert old in text
    text = text.replace(*GIVEN.get(fixture, ("", "")), 1).replace(old, new, 1)
    after = told(tmp_path, text)
    gone = next(d.message for d in before if d.hint == hint)
    assert gone not in [d.message for d in after], after
    others = [d.text() for d in after if d.severity == "error" and d.message not in [d.message for d in before]]
    assert fixture == "SKC101-empty" or not others, others  # there, nothing else was written


@pytest.mark.parametrize(
    ("words", "wrong", "right", "dtype"), SNIPPETS, ids=[f"{k}-{s[0][:30]}" for k, s in enumerate(SNIPPETS)]
)
def test_a_feature_that_follows_the_hint(words: str, wrong: str, right: str, dtype: str, tmp_path: Path) -> None:
    text = PIPELINE.replace("DTYPE", dtype)
    before = told(tmp_path, text.replace("FEATURE", wrong))
    assert any(words in str(d.hint) for d in before if d.severity == "error"), before
    after = told(tmp_path, text.replace("FEATURE", right.replace("PARSE", PARSE)))
    assert not [d for d in after if d.severity == "error"], after


@pytest.mark.parametrize(
    ("words", "code", "wrong", "follow"), CASES, ids=[f"{k}-{c[0][:30]}" for k, c in enumerate(CASES)]
)
def test_data_that_follow_the_hint(words: str, code: str, wrong: Try, follow: Follow, tmp_path: Path) -> None:
    before = wrong.diagnostics(tmp_path)
    hints = [str(d.hint) for d in before if d.code == code and words in str(d.hint)]
    assert hints, before
    assert not follow(wrong, hints[0], tmp_path).diagnostics(tmp_path)


@pytest.mark.filterwarnings("ignore")  # of fits that are as short as they can be
@pytest.mark.parametrize(
    ("words", "code", "wrong", "right"),
    [pytest.param(*row, id=f"{k}-{row[0][:30]}") for k, row in enumerate([*ESTIMATORS, *MODELS, *BOOSTERS])],
)
def test_an_estimator_that_follows_the_hint(
    words: str, code: str, wrong: Attempt, right: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # `module:object` adds the folder
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = diagnostics(wrong)
    assert any(words in str(d.hint) for d in before if d.code == code), before
    assert not diagnostics(right)
