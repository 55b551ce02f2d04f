"""Of all tests."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import one_thread  # noqa: F401  # before NumPy
import pytest
from sharing import Share

import skc_runtime  # noqa: F401  # before a test imports ONNX Runtime: it switches the telemetry off

# The files that take longest, longest first. With `--dist loadfile` a file runs in one process: begun last, such a file
# is waited for by all other processes. Two that build in one folder are an even number of places apart, so that two
# processes, which take turns, do not run them at the same time.
LONGEST = (
    "tests/test_release.py",
    "tests/test_examples.py",
    "tests/cli/test_stopping.py",
    "tests/test_telemetry.py",
    "tests/cli/test_wrong_model.py",
    "tests/verify/test_planted_faults.py",
    "tests/conformance/test_suite.py",
    "tests/verify/test_data_rows.py",
    "tests/test_determinism.py",
    "tests/mutation/test_self_check.py",
    "tests/test_ops.py",
    "tests/conformance/test_harness_contract.py",
    "tests/test_lower.py",
    "tests/conformance/test_harness.py",
    "tests/real/test_real.py",
    "tests/test_gallery.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files first, the others as they are."""
    rank = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(rank)))


@pytest.fixture(scope="session")
def share(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Share:
    """`share(name, make)`: a folder that `make` fills once in a run, whichever process asks first; each gets a copy."""
    base = tmp_path_factory.getbasetemp()
    common = (base if worker_id == "master" else base.parent) / "shared"

    def shared(name: str, make: Callable[[Path], object]) -> Path:
        common.mkdir(exist_ok=True)
        original, done = common / name, common / f"{name}.done"
        with (common / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                make(original)
                done.touch()
        copy = tmp_path_factory.mktemp("copies") / name
        shutil.copytree(original, copy, symlinks=True)
        return copy

    return shared


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command line of skc in this process: exit code, stdout, stderr."""
    from skc import cli  # not by every process of the tests

    def command(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


@pytest.fixture(scope="session")
def rides_artifact(share: Share) -> Path:
    """The artifact of examples/rides, verified on a few rows."""
    return share("rides", compile_rides)


def compile_rides(folder: Path) -> None:
    import skc  # not by every process of the tests

    skc.compile(Path(__file__).parents[1] / "examples" / "rides" / "pipeline.yaml", out=folder, rows=100)
