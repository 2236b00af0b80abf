"""Settings of stage 1.

Convention:
    Sizes are (height, width) in pixels. What a setting means for the result decides where it
    stands: :class:`PoseSettings` and :class:`ShardSettings` change what is in the shards,
    :class:`RunSettings` only changes how the work is done.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from shared.declarations import declared, setting
from shared.device import Devices
from shared.errors import UsageError, problem
from shared.quantities import Bytes, Scheduler, Size
from shared.usual_settings import device_setting, dry_run_setting, overwrite_setting

DEMO_MODEL = "demo"
"""The pose model's name that stands for the weights that come with the package."""

AUTO_MODEL = "auto"
"""The pose model's name that stands for the best size for the device."""


SourceKind = Literal["auto", "market1501", "cuhk03", "msmt17", "deepfashion", "folders"]

TEST_SHARE = 0.2
"""Share of the people who are for testing where a data set does not say it."""


@declared("Source")
class SourceSettings:
    """How a data set's folders and names are understood."""

    kind: SourceKind = setting(
        default="auto",
        flag="--source",
        since="0.2",
        help="Kind of data set. cuhk03: names that begin with IDENTITY_cCAMERA; folders: a folder "
        "for each person, or --labels; auto looks which of them is there.",
    )
    labels: Path | None = setting(
        default=None,
        path="file",
        flag="--labels",
        since="0.2",
        help="CSV of the images of any folder: name (path below --src), identity, and where known "
        "camera and split (train or test).",
    )
    test_share: float | None = setting(
        default=None,
        ge=0,
        le=1,
        flag="--test-share",
        metavar="SHARE",
        shown=f"{TEST_SHARE}",
        since="0.2",
        help="Share of the people who are for testing, where the data set has no split.",
    )
    split_seed: int | None = setting(
        default=None,
        ge=0,
        le=2**32 - 1,
        flag="--split-seed",
        shown="0",
        since="0.2",
        help="Which people these are.",
    )

    def __post_init__(self) -> None:
        if self.labels is not None and self.kind not in ("auto", "folders"):
            where, found = "--labels", f"--source {self.kind}"
            raise UsageError(problem(where, "--source folders", found, "leave one of them out"))


@declared("Pose model")
class PoseSettings:
    """How a pose model finds the 18 joints of the person in an image."""

    pose_model: str = setting(
        default=AUTO_MODEL,
        flag="--pose-model",
        metavar="NAME|FILE",
        help="auto (yolo26n-pose on a CPU, yolo26x-pose on a GPU), another ultralytics pose model "
        "by name (downloaded once where there is a network), a local .pt file, or demo (knows "
        "drawn people only).",
    )
    pose_size: Size = setting(
        default=(256, 128),
        ge=32,
        le=4096,
        multiple_of=32,
        flag="--pose-size",
        help="What images are resized to for the pose model.",
    )
    device: Devices = device_setting(
        "Where the pose model runs; auto is a GPU where there is one. Several of one kind, as "
        "cuda:0,cuda:1, share out the images: one process a device, equal results."
    )
    half: bool = setting(default=True, flag="--half/--no-half", help="Half precision on a GPU.")
    batch: int = setting(
        default=128,
        ge=1,
        le=65_536,
        flag="--pose-batch",
        help="Images a forward pass; halved when memory runs out.",
    )
    person_threshold: float = setting(
        default=0.25,
        ge=0,
        le=1,
        flag="--person-threshold",
        metavar="SHARE",
        help="Least confidence of a person.",
    )
    joint_threshold: float = setting(
        default=0.5,
        ge=0,
        le=1,
        flag="--joint-threshold",
        metavar="SHARE",
        help="Least confidence of a joint that counts as present.",
    )

    def __post_init__(self) -> None:
        if not self.pose_model or "\0" in self.pose_model:
            where, expected = "--pose-model", "a name or a file"
            raise UsageError(problem(where, expected, "nothing", "name one, or leave it out"))


@declared("Shard")
class ShardSettings:
    """Which images and pairs enter the shards, and in which form."""

    image_size: Size = setting(
        default=(128, 64),
        ge=8,
        le=4096,
        multiple_of=8,
        flag="--image-size",
        help="Height and width of the images in the shards; others are resized and key points "
        "scaled along.",
    )
    shard_bytes: Bytes = setting(
        default=48_000_000,
        ge=100_000,
        le=2_000_000_000,
        flag="--shard-size",
        help="Size of a shard; an identity is never divided.",
    )
    num_test_pairs: int = setting(
        default=12_000,
        ge=0,
        le=10_000_000,
        flag="--num-test-pairs",
        help="Test pairs to draw by the field's published rule.",
    )
    max_pairs_per_identity: int | None = setting(
        default=None,
        ge=1,
        le=10_000_000,
        flag="--max-pairs-per-identity",
        shown="all",
        help="Bound on the train pairs of one identity, for large data sets.",
    )
    any_size: bool = setting(
        default=False,
        flag="--any-size",
        help="Accept images unlike the most common size; else those are bad.",
    )


@declared("Run")
class RunSettings:
    """How the work is done; nothing here changes what is in the shards."""

    workers: int = setting(
        default=1,
        ge=1,
        le=1024,
        flag="--workers",
        shown="the cores, at most 8",
        help="Processes or threads; they change the time, not the result.",
    )
    backend: Literal["loky", "threading", "dask"] = setting(
        default="loky",
        flag="--backend",
        help="Kind of worker: processes or threads of this machine, or those of --cluster; there "
        "--workers is how many threads decode images for a worker's pose model.",
    )
    cluster: Scheduler | None = setting(
        default=None,
        flag="--cluster",
        shown="none",
        since="0.2",
        help="Scheduler of a dask cluster that is there already, as tcp://HOST:8786, with "
        "--backend dask. Its workers see --src and --out at the same paths. Needs the extra "
        "cluster.",
    )
    patience_s: float = setting(
        default=30.0,
        ge=0.1,
        le=86_400,
        unit="s",
        since="0.2",
        help="Give a cluster up that is silent, or without workers, for so long.",
    )
    scratch: Bytes = setting(
        default=4_000_000_000,
        ge=0,
        le=1_000_000_000_000_000,
        flag="--scratch",
        since="0.2",
        help="Room in --out for decoded pictures while the command runs; where it ends, or the "
        "disk does, images are read a second time.",
    )
    max_bad: float = setting(
        default=0.005,
        ge=0,
        le=1,
        flag="--max-bad",
        metavar="SHARE",
        help="Exit with 1 when a larger share of the images is bad.",
    )
    overwrite: bool = overwrite_setting(
        "Make the folder anew where it holds data of other settings."
    )
    dry_run: bool = dry_run_setting("Say what would happen; write nothing.")

    def __post_init__(self) -> None:
        if (self.backend == "dask") != (self.cluster is not None):
            where, expected, remedy = "--backend dask", "--cluster ADDRESS beside it", "add it"
            found = "none"
            if self.cluster is not None:
                where, expected, found = "--cluster", "--backend dask beside it", self.backend
            raise UsageError(problem(where, expected, found, remedy))


@declared("Data")
class PrepareSettings:
    """Everything that one run of ``prep-market`` is told."""

    src: Path = setting(
        flag="--src",
        metavar="FOLDER|ARCHIVE",
        help="Data set, here or up to 3 levels below; a .zip or .tar is read as it is. Never "
        "written to.",
    )
    out: Path = setting(
        path="folder",
        flag="--out",
        help="Where the shards go; the same command continues what a killed one began.",
    )
    keypoints: tuple[Path, ...] = setting(
        default=(),
        path="file",
        flag="--keypoints",
        metavar="FILE",
        help="Published key points (name:keypoints_y:keypoints_x) in place of a pose model; "
        "repeatable. Their rows give the order of the images and so of the pairs.",
    )
    train_pairs: Path | None = setting(
        default=None,
        path="file",
        flag="--train-pairs",
        help="List (CSV: from,to) to use instead of all ordered train pairs.",
    )
    test_pairs: Path | None = setting(
        default=None,
        path="file",
        flag="--test-pairs",
        help="List (CSV: from,to) to use instead of drawing test pairs.",
    )
    data_set: SourceSettings = setting(
        default_factory=SourceSettings, since="0.2", help="How the data set is understood."
    )
    shards: ShardSettings = setting(
        default_factory=ShardSettings, help="Which images and pairs enter the shards."
    )
    pose: PoseSettings = setting(default_factory=PoseSettings, help="How poses are found.")
    run: RunSettings = setting(default_factory=RunSettings, help="How the work is done.")

    def __post_init__(self) -> None:
        if self.run.cluster is not None and "," in self.pose.device:
            found, remedy = self.pose.device, "start a worker for each device instead"
            expected = "one device, each worker's, with --backend dask"
            raise UsageError(problem("--device", expected, found, remedy))


def default_workers() -> int:
    """As many workers as there are cores, at most 8."""
    return min(8, os.cpu_count() or 1)
