"""The console commands, found where ``setup.cfg`` says: the one place that knows their modules."""

from __future__ import annotations

import configparser
import importlib
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from shared.options import Command

SETUP = Path(__file__).resolve().parent.parent / "setup.cfg"


def entry_points() -> dict[str, str]:
    """The console commands by name, each with its ``module:function``."""
    setup = configparser.ConfigParser()
    setup.read(SETUP)
    lines = setup["options.entry_points"]["console_scripts"].strip().splitlines()
    pairs = (line.partition("=") for line in lines)
    return {name.strip(): place.strip() for name, _, place in pairs}


def command(name: str) -> Command:
    """The click command of a console command."""
    module, _, function = entry_points()[name].partition(":")
    found = getattr(importlib.import_module(module), function)
    assert isinstance(found, Command)
    return found


def all_commands() -> dict[str, Command]:
    """Every console command by its name."""
    return {name: command(name) for name in entry_points()}


def call(name: str, *arguments: object) -> Result:
    """Call a console command in the test's own process.

    Returns:
        Exit code, stdout and stderr as a process would give them.
    """
    return CliRunner().invoke(command(name), [str(argument) for argument in arguments])


def program(name: str, *arguments: object, before: str = "") -> list[str]:
    """The arguments of a process of its own that runs a console command, some Python before it."""
    module, _, function = entry_points()[name].partition(":")
    code = f"{before}from {module} import {function}; {function}(prog_name={name!r})"
    return [sys.executable, "-c", code, *map(str, arguments)]
