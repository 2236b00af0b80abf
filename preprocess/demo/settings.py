"""What ``draw-market`` draws, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared.declarations import declared, setting
from shared.errors import UsageError, problem
from shared.input_file import InputFile
from shared.quantities import Size
from shared.settings import lasting
from shared.usual_settings import dry_run_setting, overwrite_setting

CROP_SIZE = (128, 64)
LAYOUTS = ("market", "cuhk03", "msmt17", "folders", "deepfashion")
LEAST_ASPECT, MOST_ASPECT = 0.25, 3.0
"""Of the pictures, width over height."""


@declared("Data")
class DrawSettings:
    """What to draw; a folder remembers it."""

    identities: int = setting(
        default=120,
        ge=4,
        le=9_998,
        flag="--identities",
        help="Number of people: even numbers train, odd ones test; an odd count trains one more.",
    )
    images_per_identity: int = setting(
        default=12,
        ge=2,
        le=999,
        flag="--images-per-identity",
        help="Pictures of each, over the cameras that see the person.",
    )
    seed: int = setting(
        default=1,
        ge=0,
        le=2**32,
        flag="--seed",
        help="Of everything: the same seed draws the same bytes.",
    )
    world: str = setting(
        default="demo",
        choices=("demo", "varied", "other"),
        flag="--world",
        since="0.2",
        help="Which distributions people, clothes, places and cameras come from; a generator that "
        "trained on 'varied' is judged on 'other', which has other ones.",
    )
    size: Size = setting(
        default=(128, 64),
        ge=32,
        le=1024,
        flag="--size",
        since="0.2",
        help="Height and width of the pictures; shapes and textures are drawn at this size.",
    )
    people: int = setting(
        default=1,
        ge=1,
        le=12,
        flag="--people",
        since="0.2",
        help="People in each picture, side by side; people-train.csv has the joints of all.",
    )
    detector: str = setting(
        default="truthful",
        choices=("truthful", "faulty"),
        flag="--detector",
        since="0.2",
        help="Whether the key points are true where they are there, or shifted, mistaken and "
        "swapped as a detector's are; the truth lies beside them either way.",
    )
    layout: str = setting(
        default="market",
        choices=LAYOUTS,
        flag="--layout",
        since="0.2",
        help="Whose folders, names and lists it has: Market-1501's, CUHK03-np's, MSMT17's, a "
        "folder for each person, or DeepFashion's under the field's flattened names.",
    )
    poses: Path | None = setting(
        default=None,
        path="file",
        flag="--poses",
        help="Take names and joints of the training pictures from a published annotation.",
    )
    test_poses: Path | None = setting(
        default=None, path="file", flag="--test-poses", help="The same for the test pictures."
    )

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn together."""
        given = self.poses is not None or self.test_poses is not None
        if given and (self.size != CROP_SIZE or self.people > 1):
            expected = "pictures of 128 by 64 with one person, as annotations have them"
            found = f"--size {self.size[0]}x{self.size[1]} --people {self.people}"
            raise UsageError(problem("--poses", expected, found, "leave these out"))
        if given and self.layout != LAYOUTS[0]:
            where, found = "--poses", f"--layout {self.layout}"
            raise UsageError(problem(where, "the names of Market-1501", found, "leave one out"))
        if not LEAST_ASPECT <= self.size[1] / self.size[0] <= MOST_ASPECT:
            expected = f"a width of {LEAST_ASPECT} to {MOST_ASPECT} times the height"
            found, remedy = f"{self.size[0]}x{self.size[1]}", "choose another size"
            raise UsageError(problem("--size", expected, found, remedy))

    def record(self, poses: InputFile | None, test_poses: InputFile | None) -> dict[str, Any]:
        """Return what a folder remembers of the settings: annotations by their content.

        Args:
            poses: What was read of the annotation of this name.
            test_poses: The same.
        """
        plain: dict[str, Any] = lasting(self)
        for name, file in (("poses", poses), ("test_poses", test_poses)):
            plain[name] = None if file is None else file.sha256
        return plain


@declared("Run")
class DrawRunSettings:
    """How one run of ``draw-market`` does its work."""

    out: Path = setting(
        path="folder",
        flag="--out",
        help="Root of the data set; the same command continues what a killed one began.",
    )
    workers: int = setting(
        default=1,
        ge=1,
        le=1024,
        flag="--workers",
        shown="the cores, at most 8",
        help="Processes; they change the time, not the result.",
    )
    dry_run: bool = dry_run_setting("Say what would be drawn; write nothing.")
    overwrite: bool = overwrite_setting(
        "Draw anew where the folder holds other settings' pictures."
    )
