"""Settings of the commands that draw with a trained generator."""

from __future__ import annotations

from typing import Any

from shared.declarations import setting


def raw_weights_setting(help: str = "Not the averaged weights.") -> Any:
    """Declare ``--raw-weights``: whether the weights of the last step draw, not their average."""
    return setting(default=False, flag="--raw-weights", help=help)
