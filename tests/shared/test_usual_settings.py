"""Options that several commands have are declared in one place and alike in all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from commands import all_commands

from shared.declaration import Declaration
from shared.declarations import declarations, declared
from shared.options import offers
from shared.usual_settings import overwrite_setting, quiet_setting

PACKAGES = ("shared", "data_manifest", "preprocess", "train")
NUM_COMMANDS: Final = {
    "--device": 7,
    "--overwrite": 7,
    "--dry-run": 9,
    "--quiet": 7,
    "--raw-weights": 4,
}
"""How many commands take each of them, at least."""


def declared_as(flag: str) -> dict[str, Declaration]:
    """The declarations of a flag by the name of their command."""
    found = offers(all_commands().values())
    return {each.command: each.declaration for each in found if each.option == flag}


@pytest.mark.parametrize("flag", NUM_COMMANDS)
def test_a_usual_flag_is_declared_in_one_file(flag: str, repository: Path) -> None:
    places = [
        path
        for package in PACKAGES
        for path in (repository / package).rglob("*.py")
        if f'flag="{flag}"' in path.read_text()
    ]
    assert len(places) == 1, places


@pytest.mark.parametrize("flag", NUM_COMMANDS)
def test_a_usual_flag_is_of_one_kind_in_every_command(flag: str) -> None:
    found = declared_as(flag)
    assert len(found) >= NUM_COMMANDS[flag]
    defaults = {one.default for one in found.values()}
    assert defaults == {"auto" if flag == "--device" else False}
    assert {one.name for one in found.values()} == {flag[2:].replace("-", "_")}
    assert flag == "--device" or {one.core for one in found.values()} == {bool}
    for one in found.values():
        assert one.help.endswith(".") and one.help[0].isupper()


def test_each_command_says_what_it_replaces() -> None:
    helps = {name: one.help for name, one in declared_as("--overwrite").items()}
    assert len(set(helps.values())) == len(helps), helps


def test_a_usual_setting_belongs_to_the_class_that_takes_it() -> None:
    @declared("Draw")
    class DrawSettings:
        overwrite: bool = overwrite_setting("Draw it anew.")
        quiet: bool = quiet_setting()

    found = declarations(DrawSettings)
    assert [*found] == ["overwrite", "quiet"]
    assert {one.owner for one in found.values()} == {"DrawSettings"}
    assert found["overwrite"].help == "Draw it anew."
    assert DrawSettings(overwrite=True) != DrawSettings()
