"""Errors: one line, the class's exit code, and a way through a process pool."""

from __future__ import annotations

import pickle

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
