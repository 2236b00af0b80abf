"""The rules of the lanes and of skips, tried on small test suites, alone and with two workers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
INI = """
[pytest]
addopts = -q -p no:cacheprovider -p xdist
markers =
    timeout
    process
    long
    slow
    gpu
    promises
    soak
"""

pytestmark = pytest.mark.process


def outcome(folder: Path, program: str, *options: str) -> tuple[int, str]:
    """Run a test file under the rules of this project; exit code and everything said."""
    for name in ("conftest.py", "lanes.py"):
        shutil.copy(HERE / name, folder / name)
    (folder / "pytest.ini").write_text(INI)
    (folder / "test_it.py").write_text(program)
    environment = {k: value for k, value in os.environ.items() if not k.startswith("PYTEST_")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


SKIPS = """
import pytest
def test_passes(): pass
def test_allowed(): pytest.skip("allowed: needs a machine")
def test_refused(): pytest.skip("no time")
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two-workers"])
def test_skips_without_an_allowed_reason_fail_the_run(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    (tmp_path / "test_whole_file.py").write_text(
        "import pytest\npytest.importorskip('no_such_library')\n"
    )
    code, said = outcome(tmp_path, SKIPS, *workers, "--refuse-skips")
    assert code == 1
    assert said.count("skip not allowed: test_it.py::test_refused: Skipped: no time") == 1
    assert said.count("skip not allowed: test_whole_file.py: Skipped: could not import") == 1
    assert said.count("skip not allowed") == 2


@pytest.mark.parametrize(
    ("program", "options"),
    [(SKIPS, ()), (SKIPS.replace("no time", "allowed: needs time"), ("-n", "2", "--refuse-skips"))],
    ids=["not-asked-to-refuse", "all-allowed"],
)
def test_other_skips_do_not(tmp_path: Path, program: str, options: tuple[str, ...]) -> None:
    assert outcome(tmp_path, program, *options)[0] == 0


@pytest.mark.parametrize(
    "program",
    [
        "import os\ndef test_one(): os._exit(0)\ndef test_two(): pass\n",
        "import os, pytest\ndef test_one(last): pass\n@pytest.fixture(scope='session')\n"
        "def last():\n    yield\n    os._exit(0)\n",
    ],
    ids=["in-a-test", "after-its-last-test"],
)
def test_a_lost_worker_fails_the_run(tmp_path: Path, program: str) -> None:
    code, said = outcome(tmp_path, program, "-n", "1", "--max-worker-restart", "0")
    assert code == 1, said
    assert "worker lost" in said


def test_an_unmarked_test_that_starts_a_process_fails(tmp_path: Path) -> None:
    program = """
import concurrent.futures, multiprocessing, os, pytest, subprocess
WAYS = {
    "Popen": lambda: subprocess.run(["true"]),
    "system": lambda: os.system("true"),
    "posix_spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "spawn": lambda: multiprocessing.get_context("spawn").Process(target=print).start(),
    "pool": lambda: concurrent.futures.ProcessPoolExecutor(1).submit(print).result(),
    "fork": lambda: os.waitpid(os.fork() or os._exit(0), 0),
}
@pytest.mark.parametrize("way", WAYS)
def test_plain(way):
    try:
        WAYS[way]()
    except BaseException:
        pass
@pytest.mark.process
def test_marked(): subprocess.run(["true"], check=True)
"""
    code, said = outcome(tmp_path, program)
    assert code == 1
    for way in ("Popen", "system", "posix_spawn", "spawn", "pool", "fork"):
        assert f"test_it.py::test_plain[{way}] starts a process" in said, said
    assert "mark it process" in said
    assert "6 failed, 1 passed" in said


def test_an_unmarked_test_that_computes_for_long_fails(tmp_path: Path) -> None:
    program = """
import lanes, pytest, time
lanes.MAX_CPU_S = 0.2
def compute():
    end = time.process_time() + 0.3
    while time.process_time() < end: pass
@pytest.fixture
def made(): compute()
def test_body(): compute()
def test_fixture(made): pass
def test_waits(): time.sleep(0.3)
@pytest.mark.long
def test_marked(): compute()
"""
    code, said = outcome(tmp_path, program)
    assert code == 1
    assert "the test computed for 0.3 s" in said and "the fixtures computed for 0.3 s" in said
    assert "mark the test long or slow" in said
    assert "1 failed, 2 passed, 1 error" in said
