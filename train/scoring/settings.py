"""What one run of the evaluator is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shared.device import DeviceName
from shared.errors import UsageError, problem
from train.metrics.protocols import choose_scores
from train.scoring.panels import check_layout


@dataclass(frozen=True, kw_only=True)
class EvalSettings:
    """What to score, and how.

    Args:
        out: Folder for the results.
        generated: Folder of generated images, with ``real``.
        real: Folder of real images: of equal stems, or for ``panels`` the targets by name.
        source: Folder of source images, for the control that copies them.
        panels: Folder of pictures in a result form, in the place of ``generated``.
        image_size: (height, width) of one panel in pixels.
        layout: Roles of the panels; empty for the defaults of 1, 3 and 5 panels.
        keypoints: Key points of the targets, for masks (and PCKh).
        generated_poses: Key points of the generated images, from ``extract-poses``.
        real_poses: Key points of the targets by the same model; ``keypoints`` by default.
        weights_dir: Folder of weight files.
        fid_real: Folder of images that FID compares with; the pairs' real images by default.
        protocols: Scores to give, ``metric`` or ``metric/protocol``; empty for all possible.
        limit: Score only so many pairs, the first by name.
        allow_missing: Leave out pictures without a partner and pairs without key points.
        force: Give FID for fewer than 2,048 images.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
    """

    out: Path
    generated: Path | None = None
    real: Path | None = None
    source: Path | None = None
    panels: Path | None = None
    image_size: tuple[int, int] = (128, 64)
    layout: tuple[str, ...] = ()
    keypoints: Path | None = None
    generated_poses: Path | None = None
    real_poses: Path | None = None
    weights_dir: Path | None = None
    fid_real: Path | None = None
    protocols: tuple[str, ...] = ()
    limit: int | None = None
    allow_missing: bool = False
    force: bool = False
    device: DeviceName = "auto"

    def __post_init__(self) -> None:
        if (self.generated is None) == (self.panels is None):
            found = "neither" if self.panels is None else "both"
            raise UsageError(
                problem("what to score", "--generated or --panels", found, "name one of them")
            )
        if self.generated is not None and self.real is None:
            raise UsageError(problem("--generated", "--real beside it", "none", "add --real DIR"))
        if min(self.image_size) < 1 or (self.limit is not None and self.limit < 1):
            found = f"{self.image_size} and {self.limit}"
            raise UsageError(
                problem("--image-size and --limit", "at least 1", found, "give positive numbers")
            )
        if self.device not in ("auto", "cpu", "cuda"):
            raise UsageError(problem("--device", "auto, cpu or cuda", self.device, "mend it"))
        check_layout(self.layout)
        choose_scores(self.protocols)
