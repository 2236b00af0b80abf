"""What ``train-reid`` is told. Steps, seed and people are not among it: the protocol fixes them."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from shared.declarations import declared, setting
from shared.device import DeviceName
from shared.usual_settings import device_setting, dry_run_setting, overwrite_setting, quiet_setting

Pixels = Literal["imagenet", "unit", "bytes"]
"""Values that a network takes: those of ImageNet's mean and deviation, [0, 1], or [0, 255]."""

ONNX_SUFFIX: Final = ".onnx"
"""Of a judge that is a network of the user's own."""


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
