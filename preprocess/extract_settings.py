"""What ``extract-poses`` is told; the pose model's settings are those of the whole stage."""

from __future__ import annotations

from pathlib import Path

from preprocess.settings import PoseSettings
from shared.declarations import declared, setting
from shared.errors import UsageError, problem


@declared("Data")
class ExtractSettings:
    """Everything that one run of ``extract-poses`` is told."""

    src: Path = setting(path="folder", flag="--src", help="Images, with subfolders.")
    out: Path = setting(path="file", flag="--out", metavar="FILE.csv", help="The key points.")
    fit_size: bool = setting(
        default=True,
        help="Choose the network's input by the images' size instead of pose_size.",
    )
    workers: int = setting(
        default=2, ge=1, le=1024, flag="--workers", help="Threads that decode images."
    )
    max_bad: float = setting(
        default=0.005,
        ge=0,
        le=1,
        flag="--max-bad",
        metavar="SHARE",
        help="Exit with 1 when a larger share of the images is unusable.",
    )
    watch: bool = setting(
        default=False,
        flag="--watch",
        help="Keep the model open, and add a row for each picture that appears in the folder, "
        "until Ctrl-C or SIGTERM (exit code 75).",
    )
    idle_s: float | None = setting(
        default=None,
        ge=0,
        le=1e6,
        flag="--idle",
        metavar="SECONDS",
        shown="never",
        help="With --watch: end with exit code 0 when so long no picture has appeared.",
    )
    pose: PoseSettings = setting(default_factory=PoseSettings, help="How poses are found.")

    def __post_init__(self) -> None:
        if not self.src.is_dir():
            raise UsageError(problem("--src", "a folder of images", self.src, "check the name"))
        if self.out.suffix != ".csv" or self.out.is_dir():
            raise UsageError(problem("--out", "a file name ending in .csv", self.out, "add .csv"))
        if self.watch and "," in self.pose.device:
            found = self.pose.device
            raise UsageError(problem("--device", "one device with --watch", found, "name one"))

    @property
    def kept(self) -> Path:
        """Folder of the poses found so far; it is gone when the run is done."""
        return self.out.with_name(f".{self.out.stem}.kept")

    def beside(self, what: str) -> Path:
        """The name of an extra file beside the CSV."""
        return self.out.with_name(f"{self.out.stem}-{what}.csv")
