"""Lines of error that once said something else than what had happened."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from commands import call
from people_pictures import write_people

from preprocess.demo.settings import DrawSettings
from shared.errors import UsageError
from shared.settings import differences, in_brief
from train.run_folder import begin_run, run_folder
from train.settings.presets import resolve

DRAW = ("draw-market", "--identities", 4, "--images-per-identity", 2, "--workers", 1, "--out")


@pytest.mark.parametrize("function", ["pwrite", "ftruncate", "open"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_too_full_for_the_lock_is_a_full_disk_and_no_matter_of_permissions(
    function: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(os, function)

    def full(*arguments: Any, **named: Any) -> Any:
        if function == "open" and not str(arguments[0]).endswith(".lock"):
            return real(*arguments, **named)
        raise OSError(number, os.strerror(number), str(arguments[0]))

    monkeypatch.setattr(f"shared.folder_lock.os.{function}", full)
    done = call(*DRAW, tmp_path / "out")
    assert done.exit_code == 5, done.stderr
    line = done.stderr.splitlines()[-1]
    assert f"expected space to write, found {os.strerror(number)}; free space" in line
    assert "permission" not in line
    assert not (tmp_path / "out" / ".posegan.json").exists()


@pytest.mark.parametrize("below", ["", "deeper", "deeper/still"])
def test_a_file_in_the_place_of_the_output_is_called_a_file(below: str, tmp_path: Path) -> None:
    file = tmp_path / "thesis.tex"
    file.write_text("years of work")
    people = write_people(tmp_path / "people", range(1, 10))
    calls = (DRAW, ("train-reid", "--src", people, "--device", "cpu", "--out"))
    for words in calls:
        done = call(str(words[0]), *words[1:], file / below)
        assert done.exit_code == 2, done.stderr
        line = done.stderr.splitlines()[-1]
        assert str(file) in line and "found a file" in line and "folder" in line, line
        assert ".lock" not in line
    assert file.read_text() == "years of work"


def test_a_difference_names_an_empty_value_and_an_absent_one_in_words() -> None:
    old: dict[str, Any] = {"init_from": "", "rate": None, "list": [1, 2], "table": {}}
    new: dict[str, Any] = {"init_from": "r6", "rate": 1, "list": [], "table": {"a": 1}, "b": ""}
    assert differences(old, new) == [
        "b: was nothing, now empty",
        "init_from: was empty, now r6",
        "list: was [1, 2], now []",
        "rate: was none, now 1",
        "table.a: was nothing, now 1",
    ]


def test_other_settings_are_told_in_a_short_line_that_begins_with_the_preset(
    tmp_path: Path,
) -> None:
    old = resolve("dsc")
    out = tmp_path / "run"
    with run_folder(out, old) as owned:
        begin_run(owned, old)
        (out / "log.jsonl").write_text("{}\n")
    with pytest.raises(UsageError) as refused, run_folder(out, resolve("demo")):
        pass
    line = refused.value.message
    assert "found preset: was dsc, now demo; " in line and " more; use the old settings" in line
    assert len(line) < 500 + len(str(tmp_path))


def test_few_differences_are_all_told() -> None:
    assert in_brief(["a: was 1, now 2", "preset: was x, now y"]) == (
        "preset: was x, now y; a: was 1, now 2"
    )


@pytest.mark.parametrize("count", [4, 5, 6, 7])
def test_an_odd_number_of_people_trains_one_more(count: int) -> None:
    from preprocess.demo.drawing.layout import split_identities

    train, test = split_identities(DrawSettings(identities=count).identities)
    assert len(train) + len(test) == count and len(train) - len(test) == count % 2
    assert all(number % 2 == 0 for number in train) and all(number % 2 for number in test)
