"""What ``train-reid`` is told, and what commands that judge by a network are told of it.

Steps, seed and people are not among it: the protocol fixes them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from shared.declarations import declared, setting
from shared.device import DeviceName
from shared.errors import UsageError, problem
from shared.usual_settings import device_setting, dry_run_setting, overwrite_setting, quiet_setting

Pixels = Literal["imagenet", "unit", "bytes"]
"""Values that a network takes: those of ImageNet's mean and deviation, [0, 1], or [0, 255]."""

USUAL_PIXELS: Final = "imagenet"
"""What the field's networks take."""

_ONNX_SUFFIX: Final = ".onnx"


def is_onnx(judge: Path | None) -> bool:
    """Tell by its name whether a judge is a network of the user's own."""
    return judge is not None and judge.suffix == _ONNX_SUFFIX


def reid_setting(purpose: str) -> Any:
    """Declare ``--reid``, the file of a judge.

    Args:
        purpose: What it is for, as the end of a sentence.
    """
    return setting(
        default=None,
        path="file",
        flag="--reid",
        metavar="FILE",
        help=f"A judge that train-reid made, or a network of your own as FILE.onnx{purpose}",
    )


def reid_pixels_setting() -> Any:
    """Declare ``--reid-pixels``, the values that such a network takes."""
    return setting(
        default=USUAL_PIXELS,
        flag="--reid-pixels",
        since="0.2",
        help="Values that the network of FILE.onnx takes: ImageNet's mean and deviation, [0, 1], "
        "or [0, 255].",
    )


def check_pixels(judge: Path | None, pixels: Pixels) -> None:
    """Refuse values for a network that is none of the user's own.

    Raises:
        UsageError: They are given, and nothing would take them.
    """
    if pixels != USUAL_PIXELS and not is_onnx(judge):
        found, remedy = "none", "leave it out"
        raise UsageError(problem("--reid-pixels", "--reid FILE.onnx", found, remedy))


@declared("Judge")
class ReidSettings:
    """Where the people are, and where the judge goes."""

    src: Path = setting(
        path="folder",
        flag="--src",
        metavar="FOLDER",
        help="Train images named IDENTITY_cCAMERA…, JPEG or PNG, or a folder with them in "
        "bounding_box_train.",
    )
    out: Path = setting(
        path="folder", flag="--out", metavar="DIR", help="Where the judge, reid.pt, goes."
    )
    device: DeviceName = device_setting("Where to compute.")
    overwrite: bool = overwrite_setting("Replace a judge that was trained on other images.")
    dry_run: bool = dry_run_setting("Say what would happen; write nothing.")
    quiet: bool = quiet_setting()
