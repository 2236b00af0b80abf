"""The options of stage 1's commands as data; ``cli.py`` makes command line options of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option of a command.

    Args:
        flag: As it is typed, ``"--a/--no-a"`` for a switch.
        help: What it does.
        kind: Kind of value; ``"flag"`` takes none.
        metavar: What the help shows for the value.
        default: Value where it is not given.
        low: Smallest number.
        high: Largest number.
        choices: The words to choose from.
        required: It must be given.
        multiple: It may be given several times.
    """

    flag: str
    help: str
    kind: Literal["text", "file", "int", "float", "flag", "choice"] = "text"
    metavar: str | None = None
    default: object = None
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    multiple: bool = False


def _file(
    flag: str,
    help: str,
    metavar: str = "FILE",
    *,
    required: bool = False,
    multiple: bool = False,
) -> Option:
    return Option(
        flag=flag, help=help, kind="file", metavar=metavar, required=required, multiple=multiple
    )


def _count(flag: str, help: str, default: int | None = None, *, low: int = 0) -> Option:
    return Option(flag=flag, help=help, kind="int", metavar="N", default=default, low=low)


def _share(flag: str, help: str, default: float) -> Option:
    return Option(
        flag=flag, help=help, kind="float", metavar="SHARE", default=default, low=0, high=1
    )


def _flag(flag: str, help: str) -> Option:
    return Option(flag=flag, help=help, kind="flag", default=False)


WORKERS: Final = _count(
    "--workers",
    "Processes or threads; they change the time, not the result.  [default: the cores, at most 8]",
    low=1,
)

POSE: Final = (
    Option(
        flag="--pose-model",
        help="auto (yolo26n-pose on a CPU, yolo26x-pose on a GPU), another ultralytics pose model "
        "by name (downloaded once where there is a network), a local .pt file, or demo (knows "
        "drawn people only).",
        metavar="NAME|FILE",
        default="auto",
    ),
    Option(
        flag="--pose-size",
        help="What images are resized to for the pose model, multiples of 32.",
        metavar="HxW",
        default="256x128",
    ),
    Option(
        flag="--device",
        help="Where the pose model runs; auto is a GPU where there is one.",
        kind="choice",
        choices=("auto", "cpu", "cuda"),
        default="auto",
    ),
    Option(flag="--half/--no-half", help="Half precision on a GPU.", kind="flag", default=True),
    _count("--pose-batch", "Images a forward pass; halved when memory runs out.", 128, low=1),
    _share("--person-threshold", "Least confidence of a person.", 0.25),
    _share("--joint-threshold", "Least confidence of a joint that counts as present.", 0.5),
)

PREPARE: Final = (
    _file(
        "--src",
        "Data set: bounding_box_train or bounding_box_test here or up to 3 levels below (also "
        "named train, test). Never written to.",
        "FOLDER",
        required=True,
    ),
    _file(
        "--out",
        "Where the shards go; the same command continues what a killed one began.",
        "FOLDER",
        required=True,
    ),
    _file(
        "--keypoints",
        "Published key points (name:keypoints_y:keypoints_x) in place of a pose model; repeatable. "
        "Their rows give the order of the images and so of the pairs.",
        multiple=True,
    ),
    _file("--train-pairs", "List (CSV: from,to) to use instead of all ordered train pairs."),
    _file("--test-pairs", "List (CSV: from,to) to use instead of drawing test pairs."),
    _count("--num-test-pairs", "Test pairs to draw by the field's published rule.", 12_000),
    _count(
        "--max-pairs-per-identity",
        "Bound on the train pairs of one identity, for large data sets.  [default: all]",
        low=1,
    ),
    Option(
        flag="--image-size",
        help="Height and width of the images in the shards, multiples of 8 up to 4096; others are "
        "resized and key points scaled along.",
        metavar="HxW",
        default="128x64",
    ),
    _flag("--any-size", "Accept images unlike the most common size; else those are bad."),
    Option(
        flag="--shard-size",
        help="Size of a shard, 100KB to 2GB; an identity is never divided.",
        metavar="SIZE",
        default="48MB",
    ),
    *POSE,
    WORKERS,
    Option(
        flag="--backend",
        help="Kind of joblib worker: processes or threads.",
        kind="choice",
        choices=("loky", "threading"),
        default="loky",
    ),
    _share("--max-bad", "Exit with 1 when a larger share of the images is bad.", 0.005),
    _flag("--dry-run", "Say what would happen; write nothing."),
    _flag("--overwrite", "Make the folder anew where it holds data of other settings."),
)

DRAW: Final = (
    _file(
        "--out",
        "Root of the data set; the same command continues what a killed one began.",
        "FOLDER",
        required=True,
    ),
    Option(
        flag="--identities",
        help="Number of people, half of them for training.",
        kind="int",
        metavar="N",
        default=120,
        low=4,
        high=9998,
    ),
    Option(
        flag="--images-per-identity",
        help="Pictures of each, over the cameras that see the person.",
        kind="int",
        metavar="N",
        default=12,
        low=2,
        high=999,
    ),
    _count("--seed", "Of everything: the same seed draws the same bytes.", 1),
    _file("--poses", "Take names and joints of the training pictures from a published annotation."),
    _file("--test-poses", "The same for the test pictures."),
    WORKERS,
    _flag("--dry-run", "Say what would be drawn; write nothing."),
    _flag("--overwrite", "Draw anew where the folder holds other settings' pictures."),
)

EXTRACT: Final = (
    _file("--src", "Images, with subfolders.", "FOLDER", required=True),
    _file("--out", "The key points.", "FILE.csv", required=True),
    *POSE,
    _count("--workers", "Threads that decode images.", 2, low=1),
    _share("--max-bad", "Exit with 1 when a larger share of the images is unusable.", 0.005),
)
