"""What ``repose`` is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from shared.declarations import declared, setting
from shared.device import DeviceName
from shared.errors import UsageError, problem
from shared.usual_settings import device_setting, dry_run_setting, overwrite_setting, quiet_setting
from train.inference.crops import Crop
from train.settings.painter import raw_weights_setting

_BOX: Final = re.compile(r"(\d{1,5}),(\d{1,5}),(\d{1,5}),(\d{1,5})", re.ASCII)


@declared("Repose")
class ReposeSettings:
    """Who is drawn, in which poses, by what, and where it goes."""

    model: str = setting(
        flag="--model",
        metavar="demo|RUN|EXPORT",
        help="What draws: demo comes with the package and knows drawn people only; else a run, a "
        "checkpoint, or what export-generator made. A folder of yours called demo is ./demo.",
    )
    source: tuple[Path, ...] = setting(
        flag="--source",
        metavar="PHOTO",
        help="Photo of a person, or a folder of photos; repeatable.",
    )
    target: tuple[Path, ...] = setting(
        flag="--target",
        metavar="POSE",
        help="A photo whose pose is taken, FILE.csv (every pose of it), FILE.csv:NAME (that one), "
        "a saved skeleton FILE.json, a folder of photos or skeletons: a sequence, or a pose that "
        "needs no file: stance:standing, stance:walk-right …; repeatable.",
    )
    out: Path = setting(path="folder", flag="--out", metavar="DIR", help="Where the pictures go.")
    source_poses: tuple[Path, ...] = setting(
        default=(),
        path="file",
        flag="--source-poses",
        metavar="FILE.csv",
        help="Key points of the photos, also of those named as targets, by file name; others are "
        "asked of extract-poses. Repeatable.",
    )
    pose_model: str | None = setting(
        default=None,
        flag="--pose-model",
        metavar="MODEL",
        shown="demo beside --model demo, else auto",
        help="What finds poses in photos, as extract-poses takes it.",
    )
    box: tuple[str, ...] = setting(
        default=(),
        flag="--box",
        metavar="X,Y,WIDTH,HEIGHT",
        help="Where the person stands in a source photo, in pixels, where several do: one for "
        "each source in their order.",
    )
    sequence: bool = setting(
        default=False,
        flag="--sequence",
        help="Take every FILE.csv for a sequence of frames, in the natural order of its names.",
    )
    smooth: float = setting(
        default=1.0,
        ge=0,
        le=50,
        unit="frames",
        flag="--smooth",
        help="Deviation of the filter over the key points of a sequence; 0 leaves them as found.",
    )
    fps: int = setting(
        default=8, ge=1, le=50, flag="--fps", help="Frames a second of an animation."
    )
    gif: bool = setting(default=False, flag="--gif", help="Write animations as GIF, too.")
    put_back: bool = setting(
        default=False,
        flag="--put-back",
        help="Also put each person back into the whole photo, in the folder in-photo.",
    )
    raw_weights: bool = raw_weights_setting()
    device: DeviceName = device_setting("Where to draw.")
    overwrite: bool = overwrite_setting("Replace what another call drew into the folder.")
    dry_run: bool = dry_run_setting("Say what would be drawn; ask and write nothing.")
    quiet: bool = quiet_setting()

    @property
    def boxes(self) -> tuple[Crop, ...]:
        """The boxes of ``--box``.

        Raises:
            UsageError: One is written in another way.
        """
        return tuple(read_box(text) for text in self.box)


def read_box(text: str) -> Crop:
    """Read a box such as ``"120,40,90,210"``.

    Raises:
        UsageError: It is written in another way, or has no area.
    """
    found = _BOX.fullmatch(text.strip())
    if found is None:
        expected, remedy = "X,Y,WIDTH,HEIGHT in whole pixels", "write it as 120,40,90,210"
        raise UsageError(problem("--box", expected, repr(text[:40]), remedy))
    left, top, width, height = map(int, found.groups())
    return Crop(left=left, top=top, width=width, height=height)
