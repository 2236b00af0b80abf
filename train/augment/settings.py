"""What ``augment-reid`` is told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from shared.declarations import declared, setting
from shared.device import DeviceName
from shared.usual_settings import device_setting, dry_run_setting, overwrite_setting, quiet_setting
from train.reid.settings import Pixels, check_pixels, reid_pixels_setting, reid_setting
from train.settings.painter import raw_weights_setting

LayoutName = Literal["market", "folders", "list"]


@declared("Augment")
class AugmentSettings:
    """Who is drawn in which poses, what is kept of it, and how the folder is laid out."""

    model: str = setting(
        flag="--model",
        metavar="demo|RUN|EXPORT",
        help="What draws: demo comes with the package and knows drawn people only; else a run, a "
        "checkpoint, or what export-generator made. A folder of yours called demo is ./demo.",
    )
    shards: Path = setting(
        path="folder",
        flag="--shards",
        help="What prep-market made: the people, and the poses. Its test images are not looked at, "
        "but for a judge.",
    )
    market: Path = setting(
        path="folder",
        flag="--market",
        metavar="FOLDER",
        help="The data set that the shards were made from, with bounding_box_train, query and "
        "bounding_box_test. Its files are the real images; it is never written to.",
    )
    out: Path = setting(
        path="folder",
        flag="--out",
        metavar="DIR",
        help="Where the folder goes; the same command continues what a killed one began.",
    )
    per_image: int = setting(
        default=1, ge=1, le=100, flag="--per-image", help="Poses in which each image is drawn."
    )
    poses: Literal["any", "changed"] = setting(
        default="any",
        flag="--poses",
        help="Whose pose is taken, among all train images: any, drawn by seed; or, of ten drawn, "
        "the one in which the joints move most.",
    )
    seed: int = setting(
        default=0, ge=0, le=2**63 - 1, flag="--seed", help="Decides which poses are drawn."
    )
    reid: Path | None = reid_setting(
        ": how far each generated image is from its person's real ones."
    )
    reid_pixels: Pixels = reid_pixels_setting()
    keep: float = setting(
        default=1.0,
        ge=0.01,
        le=1,
        flag="--keep",
        metavar="SHARE",
        help="With --reid: share of the generated images that is kept, those nearest to their "
        "person.",
    )
    gallery: Path | None = setting(
        default=None,
        path="folder",
        flag="--gallery",
        metavar="DIR",
        shown="the shards' test images",
        help="With --reid: real test images on which the judge has to show that it knows people, a "
        "folder of pictures or of shards.",
    )
    layout: LayoutName = setting(
        default="market",
        flag="--layout",
        help="market: Market-1501's, which torchreid, fast-reid and CLIP-ReID read; folders: a "
        "folder for each identity below pytorch/, as layumi's baseline has it; list: images/ and "
        "train.list, a label behind each name.",
    )
    real: Literal["link", "copy"] = setting(
        default="link",
        flag="--real",
        help="How the real images come into the folder: as hard links, which take no space and "
        "change with the original, or as copies; across disks always as copies.",
    )
    paste: bool = setting(
        default=True,
        flag="--paste/--no-paste",
        help="Put the source's background, filled in, behind the person: it is its camera's.",
    )
    raw_weights: bool = raw_weights_setting()
    device: DeviceName = device_setting("Where to draw.")
    overwrite: bool = overwrite_setting("Replace what another call made in the folder.")
    dry_run: bool = dry_run_setting("Say what would be drawn; write nothing.")
    quiet: bool = quiet_setting()

    def __post_init__(self) -> None:
        check_pixels(self.reid, self.reid_pixels)
