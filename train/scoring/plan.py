"""Which scores a run can give, and for each other one the reason why not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import UsageError, problem
from train.metrics.protocols import NUM_SPLITS, SCORES, Score, choose_scores
from train.metrics.ssim import fits
from train.metrics.weights import WEIGHT_FILES, find_weights

MIN_LPIPS_SIDE = 31
"""Smaller images vanish in AlexNet's second pooling."""

INPUT_FLAGS = {
    "keypoints": "--keypoints FILE.csv with the target poses",
    "poses": "--generated-poses FILE.csv, and --real-poses or --keypoints for the targets",
    "detections": "--generated-poses FILE.csv with its file of scores beside it",
    "reid": "--reid FILE, a judge that train-reid --src TRAIN_FOLDER --out DIR makes in minutes",
}


@dataclass(frozen=True, kw_only=True)
class Means:
    """What is at hand for scoring.

    Args:
        inputs: Those of :data:`INPUT_FLAGS` that were given.
        size: (height, width) of the images.
        num_generated: Number of generated images.
        num_reference: Number of images that FID compares them with.
        weights_dir: Folder of weight files; None where none was named.
        force: Give FID for few images, too.
        judge: SHA-256 of the judge, which names the protocols of what it sees.
    """

    inputs: Collection[str]
    size: tuple[int, int]
    num_generated: int
    num_reference: int
    weights_dir: Path | None
    force: bool
    judge: str = ""


@dataclass(frozen=True)
class Plan:
    """The scores to give, and the reasons (by key) why others are left out."""

    scores: tuple[Score, ...]
    skipped: dict[str, str]

    def has(self, key: str) -> bool:
        """Tell whether a score is given."""
        return any(score.key == key for score in self.scores)

    def needs(self, what: str) -> bool:
        """Tell whether a score needs an input or a weight file."""
        return any(what in score.needs for score in self.scores)


def make_plan(names: Sequence[str], means: Means) -> Plan:
    """Decide which scores to give.

    Args:
        names: Scores that the user asked for; empty for all that the means allow.
        means: What is at hand.

    Returns:
        The plan.

    Raises:
        UsageError: A score that was asked for by name cannot be given.
    """
    given, skipped = [], {}
    for score in choose_scores(names) if names else SCORES:
        try:
            _check(score, means)
        except UsageError as error:
            # A metric asked for as a whole may miss a protocol, but not all of them.
            if score.key in names or (score.metric in names and score.metric != "ssim"):
                raise
            skipped[score.key] = error.message
        else:
            judged = means.judge and "reid" in score.needs
            given.append(score.by_network(means.judge) if judged else score)
    if not given:
        raise UsageError(next(iter(skipped.values())))
    return Plan(tuple(given), skipped)


def _check(score: Score, means: Means) -> None:
    if not _large_enough(score, means.size):
        found = f"{means.size[0]} x {means.size[1]} pixels (height x width)"
        raise UsageError(
            problem(score.key, "images as large as its window", found, "leave this score out")
        )
    for need in score.needs:
        if need in WEIGHT_FILES:
            find_weights(means.weights_dir, need)
        elif need not in means.inputs:
            raise UsageError(problem(score.key, INPUT_FLAGS[need], "no such option", "add it"))
    if score.metric in ("is", "mask-is") and means.num_generated < NUM_SPLITS:
        raise UsageError(
            problem(score.key, f"{NUM_SPLITS} images", means.num_generated, "add images")
        )
    fewest = min(means.num_generated, means.num_reference)
    if fewest < score.min_images and not means.force:
        raise UsageError(
            problem(
                score.key,
                f"at least {score.min_images:,} generated and real images",
                f"{fewest:,}",
                "add images, or --force to get a number that compares with nothing published",
            )
        )


def _large_enough(score: Score, size: tuple[int, int]) -> bool:
    if "ssim" in score.metric:
        return fits(size, score.protocol)
    return score.metric != "lpips" or min(size) >= MIN_LPIPS_SIDE
