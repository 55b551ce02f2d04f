"""A fitted estimator from where it is kept: `module:object`, a skops file, or a pickle.

Why a pickle is refused unless it is trusted: to load one runs whatever code its author put into it. A skops file names
the types that it holds, so the few that scikit-learn's own estimators need are allowed here, and any other by name.
`module:object` imports a module of the user's, which runs it, as every server does that is given one.
"""

from __future__ import annotations

import importlib.util
import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skc.diagnostics import SkcError, did_you_mean, fail
from skc.frontend.references import PICKLES
from skc.importing import imported, raised

# Types that skops does not trust by itself, and that estimators of scikit-learn hold. None of them runs code of a file.
ALLOWED = frozenset(
    {
        "builtins.object",
        "numpy.dtype",
        "numpy.number",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
        "sklearn.compose._column_transformer._RemainderColsList",  # a list, in scikit-learn 1.6
        "sklearn.compose._column_transformer.make_column_selector",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.tree._tree.Tree",
    }
)
INSTALL = "install it: `pip install 'skc[sklearn]'`"


@dataclass(frozen=True)
class Trust:
    """What the user allows: to load a pickle, types in a skops file, and an estimator of another version."""

    pickle: bool = False
    types: tuple[str, ...] = ()
    version: bool = False


def load(text: str, trust: Trust) -> Any:
    """The estimator that `module:object` or the path of a file names.

    Raises SKC153 for another version of scikit-learn, SKC154 for what is not trusted, SKC156 for what cannot be loaded,
    SKC159 where scikit-learn or skops is not installed.
    """
    if importlib.util.find_spec("sklearn") is None:
        raise fail("SKC159", "scikit-learn is not installed", hint=INSTALL)
    suffix = Path(text).suffix.lower()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if suffix == ".skops":
            estimator = _skops(Path(text), trust)
        elif suffix in PICKLES:
            estimator = _pickled(Path(text), trust)
        else:
            estimator = _imported(text)
    _check_version(caught, trust)
    if not hasattr(estimator, "get_params"):
        message = f"`{text}` is not an estimator but of type `{type(estimator).__qualname__}`"
        raise fail("SKC156", message, hint="name a fitted estimator, or a function without arguments that returns one")
    return estimator


def _imported(text: str) -> Any:
    value = imported(text, "SKC156", "train:pipeline")
    if hasattr(value, "get_params") or not callable(value):
        return value
    try:
        return value()
    except Exception as error:
        raise raised(
            "SKC156", f"`{text}()`", error, "mend the function: it takes no argument and returns an estimator"
        ) from None


def _checked(path: Path) -> bytes:
    """The first bytes of a file. Raises SKC156."""
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError as error:
        hint = did_you_mean(path.name, [p.name for p in path.parent.glob("*")]) or "check the path"
        raise fail("SKC156", f"`{path}` cannot be read: {error.strerror}", hint=hint) from None


def _skops(path: Path, trust: Trust) -> Any:
    if _checked(path)[:2] != b"PK":
        hint = "write it with `skops.io.dump`"
        raise fail("SKC156", f"`{path}` is not a skops file", hint=hint)
    try:
        import skops.io as skops
    except ModuleNotFoundError:
        raise fail("SKC159", "skops is not installed, which reads `.skops` files", hint=INSTALL) from None
    return _loaded(path, lambda: _trusted(path, skops, trust))


def _trusted(path: Path, skops: Any, trust: Trust) -> Any:
    untrusted = [name for name in skops.get_untrusted_types(file=path) if name not in ALLOWED | {*trust.types}]
    if untrusted:
        flags = " ".join(f"--trust-type {name}" for name in untrusted)
        raise fail(
            "SKC154",
            f"`{path}` holds types that are not trusted: {', '.join(untrusted)}",
            hint=f"if you know where the file comes from, and trust it, give {flags}",
        )
    return skops.load(path, trusted=sorted(ALLOWED | {*trust.types}))


def _pickled(path: Path, trust: Trust) -> Any:
    _checked(path)
    if not trust.pickle:
        hint = "give --trust-pickle if you know where the file comes from; or write it with `skops.io.dump`"
        raise fail("SKC154", f"`{path}` is a pickle, and loading one runs the code in it", hint=hint)
    if path.suffix.lower() == ".joblib":
        import joblib

        return _loaded(path, lambda: joblib.load(path))
    return _loaded(path, lambda: pickle.loads(path.read_bytes()))


def _loaded(path: Path, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except SkcError:
        raise
    except Exception as error:  # whatever the code of a file does, and whatever is wrong with its bytes
        hint = "write the file again, with the versions of Python and of the libraries that are installed here"
        raise raised("SKC156", f"loading `{path}`", error, hint) from None


def _check_version(caught: list[warnings.WarningMessage], trust: Trust) -> None:
    """Refuse an estimator that another version fitted, which scikit-learn itself warns of."""
    from sklearn.exceptions import InconsistentVersionWarning

    inconsistent = [w.message for w in caught if isinstance(w.message, InconsistentVersionWarning)]
    for other in caught:
        if not isinstance(other.message, InconsistentVersionWarning):
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    if inconsistent and not trust.version:
        first = inconsistent[0]
        raise fail(
            "SKC153",
            f"scikit-learn {first.original_sklearn_version} fitted `{first.estimator_name}`, "
            f"and {first.current_sklearn_version} is installed",
            hint=f"install scikit-learn {first.original_sklearn_version}, fit again, or give --allow-version",
        )
