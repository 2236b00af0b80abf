"""Errors: one line, the class's exit code, and a way through a process pool."""

from __future__ import annotations

import errno
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from shared import errors


def all_error_classes() -> list[type[errors.PoseGanError]]:
    return [errors.PoseGanError, *errors.PoseGanError.__subclasses__()]


def test_exit_codes_are_those_promised() -> None:
    promised = {
        "RulesBrokenError": 1, "UsageError": 2, "DivergedError": 3, "LockedError": 4,
        "NoSpaceError": 5, "DamagedError": 6, "StoppedError": 75,
    }  # fmt: skip
    found = {c.__name__: c.exit_code for c in errors.PoseGanError.__subclasses__()}
    assert found == promised


@pytest.mark.parametrize("error_class", all_error_classes())
def test_error_survives_pickling(error_class: type[errors.PoseGanError]) -> None:
    again = pickle.loads(pickle.dumps(error_class("a: expected b, found c; do d")))
    assert type(again) is error_class and str(again) == "a: expected b, found c; do d"


@pytest.mark.parametrize("error_class", all_error_classes())
def test_project_error_is_one_line_and_its_code(
    error_class: type[errors.PoseGanError], capsys: pytest.CaptureFixture[str]
) -> None:
    @errors.ends_with_exit_code
    def command() -> None:
        raise error_class(errors.problem("a\nb", 1, 2, "do it"))

    with pytest.raises(SystemExit) as caught:
        command()
    assert caught.value.code == error_class.exit_code
    assert capsys.readouterr().err == "error: a b: expected 1, found 2; do it\n"


def test_own_fault_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    @errors.ends_with_exit_code
    def command() -> None:
        raise KeyError("x")

    with pytest.raises(SystemExit) as caught:
        command()
    assert caught.value.code == 70
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (1, 1), (6, 6)])
def test_result_is_the_exit_code(result: int | None, code: int) -> None:
    with pytest.raises(SystemExit) as caught:
        errors.ends_with_exit_code(lambda: result)()
    assert caught.value.code == code


def test_interrupt_is_130() -> None:
    def command() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        errors.ends_with_exit_code(command)()
    assert caught.value.code == 130


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MemoryError(), 5, "memory"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: ..."),
            5,
            "memory",
        ),
        (OSError(errno.ENOSPC, "No space left on device", "/full/log.jsonl"), 5, "/full/log.jsonl"),
        (PermissionError(errno.EACCES, "Permission denied", "/root/x"), 2, "/root/x"),
        (ModuleNotFoundError("No module named 'h5py'", name="h5py"), 2, "posegan-doctor"),
        (ImportError("libx.so: failed to map segment from shared object"), 5, "memory"),
    ],
)
def test_what_the_machine_refuses_is_one_line(
    error: Exception, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        errors.ends_with_exit_code(command)()
    said = capsys.readouterr().err
    assert caught.value.code == code
    assert said.startswith("error: ") and said.count("\n") == 1 and words in said


PRINTING = """
import sys
from shared.errors import ends_with_exit_code
@ends_with_exit_code
def command():
    print("product " * 20_000)
command()
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("redirection", "code"),
    [(">/dev/full", 5), (">&-", 0), (">&- 2>&- <&-", 0), ("| true", 0), (">/dev/null", 0)],
)
def test_a_stdout_that_takes_nothing_is_no_fault_of_ours(redirection: str, code: int) -> None:
    command = f"set -o pipefail; {sys.executable} -c '{PRINTING}' {redirection}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr and done.stderr.count("\n") <= 1


LEAVING = """
import atexit, os, signal, time
from shared.errors import ends_with_exit_code
atexit.register(lambda: (os.kill(os.getpid(), signal.SIGINT), time.sleep(0.1)))
ends_with_exit_code(lambda: 6)()
"""


@pytest.mark.process
def test_an_interrupt_while_libraries_tidy_up_changes_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEAVING], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (6, "")


IMPORTING = """
import signal, sys
from pathlib import Path
from shared.errors import ends_with_exit_code
Path("cannot_carry_one.py").write_text(
    "import os, signal\\n"
    "try:\\n    os.kill(os.getpid(), signal.SIGINT)\\n"
    "except KeyboardInterrupt:\\n    os.abort()\\n"
)
sys.path.insert(0, "")
ends_with_exit_code(lambda: __import__("cannot_carry_one"))()
"""


@pytest.mark.process
def test_an_interrupt_while_a_library_is_loaded_never_goes_through_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr.count("\n")) == (130, 1), done.stderr
    assert done.stderr.startswith("error: interrupted")


@pytest.mark.process
def test_a_file_never_takes_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    code = f"""
from shared.streams import open_missing_streams
open_missing_streams()
with open({str(tmp_path / "data")!r}, "w") as stream:
    print("printed")
    assert stream.fileno() > 2
"""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} - >&- <<'EOF'\n{code}\nEOF"], check=False
    )
    assert done.returncode == 0
    assert (tmp_path / "data").read_text() == ""
