"""What ``draw-market`` draws, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared.declarations import declared, setting
from shared.input_file import InputFile
from shared.settings import lasting


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
    poses: Path | None = setting(
        default=None,
        path="file",
        flag="--poses",
        help="Take names and joints of the training pictures from a published annotation.",
    )
    test_poses: Path | None = setting(
        default=None, path="file", flag="--test-poses", help="The same for the test pictures."
    )

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
    dry_run: bool = setting(
        default=False, flag="--dry-run", help="Say what would be drawn; write nothing."
    )
    overwrite: bool = setting(
        default=False,
        flag="--overwrite",
        help="Draw anew where the folder holds other settings' pictures.",
    )
