"""Settings of stage 1.

Convention:
    Sizes are (height, width) in pixels. What a setting means for the result decides where it
    stands: :class:`PoseSettings` and :class:`ShardSettings` change what is in the shards,
    :class:`RunSettings` only changes how the work is done.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from shared.errors import UsageError, problem

DEMO_MODEL = "demo"
"""The pose model's name that stands for the weights that come with the package."""

AUTO_MODEL = "auto"
"""The pose model's name that stands for the best size for the device."""


_SIZE: Final = re.compile(r"(\d{1,5})[x×](\d{1,5})", re.ASCII | re.IGNORECASE)
_BYTES: Final = re.compile(
    r"(\d{1,15}(?:\.\d{1,3})?)\s*(B|[KMGT]B|[KMGT]iB)?", re.ASCII | re.IGNORECASE
)
_UNITS: Final = {
    unit: factor
    for power, letter in enumerate(("", "k", "m", "g", "t"))
    for unit, factor in ((f"{letter}b", 1000**power), (f"{letter}ib", 1024**power))
}


def parse_size(text: str, where: str) -> tuple[int, int]:
    """Read a size such as ``"128x64"`` as (height, width).

    Raises:
        UsageError: It is written in another way.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(problem(where, "HEIGHTxWIDTH", repr(text), "write it as 128x64"))
    return int(match[1]), int(match[2])


def parse_bytes(text: str, where: str) -> int:
    """Read a number of bytes such as ``"48MB"`` or ``"1.5GiB"``.

    Raises:
        UsageError: It is written in another way.
    """
    match = _BYTES.fullmatch(text.strip())
    if match is None:
        raise UsageError(problem(where, "a size in bytes", repr(text), "write it as 48MB"))
    return int(float(match[1]) * _UNITS[(match[2] or "B").lower()])


def _require(holds: bool, where: str, expected: str, found: object) -> None:
    if not holds:
        raise UsageError(problem(where, expected, found, "choose a value in that range"))


def _require_size(where: str, size: tuple[int, int], multiple: int) -> None:
    fits = all(side % multiple == 0 and multiple <= side <= 4096 for side in size)
    found = f"{size[0]}x{size[1]}"
    _require(fits, where, f"HEIGHTxWIDTH, multiples of {multiple} up to 4096", found)


@dataclass(frozen=True, kw_only=True)
class PoseSettings:
    """How a pose model finds the 18 joints of the person in an image.

    Args:
        pose_model: ``"auto"``, ``"demo"``, a model's name as ultralytics knows it, or a file.
        pose_size: (height, width) that images are resized to for the network, multiples of 32.
        device: Where the network runs; ``"auto"`` is CUDA where there is one.
        half: Half precision on CUDA.
        batch: Images a forward pass; halved when the device's memory runs out.
        person_threshold: Least confidence in [0, 1] of a person.
        joint_threshold: Least confidence in [0, 1] of a joint that counts as present.
    """

    pose_model: str = AUTO_MODEL
    pose_size: tuple[int, int] = (256, 128)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    half: bool = True
    batch: int = 128
    person_threshold: float = 0.25
    joint_threshold: float = 0.5

    def __post_init__(self) -> None:
        _require(bool(self.pose_model), "--pose-model", "a name or a file", "nothing")
        _require_size("--pose-size", self.pose_size, 32)
        _require(1 <= self.batch <= 65536, "--pose-batch", "1 to 65536", self.batch)
        for name in ("person_threshold", "joint_threshold"):
            value = getattr(self, name)
            _require(0 <= value <= 1, f"--{name.replace('_', '-')}", "0 to 1", value)


@dataclass(frozen=True, kw_only=True)
class ShardSettings:
    """Which images and pairs enter the shards, and in which form.

    Args:
        image_size: (height, width) of the images in the shards; others are resized to it.
        shard_bytes: Size that a shard does not exceed (unless one identity alone does).
        num_test_pairs: Length of the test list that is drawn by the published rule.
        max_pairs_per_identity: Bound on the train pairs of one identity; None for all of them.
        any_size: Accept source images of any size; otherwise those that differ from the most
            common size are rejected.
    """

    image_size: tuple[int, int] = (128, 64)
    shard_bytes: int = 48_000_000
    num_test_pairs: int = 12_000
    max_pairs_per_identity: int | None = None
    any_size: bool = False

    def __post_init__(self) -> None:
        _require_size("--image-size", self.image_size, 8)
        _require(
            100_000 <= self.shard_bytes <= 2_000_000_000,
            "--shard-size",
            "100KB to 2GB",
            f"{self.shard_bytes} bytes",
        )
        _require(self.num_test_pairs >= 0, "--num-test-pairs", "0 or more", self.num_test_pairs)
        limit = self.max_pairs_per_identity
        _require(limit is None or limit >= 1, "--max-pairs-per-identity", "1 or more", limit)


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How the work is done; nothing here changes what is in the shards.

    Args:
        workers: Processes or threads that decode and build shards.
        backend: Kind of joblib worker.
        max_bad: Share in [0, 1] of unreadable images above which the run ends with exit code 1.
        overwrite: Make the folder anew where it holds data of other settings.
        dry_run: Only say what would happen.
    """

    workers: int = 1
    backend: Literal["loky", "threading"] = "loky"
    max_bad: float = 0.005
    overwrite: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        _require(1 <= self.workers <= 1024, "--workers", "1 to 1024", self.workers)
        _require(0 <= self.max_bad <= 1, "--max-bad", "0 to 1", self.max_bad)


@dataclass(frozen=True, kw_only=True)
class PrepareSettings:
    """Everything that one run of ``prep-market`` is told.

    Args:
        src: Folder that holds the data set, at most three levels below.
        out: Folder that the shards go to.
        keypoints: Published key point files; where given, no pose model is used and their rows
            give the order of the images.
        train_pairs: Pair list to use instead of all ordered pairs.
        test_pairs: Pair list to use instead of the published rule's.
        pose: See :class:`PoseSettings`.
        shards: See :class:`ShardSettings`.
        run: See :class:`RunSettings`.
    """

    src: Path
    out: Path
    keypoints: tuple[Path, ...] = ()
    train_pairs: Path | None = None
    test_pairs: Path | None = None
    pose: PoseSettings = field(default_factory=PoseSettings)
    shards: ShardSettings = field(default_factory=ShardSettings)
    run: RunSettings = field(default_factory=RunSettings)
