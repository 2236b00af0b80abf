"""How long, where and how talkative a run is."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from shared.declarations import declared, setting
from shared.device import DeviceName
from shared.usual_settings import device_setting
from train.settings.optimizer import MOST_IMAGES

DataPath = Literal["auto", "device", "ram", "stream"]


@declared("Run")
class RunSettings:
    """How long, where and how talkative; all of it may change when a run goes on."""

    max_images: int = setting(
        default=360_000,
        ge=1,
        le=MOST_IMAGES,
        flag="--max-images",
        help="Train on so many images.",
    )
    max_hours: float = setting(
        default=0.0,
        ge=0,
        le=100_000,
        unit="h",
        flag="--max-hours",
        metavar="H",
        help="Or for so many hours in all, all parts of the run together; 0 sets no limit.",
    )
    device: DeviceName = device_setting("Where to compute; auto takes a GPU where there is one.")
    data: DataPath = setting(
        default="auto",
        flag="--data",
        help="Where samples lie: on the device, in RAM, or streamed from the shards.",
    )
    window_shards: int = setting(
        default=0,
        ge=0,
        le=1_000_000,
        help="Shards in memory at a time when streaming; 0 lets the program choose.",
    )
    status_images: int = setting(
        default=2_000, ge=1, le=MOST_IMAGES, help="A status line every so many images."
    )
    sheet_images: int = setting(
        default=20_000,
        ge=0,
        le=MOST_IMAGES,
        help="A sample sheet and quick scores every so many images; 0 only at the end.",
    )
    checkpoint_images: int = setting(
        default=20_000,
        ge=0,
        le=MOST_IMAGES,
        help="A checkpoint every so many images; 0 only at the end.",
    )
    keep: int = setting(
        default=2,
        ge=1,
        le=1_000_000,
        help="Newest checkpoints that stay; the best one stays besides.",
    )
    sheet_pairs: int = setting(default=8, ge=1, le=1_000, help="Rows of a sample sheet.")
    score_pairs: int = setting(
        default=128, ge=2, le=1_000_000, help="Test pairs of the quick scores."
    )
    patience_s: float = setting(
        default=600.0,
        ge=1,
        le=86_400,
        unit="s",
        help="Under torchrun: wait so long for a process that does not answer, then give up.",
    )
    deterministic: bool = setting(
        default=False, flag="--deterministic", help="Same bits on a GPU every time; slower."
    )
    tensorboard: bool = setting(
        default=False, flag="--tensorboard", help="Write TensorBoard's events too."
    )
    vgg: Path | None = setting(
        default=None,
        path="file",
        flag="--vgg",
        help="Weights of VGG-19, torchvision's file; without it torch's cache is looked into, "
        "then they are downloaded.",
    )
