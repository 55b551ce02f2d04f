"""Features with a mistake, and the same features as the hint says to write them."""

from __future__ import annotations

PARSE = "{parse_datetime: {format: '%Y-%m-%d', timezone: UTC, invalid: error}}"  # written for PARSE below
PIPELINE = """\
skc: 1
name: snippets
inputs:
  a: float64
  n: int64
  y: int64
  z: int64
  s: string
  b: bool
  t: timestamp
  u: timestamp
  d: date
  c: time
  m: {type: float64, nullable: true}
features:
  f: FEATURE
outputs:
  x: {features: [f], dtype: DTYPE}
"""
# words of the hint, the feature, the feature as the hint says, the dtype of its output
SNIPPETS: list[tuple[str, str, str, str]] = [
    ("write `and`", "{expr: '(a > 0) & (n > 0)'}", "{expr: '(a > 0) and (n > 0)'}", "bool"),
    ("write `or`", "{expr: '(a > 0) | (n > 0)'}", "{expr: '(a > 0) or (n > 0)'}", "bool"),
    ("write `not`", "{expr: '~b'}", "{expr: 'not b'}", "bool"),
    ("write `is_null(x)`, or `==`", "{expr: 'm is None'}", "{expr: 'is_null(m)'}", "bool"),
    ("write `not is_null(x)`, or `!=`", "{expr: 'm is not None'}", "{expr: 'not is_null(m)'}", "bool"),
    ("a list is only allowed to the right of `in`", "{expr: 'n == [1]'}", "{expr: 'n in [1]'}", "bool"),
    ("write a plain string", "{expr: \"s == f'x'\"}", "{expr: \"s == 'x'\"}", "bool"),
    ("write `floor(a / b)`", "{expr: 'a // 2'}", "{expr: 'floor(a / 2)'}", "float64"),
    ("write `floor(a / b)`, or `a - b * floor(a / b)`", "{expr: 'a % 2'}", "{expr: 'a - 2 * floor(a / 2)'}", "float64"),
    ("write `1 if condition else 0`", "{expr: 'b + 1'}", "{expr: '(1 if b else 0) + 1'}", "int64"),
    ("write a comparison", "{expr: '1 if n else 0'}", "{expr: '1 if n != 0 else 0'}", "int64"),
    (
        "use the step `elapsed` to subtract",
        "{expr: 't - u'}",
        "{from: [t, u], apply: [{elapsed: {unit: days}}]}",
        "float64",
    ),
    (
        "use the step `datetime_part` to turn",
        "{expr: 't + 1'}",
        "{from: t, apply: [{datetime_part: {part: hour}}]}",
        "int64",
    ),
    (
        "write another decimal mark",
        "{from: s, apply: [{parse_number: {thousands: '.'}}]}",
        "{from: s, apply: [{parse_number: {thousands: '.', decimal: ','}}]}",
        "float64",
    ),
    (
        "use a mark such as `,`",
        "{from: s, apply: [{parse_number: {thousands: '0'}}]}",
        "{from: s, apply: [{parse_number: {thousands: ','}}]}",
        "float64",
    ),
    (
        "leave it out of the prefix",
        "{from: s, apply: [{parse_number: {prefix: 'Rs.'}}]}",
        "{from: s, apply: [{parse_number: {prefix: 'Rs'}}]}",
        "float64",
    ),
    (
        "leave that character out",
        "{from: s, apply: [{parse_number: {suffix: '.kg'}}]}",
        "{from: s, apply: [{parse_number: {suffix: 'kg'}}]}",
        "float64",
    ),
    (
        "name each multiplier once",
        "{from: s, apply: [{parse_number: {multipliers: {k: 1e3}, suffix: k}}]}",
        "{from: s, apply: [{parse_number: {multipliers: {k: 1e3}}}]}",
        "float64",
    ),
    (
        "complete it",
        "{from: s, apply: [{matches: {pattern: 'a\\'}}]}",
        "{from: s, apply: [{matches: {pattern: 'a\\\\'}}]}",
        "bool",
    ),
    (
        "leave out the second sign",
        "{from: s, apply: [{matches: {pattern: 'a+?'}}]}",
        "{from: s, apply: [{matches: {pattern: 'a+'}}]}",
        "bool",
    ),
    (
        "put the first in a group",
        "{from: s, apply: [{matches: {pattern: 'a{2}{3}'}}]}",
        "{from: s, apply: [{matches: {pattern: '(a{2}){3}'}}]}",
        "bool",
    ),
    (
        "use plain groups",
        "{from: s, apply: [{matches: {pattern: '(?=a)b'}}]}",
        "{from: s, apply: [{matches: {pattern: '(a)b'}}]}",
        "bool",
    ),
    (
        "close it with `)`",
        "{from: s, apply: [{matches: {pattern: '(a'}}]}",
        "{from: s, apply: [{matches: {pattern: '(a)'}}]}",
        "bool",
    ),
    (
        "leave it out: `matches` looks at a whole text",
        "{from: s, apply: [{matches: {pattern: '^a'}}]}",
        "{from: s, apply: [{matches: {pattern: 'a'}}]}",
        "bool",
    ),
    (
        "escape it with a backslash",
        "{from: s, apply: [{matches: {pattern: '[a[]'}}]}",
        "{from: s, apply: [{matches: {pattern: '[a\\[]'}}]}",
        "bool",
    ),
    (
        "list its characters, and escape `]`",
        "{from: s, apply: [{matches: {pattern: '[]'}}]}",
        "{from: s, apply: [{matches: {pattern: '[\\]]'}}]}",
        "bool",
    ),
    (
        "write the smaller character first",
        "{from: s, apply: [{matches: {pattern: '[z-a]'}}]}",
        "{from: s, apply: [{matches: {pattern: '[a-z]'}}]}",
        "bool",
    ),
    (
        "list the characters",
        "{from: s, apply: [{matches: {pattern: '\\d'}}]}",
        "{from: s, apply: [{matches: {pattern: '[0-9]'}}]}",
        "bool",
    ),
    (
        "escape it with a backslash, or remove it",
        "{from: s, apply: [{matches: {pattern: 'a)'}}]}",
        "{from: s, apply: [{matches: {pattern: 'a\\)'}}]}",
        "bool",
    ),
    (
        "use smaller numbers",
        "{from: s, apply: [{matches: {pattern: '(a{50}){50}'}}]}",
        "{from: s, apply: [{matches: {pattern: '(a{50})+'}}]}",
        "bool",
    ),
    (
        "write one class after another",
        "{from: s, apply: [{replace: {pattern: '(ab)+', by: x}}]}",
        "{from: s, apply: [{replace: {pattern: 'ab', by: x}}]}",
        "string",
    ),
    (
        "let each class that is repeated differ",
        "{from: s, apply: [{replace: {pattern: '[a-z]+b', by: x}}]}",
        "{from: s, apply: [{replace: {pattern: '[ac-z]+b', by: x}}]}",
        "string",
    ),
    (
        "write one of them",
        "{from: s, apply: [{replace: {by: x}}]}",
        "{from: s, apply: [{replace: {text: a, by: x}}]}",
        "string",
    ),
    (
        "count from the start",
        "{from: s, apply: [{split: {delimiter: ab, part: -1}}]}",
        "{from: s, apply: [{split: {delimiter: ab, part: 1, missing: empty}}]}",
        "string",
    ),
    (
        "put `strip` before this step",
        '{from: s, apply: [{parse_number: {suffix: "\\t"}}]}',
        "{from: s, apply: [strip, parse_number]}",
        "float64",
    ),
    (
        "write its digits",
        "{from: n, apply: [{map: {values: {a: 1}}}]}",
        "{from: n, apply: [{map: {values: {'1': 1}}}]}",
        "int64",
    ),
    (
        "write true and false",
        "{from: b, apply: [{map: {values: {a: 1}}}]}",
        "{from: b, apply: [{map: {values: {'true': 1}}}]}",
        "int64",
    ),
    (
        "write as many values for each key",
        "{from: s, apply: [{map: {values: {a: [1, 2], b: [1]}, columns: [x, y]}}]}",
        "{from: s, apply: [{map: {values: {a: [1, 2], b: [1, 3]}, columns: [x, y]}}]}",
        "int64",
    ),
    (
        "name each value of a list",
        "{from: s, apply: [{map: {values: {a: [1, 2]}}}]}",
        "{from: s, apply: [{map: {values: {a: [1, 2]}, columns: [x, y]}}]}",
        "int64",
    ),
    (
        "write values of one type",
        "{from: s, apply: [{map: {values: {a: 1, b: x}}}]}",
        "{from: s, apply: [{map: {values: {a: 1, b: 2}}}]}",
        "int64",
    ),
    (
        "write it as text, or as a smaller number",
        "{from: s, apply: [{map: {values: {a: 9007199254740993, b: 0.5}}}]}",
        "{from: s, apply: [{map: {values: {a: 1, b: 0.5}}}]}",
        "float64",
    ),
    (
        "write both, or neither",
        "{from: s, apply: [{map: {values: {a: 1}, unknown: value}}]}",
        "{from: s, apply: [{map: {values: {a: 1}, unknown: value, unknown_value: 0}}]}",
        "int64",
    ),
    (
        "use `unknown: null`",
        "{from: s, apply: [{map: {values: {a: 1}, unknown: keep}}]}",
        "{from: s, apply: [{map: {values: {a: 1}, unknown: value, unknown_value: 0}}]}",
        "int64",
    ),
    (
        "use `parse_number`, or declare",
        "{from: s, apply: [{cast: {to: float64}}]}",
        "{from: s, apply: [parse_number]}",
        "float64",
    ),
    ("write `sqrt(x)`", "{expr: 'a ** 0.5'}", "{expr: 'sqrt(a)'}", "float64"),
    ("divide by another number", "{expr: 'n // 0'}", "{expr: 'n // 2'}", "int64"),
    ("decide before the inexact function", "{expr: 'log(a) > 3'}", "{expr: 'a > 20'}", "bool"),
    ("round(x / 10) * 10", "{expr: 'round(a, -1)'}", "{expr: 'round(a / 10) * 10'}", "float64"),
    ("test for null with `is_null(x)`", "{expr: 'm == None'}", "{expr: 'is_null(m)'}", "bool"),
    ("in ('cash', 'card')", "{expr: \"s in 'x'\"}", "{expr: \"s in ('x', 'y')\"}", "bool"),
    ("a constant is the same for every row", "{expr: '1'}", "{expr: 'n + 1'}", "int64"),
    ("both sides must have the same type", "{expr: 's == 1'}", "{expr: \"s == '1'\"}", "bool"),
    (
        "sort them",
        "{from: a, apply: [{bucketize: {edges: [2, 1], closed: left}}]}",
        "{from: a, apply: [{bucketize: {edges: [1, 2], closed: left}}]}",
        "int64",
    ),
    (
        "or `closed: right`",
        "{from: a, apply: [{bucketize: {edges: [1]}}]}",
        "{from: a, apply: [{bucketize: {edges: [1], closed: right}}]}",
        "int64",
    ),
    (
        "remove the edge",
        "{expr: exp(a), apply: [{bucketize: {edges: [-1, 1], closed: left}}]}",
        "{expr: exp(a), apply: [{bucketize: {edges: [1], closed: left}}]}",
        "int64",
    ),
    (
        "extend to infinity",
        "{from: a, apply: [{bucketize: {edges: [1, .inf], closed: left}}]}",
        "{from: a, apply: [{bucketize: {edges: [1], closed: left}}]}",
        "int64",
    ),
    ("write {min: 0}", "{from: a, apply: [{clip: {}}]}", "{from: a, apply: [{clip: {min: 0}}]}", "float64"),
    (
        "swap them",
        "{from: a, apply: [{clip: {min: 1, max: 0}}]}",
        "{from: a, apply: [{clip: {min: 0, max: 1}}]}",
        "float64",
    ),
    (
        "write two steps",
        "{from: a, apply: [{clip: {min: 0, lower_quantile: 0.1}}]}",
        "{from: a, apply: [{clip: {min: 0}}, {clip: {lower_quantile: 0.1}}]}",
        "float64",
    ),
    (
        "use a timestamp",
        "{from: d, apply: [{datetime_part: {part: hour}}]}",
        "{from: t, apply: [{datetime_part: {part: hour}}]}",
        "int64",
    ),
    (
        "write `from: [start, end]`",
        "{from: t, apply: [{elapsed: {unit: days}}]}",
        "{from: [t, u], apply: [{elapsed: {unit: days}}]}",
        "float64",
    ),
    (
        "give both, or only `value`",
        "{from: m, apply: [{impute: {strategy: constant}}]}",
        "{from: m, apply: [{impute: {value: 0}}]}",
        "float64",
    ),
    (
        "write the lower end first",
        "{from: a, apply: [{minmax_scale: {feature_range: [1, 0]}}]}",
        "{from: a, apply: [{minmax_scale: {feature_range: [0, 1]}}]}",
        "float64",
    ),
    (
        "swap the two",
        "{from: a, apply: [{robust_scale: {quantile_range: [75, 25]}}]}",
        "{from: a, apply: [{robust_scale: {quantile_range: [25, 75]}}]}",
        "float64",
    ),
    (
        "give both, as in",
        "{from: s, apply: [{ordinal: {unknown: value}}]}",
        "{from: s, apply: [{ordinal: {unknown: value, unknown_value: -1}}]}",
        "int64",
    ),
    (
        "use `parse_datetime`",
        "{from: s, apply: [{cast: {to: timestamp}}, {datetime_part: {part: hour}}]}",
        "{from: s, apply: [PARSE, {datetime_part: {part: hour}}]}",
        "int64",
    ),
    (
        "use `parse_datetime`, then `cast: {to: date}`",
        "{from: s, apply: [{cast: {to: date}}, {datetime_part: {part: day}}]}",
        "{from: s, apply: [{parse_datetime: {format: '%Y-%m-%d', to: date}}, {datetime_part: {part: day}}]}",
        "int64",
    ),
    (
        "`cast` to int64 first",
        "{from: a, apply: [{cast: {to: string}}]}",
        "{from: a, apply: [{cast: {to: int64, inexact: error}}, {cast: {to: string}}]}",
        "string",
    ),
    (
        "leave out `two_digit_year_start`",
        "{from: s, apply: [{parse_datetime: {format: iso8601, two_digit_year_start: 1950}}, {cast: {to: int64}}]}",
        "{from: s, apply: [{parse_datetime: {format: iso8601}}, {cast: {to: int64}}]}",
        "int64",
    ),
    (
        "leave out `to: time`",
        "{from: s, apply: [{parse_datetime: {format: '%F %T', to: time}}]}",
        "{from: s, apply: [{parse_datetime: {format: '%F %T'}}, {datetime_part: {part: hour}}]}",
        "int64",
    ),
    (
        "add %Y, or `to: time`",
        "{from: s, apply: [{parse_datetime: {format: '%I:%M %p'}}]}",
        "{from: s, apply: [{parse_datetime: {format: '%I:%M %p', to: time}}]}",
        "int64",
    ),
    (
        "write %d",
        "{from: s, apply: [{parse_datetime: {format: '%Y%m%e', to: date}}, {datetime_part: {part: day}}]}",
        "{from: s, apply: [{parse_datetime: {format: '%Y%m%d', to: date}}, {datetime_part: {part: day}}]}",
        "int64",
    ),
    (
        "write %I instead of %H",
        "{from: s, apply: [{parse_datetime: {format: '%H:%M %p', to: time}}]}",
        "{from: s, apply: [{parse_datetime: {format: '%I:%M %p', to: time}}]}",
        "int64",
    ),
    (
        "a name has at least one letter, and no digit",
        "{from: s, apply: [{parse_datetime: {format: '%a %F', days: ['1', b, c, d, e, f, g]}}, {cast: {to: int64}}]}",
        "{from: s, apply: [{parse_datetime: {format: '%a %F', days: [a, b, c, d, e, f, g]}}, {cast: {to: int64}}]}",
        "int64",
    ),
    (
        "write a different name for each",
        "{from: s, apply: [{parse_datetime: {format: '%a %F', days: [a, b, c, d, e, f, a]}}, {cast: {to: int64}}]}",
        "{from: s, apply: [{parse_datetime: {format: '%a %F', days: [a, b, c, d, e, f, g]}}, {cast: {to: int64}}]}",
        "int64",
    ),
    (
        "extend `years`, or leave the date out",
        "{from: d, apply: [{is_holiday: {years: [2024, 2024], dates: ['2025-01-01']}}]}",
        "{from: d, apply: [{is_holiday: {years: [2024, 2025], dates: ['2025-01-01']}}]}",
        "bool",
    ),
    (
        "write the first year first",
        "{from: d, apply: [{is_holiday: {years: [2025, 2024], dates: []}}]}",
        "{from: d, apply: [{is_holiday: {years: [2024, 2025], dates: []}}]}",
        "bool",
    ),
    (
        "give one of the two",
        "{from: d, apply: [{is_holiday: {years: [2024, 2025], dates: [], country: DE}}]}",
        "{from: d, apply: [{is_holiday: {years: [2024, 2025], country: DE}}]}",
        "bool",
    ),
    (
        "give the country, or leave it out",
        "{from: d, apply: [{is_holiday: {years: [2024, 2025], dates: [], subdivision: BE}}]}",
        "{from: d, apply: [{is_holiday: {years: [2024, 2025], dates: []}}]}",
        "bool",
    ),
    (
        "write YYYY-MM-DD",
        "{from: d, apply: [{is_holiday: {years: [2024, 2025], dates: ['1.5.2024']}}]}",
        "{from: d, apply: [{is_holiday: {years: [2024, 2025], dates: ['2024-05-01']}}]}",
        "bool",
    ),
    (
        "leave one of the two out",
        "{from: d, apply: [{is_holiday: {years: [2024, 2025], dates: ['2024-05-01', '2024-05-01']}}]}",
        "{from: d, apply: [{is_holiday: {years: [2024, 2025], dates: ['2024-05-01']}}]}",
        "bool",
    ),
    (
        "write `from: [day, time]`",
        "{from: [d, n, y], apply: [combine_datetime, {datetime_part: {part: hour}}]}",
        "{from: [d, n], apply: [combine_datetime, {datetime_part: {part: hour}}]}",
        "int64",
    ),
    (
        "write `from: [year, month, day]`",
        "{from: n, apply: [make_date, {datetime_part: {part: day}}]}",
        "{from: [n, y, z], apply: [make_date, {datetime_part: {part: day}}]}",
        "int64",
    ),
    (
        "use an IANA name",
        "{from: t, apply: [{datetime_part: {part: hour, timezone: '+02:00'}}]}",
        "{from: t, apply: [{datetime_part: {part: hour, timezone: Europe/London}}]}",
        "int64",
    ),
    (
        "values of the column's type",
        "{from: n, apply: [{ordinal: {categories: [a]}}]}",
        "{from: n, apply: [{ordinal: {categories: [1]}}]}",
        "int64",
    ),
    (
        "put `parse_datetime` before this step",
        "{from: s, apply: [{datetime_part: {part: day}}]}",
        "{from: s, apply: [PARSE, {datetime_part: {part: day}}]}",
        "int64",
    ),
    (
        "put `datetime_part` before this step, or `{cast: {to: int64}}` for microseconds since midnight",
        "{from: c, apply: [log1p]}",
        "{from: c, apply: [{datetime_part: {part: hour}}, {cast: {to: float64}}, log1p]}",
        "float64",
    ),
    (
        "use the step `datetime_part`, or `cast: {to: int64}`, to turn a time of day into a number",
        "{expr: c + 1}",
        "{from: c, apply: [{cast: {to: int64}}]}",
        "int64",
    ),
    (
        "use hour, minute or second",
        "{from: c, apply: [{datetime_part: {part: day}}]}",
        "{from: c, apply: [{datetime_part: {part: hour}}]}",
        "int64",
    ),
    (
        "turn it into a number with `datetime_part` or `cast`, or write an output of dtype int64",
        "{from: c}",
        "{from: c, apply: [{datetime_part: {part: hour}}]}",
        "float64",
    ),
    (
        "put `datetime_part` before this step",
        "{from: t, apply: [log1p]}",
        "{from: t, apply: [{datetime_part: {part: hour}}, {cast: {to: float64}}, log1p]}",
        "float64",
    ),
    (
        "write one feature per type",
        "{from: [n, s], apply: [standard_scale]}",
        "{from: n, apply: [standard_scale]}",
        "float64",
    ),
    (
        "put `{cast: {to: float64}}` before this step, or declare the input float64",
        "{from: b, apply: [standard_scale]}",
        "{from: b, apply: [{cast: {to: float64}}, standard_scale]}",
        "float64",
    ),
    ("encode it with `one_hot`", "{from: s}", "{from: s, apply: [{one_hot: {unknown: zeros}}]}", "float64"),
    (
        "put a `cast` after it, or write an output of dtype int64",
        "{from: n}",
        "{from: n, apply: [{cast: {to: string}}]}",
        "string",
    ),
    (
        "put a `cast` after it, or write an output of dtype float64",
        "{from: a}",
        "{from: a, apply: [{cast: {to: int64, inexact: error}}]}",
        "int64",
    ),
    (
        "write a list of ops",
        "{from: a, apply: {log1p: {}, clip: {min: 0}}}",
        "{from: a, apply: [log1p, {clip: {min: 0}}]}",
        "float64",
    ),
    (
        "use one of these, or remove it",
        "{from: a, apply: [{clip: {min: 0, zzzzzz: 1}}]}",
        "{from: a, apply: [{clip: {min: 0}}]}",
        "float64",
    ),
    ("`skc ops` lists the ops", "{from: a, apply: [qqqqqq]}", "{from: a, apply: [log1p]}", "float64"),
    ("write a text", "{from: {match: ''}}", "{from: {match: 'a*'}}", "float64"),
    ("one character; case matters", "{from: {match: 'A*'}}", "{from: {match: 'a*'}}", "float64"),
    ("write {from: NAME}", "a", "{from: a}", "float64"),
    ("declare the column under `inputs:`", "{from: zzzzzzz}", "{from: a}", "float64"),
    (
        "remove `oov_buckets`, or put",
        "{from: a, apply: [{vocabulary: {oov_buckets: 3}}]}",
        "{from: a, apply: [{cast: {to: int64, inexact: error}}, {vocabulary: {oov_buckets: 3}}]}",
        "int64",
    ),
    (
        "write `sample_interval` as well",
        "{from: a, apply: [{chi2_features: {sample_steps: 4}}]}",
        "{from: a, apply: [{chi2_features: {sample_steps: 4, sample_interval: 0.3}}]}",
        "float64",
    ),
    (
        "raise `degree`",
        "{from: a, apply: [{polynomial_features: {degree: 0, include_bias: false}}]}",
        "{from: a, apply: [{polynomial_features: {degree: 1, include_bias: false}}]}",
        "float64",
    ),
    (
        "write a class such as",
        "{from: s, apply: [{count_tokens: {vocabulary: [a], token_pattern: '[z-a]+'}}]}",
        "{from: s, apply: [{count_tokens: {vocabulary: [a], token_pattern: '[a-z]+'}}]}",
        "float64",
    ),
    (
        "write the smaller number first",
        "{from: s, apply: [{count_tokens: {vocabulary: [a], ngram_range: [2, 1]}}]}",
        "{from: s, apply: [{count_tokens: {vocabulary: [a], ngram_range: [1, 2]}}]}",
        "float64",
    ),
    (
        "remove the step",
        "{from: s, apply: [{fold_text: {lowercase: false}}, {one_hot: {unknown: zeros}}]}",
        "{from: s, apply: [{one_hot: {unknown: zeros}}]}",
        "float64",
    ),
    (
        "use at least 4 knots, or lower `degree`",
        "{from: a, apply: [{spline: {n_knots: 3, extrapolation: periodic}}]}",
        "{from: a, apply: [{spline: {n_knots: 4, extrapolation: periodic}}]}",
        "float64",
    ),
    (
        "use more knots",
        "{from: a, apply: [{spline: {n_knots: 2, degree: 0, include_bias: false}}]}",
        "{from: a, apply: [{spline: {n_knots: 3, degree: 0, include_bias: false}}]}",
        "float64",
    ),
    (
        "leave `n_knots` out",
        "{from: a, apply: [{spline: {n_knots: 2, knots: [0, 24]}}]}",
        "{from: a, apply: [{spline: {knots: [0, 24]}}]}",
        "float64",
    ),
    (
        "sort them by x, each x once",
        "{from: a, apply: [{interpolate: {points: [[1, 0], [0, 1]]}}]}",
        "{from: a, apply: [{interpolate: {points: [[0, 1], [1, 0]]}}]}",
        "float64",
    ),
    (
        "leave one of the two out",
        "{from: a, apply: [{interpolate: {points: [[0, 0], [5.0e-324, 1]]}}]}",
        "{from: a, apply: [{interpolate: {points: [[0, 0]]}}]}",
        "float64",
    ),
    (
        "leave out one of the two",
        "{from: a, apply: [{interpolate: {points: [[0, 0], [1, 1]], outside: 'null', noise: true}}]}",
        "{from: a, apply: [{interpolate: {points: [[0, 0], [1, 1]], outside: 'null'}}]}",
        "float64",
    ),
]
