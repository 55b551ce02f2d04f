"""Every code a diagnostic may have, with its title. Codes go by stage, and a code never changes its meaning.

1xx reading, 2xx fitting, 3xx lowering, 4xx artifact, 5xx verification, 6xx skew, 9xx a bug in skc. What a
runtime refuses has names instead, in `schemas/errors.v1.json`. A test holds this table against the source.
"""

from __future__ import annotations

CODES: dict[str, str] = {
    # reading a pipeline
    "SKC100": "the pipeline file cannot be read",
    "SKC101": "not valid YAML",
    "SKC102": "YAML that a pipeline does not use",
    "SKC103": "unknown key or parameter",
    "SKC104": "unknown column or feature",
    "SKC105": "the same thing twice",
    "SKC106": "something required is missing",
    "SKC107": "a value of the wrong kind",
    "SKC108": "written in a newer format",
    "SKC109": "a name that cannot be used",
    "SKC110": "not one of the possible choices",
    "SKC111": "unknown op",
    "SKC112": "a parameter out of its bounds",
    "SKC113": "features defined in a circle",
    "SKC114": "a selector that picks nothing",
    "SKC115": "nulls declared where they cannot be",
    "SKC116": "an output of a dtype that cannot hold the value",
    "SKC117": "warning: an input is not used",
    "SKC118": "warning: a feature is not used",
    # types
    "SKC120": "a value of a type that the op does not take",
    "SKC121": "a decision on a value that is not exact",
    "SKC122": "one step over columns of several types",
    "SKC123": "a parameter that is not of the column's type, or lists a value twice",
    "SKC124": "parameters of one op that contradict each other",
    "SKC125": "unknown time zone",
    "SKC126": "a part, time zone or format that the type does not have",
    "SKC127": "a number of columns that the op does not take",
    "SKC128": "a cast that would lose or invent something",
    # expressions
    "SKC130": "not an expression",
    "SKC131": "a construct of Python that expressions do not have",
    "SKC132": "unknown function in an expression",
    "SKC133": "a function with the wrong number of arguments",
    "SKC134": "a value of a type that the operator does not take",
    "SKC135": "a literal that no value type can hold",
    "SKC136": "an operand that could never have a value",
    "SKC137": "several columns where an expression takes one",
    "SKC138": "an expression that uses no column",
    # the command line
    "SKC140": "a wrong option or argument",
    "SKC141": "the compiler is not installed",
    "SKC142": "the machine has too little memory",
    # reading the training data
    "SKC200": "no training data is named",
    "SKC201": "the training data is not there",
    "SKC202": "not a kind of data that skc reads",
    "SKC203": "the training data cannot be read",
    "SKC204": "a column is missing",
    "SKC205": "a column of another type than declared",
    "SKC206": "a value that is not of the declared type",
    "SKC207": "`where` is not a predicate on the data",
    "SKC208": "no row to fit on",
    "SKC209": "a null or NaN where none may be",
    # fitting
    "SKC210": "a column without a value to learn from",
    "SKC211": "a column that holds an infinite value",
    "SKC212": "a statistic beyond float64",
    "SKC213": "a code that a category has already",
    "SKC214": "a category in the data that is not listed",
    "SKC215": "a scale that would make rounding errors visible",
    "SKC220": "the engine failed",
    "SKC221": "the engine ran out of memory",
    "SKC222": "a column without any value",
    "SKC223": "warning: a column with one value only",
    "SKC224": "a training row breaks a policy of `error`",
    "SKC225": "a query with `where` that takes too long",
    # artifact
    "SKC401": "not a plan or manifest that this version reads",
    "SKC402": "an artifact or plan of a newer format",
    "SKC403": "an artifact that is damaged or was changed",
    "SKC404": "a file of an artifact that cannot be read",
    "SKC410": "the directory to write exists already",
    "SKC411": "the directory to replace is not an artifact",
    "SKC412": "the artifact cannot be written",
    "SKC413": "two columns of one name in a table to write",
    "SKC414": "a table to write that is not called a Parquet file",
    # verification
    "SKC501": "a record that does not fit the inputs",
    "SKC502": "a row that the transformer refuses",
    "SKC503": "a self-check of an artifact that differs itself",
    "SKC504": "a version of ONNX Runtime that cannot be installed",
    "SKC505": "an artifact that does not run on a version of ONNX Runtime",
    # bugs
    "SKC900": "an error that skc did not expect",
    "SKC901": "a broken promise inside skc",
}
