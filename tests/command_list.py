"""All commands of the project, as setup.cfg lists them."""

from __future__ import annotations

import configparser
import importlib
from pathlib import Path

from shared.options import Command

SETUP = Path(__file__).parents[1] / "setup.cfg"


def entry_points() -> dict[str, str]:
    """Command name to ``module:function``."""
    setup = configparser.ConfigParser()
    setup.read(SETUP, encoding="utf-8")
    lines = setup["options.entry_points"]["console_scripts"].split("\n")
    pairs = (line.partition("=") for line in lines if line.strip())
    return {name.strip(): place.strip() for name, _, place in pairs}


def all_commands() -> dict[str, Command]:
    """Command name to command."""
    found = {}
    for name, place in entry_points().items():
        module, _, function = place.partition(":")
        found[name] = getattr(importlib.import_module(module), function)
    return found
