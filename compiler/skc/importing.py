"""Objects of the user's modules, named on the command line as `module:name`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from skc.codes import Code
from skc.diagnostics import SkcError, did_you_mean, fail
from skc_runtime.errors import shown

MOST = 300  # characters of what an exception says


def imported(reference: str, code: Code, example: str) -> Any:
    """The object `module:name`, from the current folder or an installed package. Raises an error with the code."""
    module_name, _, path = reference.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:  # as when Python runs a script of this folder
        sys.path.insert(0, folder)
    try:
        value: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise raised(code, f"the module `{module_name}`", error, "install what it imports") from None
        near = did_you_mean(error.name, [p.stem for p in Path.cwd().glob("*.py")])
        hint = near or "run skc in the folder of the module, or install its package"
        raise fail(code, f"there is no module `{error.name}`", hint=hint) from None
    except Exception as error:
        hint = "mend the module: it must be importable"
        raise raised(code, f"the module `{module_name}`", error, hint) from None
    for name in path.split("."):
        if not hasattr(value, name):
            hint = did_you_mean(name, dir(value)) or f"name an object of the module, as in `{example}`"
            raise fail(code, f"`{module_name}` has no `{path}`", hint=hint)
        value = getattr(value, name)
    return value


def raised(code: Code, what: str, error: Exception, hint: str) -> SkcError:
    """The user's code raises an exception."""
    return fail(code, f"{what} raises {type(error).__name__}", notes=[shown(str(error))[1:-1][:MOST]], hint=hint)
