"""The console commands by the names that users type, wherever the code behind them lies."""

from __future__ import annotations

import configparser
import importlib
from pathlib import Path

from click.testing import CliRunner, Result

SETUP = Path(__file__).resolve().parent.parent / "setup.cfg"


def invoke(name: str, *arguments: object) -> Result:
    """Run a command of setup.cfg in this process; what it raises beside its exit is raised."""
    config = configparser.ConfigParser()
    config.read(SETUP)
    lines = config["options.entry_points"]["console_scripts"].split("\n")
    places = dict(line.replace(" ", "").split("=") for line in lines if line)
    module, _, attribute = places[name].partition(":")
    command = getattr(importlib.import_module(module), attribute)
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(command, words, catch_exceptions=False)
