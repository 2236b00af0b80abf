"""What one run of the evaluator is told."""

from __future__ import annotations

from pathlib import Path

from shared.addresses import Place
from shared.declarations import declared, setting
from shared.device import DeviceName
from shared.errors import UsageError, problem
from shared.quantities import Names, Size
from shared.usual_settings import device_setting, quiet_setting
from train.metrics.protocols import choose_scores
from train.reid.settings import Pixels, check_pixels, reid_pixels_setting, reid_setting
from train.scoring.panels import check_layout
from train.scoring.rows import ON_TARGET, PASTED
from train.settings.painter import raw_weights_setting


@declared("Score")
class EvalSettings:
    """What to score, and how."""

    out: Path = setting(
        path="folder",
        flag="--out",
        metavar="DIR",
        shown="with --run: RUN/scores",
        help="Where the scores go.",
    )
    generated: Path | None = setting(
        default=None,
        path="folder",
        flag="--generated",
        metavar="DIR",
        help="Generated images; with --real.",
    )
    real: Path | None = setting(
        default=None,
        path="folder",
        flag="--real",
        metavar="DIR",
        help="Real images of equal stems; with --panels the targets, looked up by name.",
    )
    source: Path | None = setting(
        default=None,
        path="folder",
        flag="--source",
        metavar="DIR",
        help="Source images, for the control that copies them.",
    )
    panels: Path | None = setting(
        default=None,
        path="folder",
        flag="--panels",
        metavar="DIR",
        help="Pictures in a result form: Def-GAN's 3 panels, PATN's 5, GFLA's 1 (with --real).",
    )
    pasted: Path | None = setting(
        default=None,
        path="folder",
        flag="--pasted",
        metavar="DIR",
        since="0.2",
        shown="with --run: drawn",
        help="With --panels: the same people on the sources' backgrounds, pictures of the panels' "
        "names; a row of its own.",
    )
    target_background: Path | None = setting(
        default=None,
        path="folder",
        flag="--target-background",
        metavar="DIR",
        since="0.2",
        shown="with --run of --background target: drawn",
        help="With --panels: the same pairs drawn with the target's background given; a row of "
        "its own, for it sees the target.",
    )
    image_size: Size = setting(
        default=(128, 64), ge=1, le=4096, flag="--image-size", help="Size of a panel."
    )
    layout: Names = setting(
        default=(),
        flag="--layout",
        metavar="ROLES",
        shown="by the number of panels",
        help="Roles of the panels from left to right, between commas: source, source-pose, target, "
        "target-pose, generated, other.",
    )
    keypoints: Path | None = setting(
        default=None,
        path="file",
        flag="--keypoints",
        metavar="FILE.csv",
        help="Target poses, for masks (and PCKh).",
    )
    generated_poses: Path | None = setting(
        default=None,
        path="file",
        flag="--generated-poses",
        metavar="FILE.csv",
        help="What extract-poses found in the generated images, for PCKh; its file of scores "
        "beside it gives the detection score.",
    )
    real_poses: Path | None = setting(
        default=None,
        path="file",
        flag="--real-poses",
        metavar="FILE.csv",
        shown="--keypoints",
        help="The same of the real images.",
    )
    reid: Path | None = reid_setting(", for rank-1, mAP and a Fréchet distance.")
    reid_pixels: Pixels = reid_pixels_setting()
    gallery: Place | None = setting(
        default=None,
        path="folder",
        flag="--gallery",
        metavar="DIR",
        shown="with --run: the shards; else the pairs' own images",
        help="With --reid: all real test images, a folder of pictures or of shards.",
    )
    weights_dir: Path | None = setting(
        default=None,
        path="folder",
        flag="--weights-dir",
        metavar="DIR",
        help="Weight files, for IS, FID and LPIPS.",
    )
    fid_real: Path | None = setting(
        default=None,
        path="folder",
        flag="--fid-real",
        metavar="DIR",
        shown="the real images",
        help="What FID compares with, such as all training images.",
    )
    protocols: Names = setting(
        default=(),
        flag="--protocols",
        shown="all that the input allows",
        help="Scores to give, between commas: a metric (ssim) or one protocol (ssim/pose-gan).",
    )
    limit: int | None = setting(
        default=None,
        ge=1,
        le=100_000_000,
        flag="--limit",
        help="Score the first N pairs by name.",
    )
    allow_missing: bool = setting(
        default=False,
        flag="--allow-missing",
        help="Leave out what has no partner or no pose.",
    )
    force: bool = setting(
        default=False, flag="--force", help="Give FID for fewer than 2,048 images."
    )
    device: DeviceName = device_setting("Where to compute.")

    def __post_init__(self) -> None:
        if (self.generated is None) == (self.panels is None):
            found = "neither" if self.panels is None else "both"
            raise UsageError(
                problem("what to score", "--generated or --panels", found, "name one of them")
            )
        if self.generated is not None and self.real is None:
            raise UsageError(problem("--generated", "--real beside it", "none", "add --real DIR"))
        check_pixels(self.reid, self.reid_pixels)
        if self.rows and self.panels is None:
            found = "--generated"
            raise UsageError(problem(f"--{next(iter(self.rows))}", "--panels", found, "add it"))
        check_layout(self.layout)
        choose_scores(self.protocols)

    @property
    def rows(self) -> dict[str, Path]:
        """Folders of further pictures of the pairs, by their row in the tables."""
        found = {PASTED: self.pasted, ON_TARGET: self.target_background}
        return {row: folder for row, folder in found.items() if folder is not None}


@declared("Systems")
class SystemsSettings:
    """Several systems that are compared with each other."""

    systems: tuple[Path, ...] = setting(
        default=(),
        path="folder",
        flag="systems",
        metavar="SYSTEM",
        help="Training runs (with --shards) and folders of pictures, side by side.",
    )


@declared("Training run")
class DrawnRunSettings:
    """The training run whose pictures are drawn first, if any."""

    run: Path | None = setting(
        default=None,
        flag="--run",
        metavar="RUN",
        help="A training run (or one of its checkpoints): draw its test pairs, then score them.",
    )
    shards: Place | None = setting(
        default=None,
        path="folder",
        flag="--shards",
        metavar="DIR",
        help="With --run: what prep-market made.",
    )
    raw_weights: bool = raw_weights_setting("With --run: not the averaged weights.")
    quiet: bool = quiet_setting()
