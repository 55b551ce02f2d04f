"""The entry of the `skc` command and of `python -m skc`: says so where only the serving part is installed."""

from __future__ import annotations

import sys

from skc.diagnostics import Diagnostic


def main() -> None:
    """Run the command line, or say how to get it."""
    try:
        from skc import cli
    except ModuleNotFoundError as error:
        missing = Diagnostic(
            "SKC141",
            f"the compiler is not installed here, only the serving runtime (there is no module `{error.name}`)",
            hint='pip install "skc[compile]"',
        )
        print(missing.text(), file=sys.stderr)
        sys.exit(2)
    cli.main()


if __name__ == "__main__":
    main()
