"""Every command's help, all of them printed by one process that may not load heavy libraries."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from commands import command, entry_points

HEAVY = ("torch", "ultralytics", "pandas", "h5py", "cv2", "matplotlib")

PRINT_ALL = """
import contextlib, importlib, importlib.abc, io, json, sys
class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HEAVY:
            raise ImportError("too heavy for a help: " + name)
sys.meta_path.insert(0, Block())
found = {}
for name, place in COMMANDS.items():
    module, _, function = place.partition(":")
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            getattr(importlib.import_module(module), function)(["--help"], prog_name=name)
        except SystemExit as end:
            assert not end.code, name
    found[name] = said.getvalue()
print(json.dumps(found))
"""

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    """The help of every command, by the command's name."""
    code = f"HEAVY, COMMANDS = {HEAVY!r}, {entry_points()!r}\n{PRINT_ALL}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_no_help_loads_a_heavy_library(helps: dict[str, str]) -> None:
    assert set(helps) == set(entry_points())
    for name, text in helps.items():
        assert text.startswith(f"Usage: {name} "), name


@pytest.mark.parametrize("name", entry_points())
def test_a_help_gives_two_examples_and_defaults(helps: dict[str, str], name: str) -> None:
    examples = helps[name].partition("Examples:")[2].partition("Options:")[0]
    assert len(re.findall(rf"^ +{name}\b", examples, re.MULTILINE)) >= 2, helps[name]
    assert "default:" in helps[name]


@pytest.mark.parametrize("name", entry_points())
def test_a_command_is_named_as_setup_cfg_names_it(name: str) -> None:
    assert command(name).name == name
