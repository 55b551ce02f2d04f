"""What the claims on scikit-learn's text vectorizers share: the parameters that say how a text is taken apart."""

from __future__ import annotations

from typing import Any

from skc.op import refuse
from skc.ops.text import fold_text
from skc.translation import Columns

CODE_HINT = "skc cannot read what its code does: apply it to the text before, in training and in serving"


def parameters_of(vectorizer: Any) -> dict[str, Any]:
    """The parameters that a vectorizer shares with the ops. Raises SKC151 for those that run code or read files."""
    for name in ("analyzer", "tokenizer", "preprocessor", "strip_accents"):
        value = getattr(vectorizer, name)
        if callable(value) or (name in ("tokenizer", "preprocessor") and value is not None):
            raise refuse("SKC151", f"`{name}` is a function", hint=CODE_HINT)
    if vectorizer.input != "content":
        hint = "read the files before, and fit with `input='content'`"
        raise refuse("SKC151", f"`input={vectorizer.input!r}` reads files", hint=hint)
    is_word = vectorizer.analyzer == "word"
    pattern = {"token_pattern": vectorizer.token_pattern} if is_word else {}
    stop_words = tuple(sorted(vectorizer.get_stop_words() or ())) if is_word else ()
    return {
        "analyzer": vectorizer.analyzer,
        "ngram_range": tuple(map(int, vectorizer.ngram_range)),
        "stop_words": stop_words,
        **pattern,
    }


def fold(vectorizer: Any, x: Columns) -> Columns:
    """The texts as the vectorizer's own preprocessing leaves them. Raises SKC158 for what is not one column of text."""
    if len(x.types) != 1 or x.types[0].dtype != "string":
        received = f"{len(x.types)} columns" if len(x.types) != 1 else f"`{x.names[0]}`, which is {x.types[0].dtype}"
        hint = "select one column by its name alone, not in a list: `(name, TfidfVectorizer(), 'title')`"
        raise refuse("SKC158", f"a vectorizer of texts takes one column of text, not {received}", hint=hint)
    accents = vectorizer.strip_accents or None
    if not vectorizer.lowercase and accents is None:
        return x
    params = fold_text.Params(lowercase=bool(vectorizer.lowercase), strip_accents=accents)
    return x.apply(fold_text.OP, params, fold_text.state_of(params, 1))
