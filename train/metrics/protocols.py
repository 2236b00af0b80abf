"""Every protocol by which this project gives a number, as data.

A metric's name says what is looked at, a protocol's name says by which recipe; only numbers of one
protocol may be compared. ``PROTOCOLS.md`` beside this file describes the recipes in words and the
keys of ``metrics.json``.

Source: the published evaluation code of Def-GAN (Siarohin et al. 2018), PATN (Zhu et al. 2019),
PG2 (Ma et al. 2017), GFLA (Ren et al. 2020) and PIDM (Bhunia et al. 2023), read for what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Final, Literal

from shared.errors import UsageError, problem

NUM_SPLITS: Final = 10
"""Number of groups of images over which the inception score is averaged."""

MIN_FID_IMAGES: Final = 2048
"""Below this many images the covariance of the 2,048 features is singular and FID misleads."""

MIN_REID_FID_IMAGES: Final = 512
"""The same for the 128 features of a judge: four images a feature, less is too few there too."""

Function = Literal["of_pairs", "of_ratios", "features", "of_sets", "of_gallery"]
"""The fields of a score that name functions."""

PCKH_SHARE: Final = 0.5
"""How far a joint may lie from its target, in sides of the target's head box."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The window of an SSIM protocol.

    Args:
        kind: ``"gaussian"`` weights or a ``"uniform"`` square.
        size: Side in pixels, odd.
        sigma: Deviation of the Gaussian in pixels; 0 for a uniform window.
    """

    kind: Literal["gaussian", "uniform"]
    size: int
    sigma: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SsimProtocol:
    """One recipe for SSIM on uint8 RGB.

    Args:
        window: What local means and variances are taken over.
        own_range: The data range is max − min of each generated image (255 where that is 0);
            otherwise it is 255.
        sample_covariance: Variances are divided by N − 1 instead of N.
    """

    window: Window
    own_range: bool
    sample_covariance: bool


_GAUSSIAN_1_5 = Window(kind="gaussian", size=11, sigma=1.5)
_GAUSSIAN_1_2 = Window(kind="gaussian", size=9, sigma=1.2)

SSIM_PROTOCOLS: Final = {
    "pose-gan": SsimProtocol(window=_GAUSSIAN_1_5, own_range=True, sample_covariance=False),
    "range255": SsimProtocol(window=_GAUSSIAN_1_5, own_range=False, sample_covariance=False),
    "pg2": SsimProtocol(
        window=Window(kind="uniform", size=7), own_range=False, sample_covariance=True
    ),
    # GFLA computes on [0, 1] with data range 1, which is 255 on uint8.
    "gfla": SsimProtocol(
        window=Window(kind="uniform", size=51), own_range=False, sample_covariance=True
    ),
    "pidm": SsimProtocol(window=_GAUSSIAN_1_2, own_range=True, sample_covariance=False),
}


@dataclass(frozen=True, kw_only=True)
class Score:
    """A metric by a protocol.

    Args:
        metric: What is looked at, the first key in ``metrics.json``.
        protocol: By which recipe, the second key.
        higher_is_better: Direction of the metric.
        needs: Inputs beyond the pairs: ``"keypoints"``, ``"poses"``, ``"detections"``,
            ``"reid"`` (a judge), or the key of a weight file in
            :data:`train.metrics.weights.WEIGHT_FILES`.
        text: The recipe in one line.
        of_pairs: Function from :class:`train.metrics.compared.Compared` and the protocol to the
            numbers of its pairs, float64 (n,). Functions are written as ``module:name`` within
            this package, so that the table is read without torch.
        of_ratios: The same for a score that is a ratio of sums over the pairs: two of them.
        features: For a score of whole sets: function from the same to features (n, d).
        of_sets: Function from the features of a subject, those of the reference and whether the
            subject is one image over and over to a :class:`train.metrics.sets.SetScore`.
        of_gallery: For a score of features among those of a gallery: function from a
            :class:`train.metrics.ranking.Ranking` to numbers (n,).
        min_images: A Fréchet distance of fewer generated or real images is refused.
        masked: The features are those of images times the masks of the target poses.
    """

    metric: str
    protocol: str
    higher_is_better: bool = True
    needs: tuple[str, ...] = ()
    text: str
    of_pairs: str = ""
    of_ratios: str = ""
    features: str = ""
    of_sets: str = ""
    of_gallery: str = ""
    min_images: int = 0
    masked: bool = False

    @property
    def key(self) -> str:
        """``metric/protocol``, as in the option ``--protocols`` and the columns of tables."""
        return f"{self.metric}/{self.protocol}"

    def by_network(self, sha256: str) -> Score:
        """Return this score with the network that it looks through in the protocol's name."""
        return replace(self, protocol=f"{self.protocol}-{sha256[:8]}")

    def bears(self, protocol: str) -> bool:
        """Tell whether a protocol is this one, whatever network its name says."""
        by_network = "reid" in self.needs and protocol.startswith(f"{self.protocol}-")
        return by_network or protocol == self.protocol

    def function(self, field: Function) -> Callable[..., Any]:
        """Import a function of this score."""
        module, _, name = getattr(self, field).partition(":")
        found: Callable[..., Any] = getattr(import_module(f"{__package__}.{module}"), name)
        return found


_SSIM_TEXT: Final = {
    "pose-gan": "Gaussian window, sigma 1.5, range = max - min of the generated image",
    "range255": "Gaussian window, sigma 1.5, range 255",
    "pg2": "uniform window of 7 px, sample covariance, range 255",
    "gfla": "uniform window of 51 px, sample covariance, range 255 (1 on [0, 1])",
    "pidm": "Gaussian window, sigma 1.2, range = max - min of the generated image",
}
_INCEPTION: Final = "the InceptionV3 of 2015 as torchmetrics runs it"

SCORES: Final = (
    *(
        Score(metric="ssim", protocol=name, text=text, of_pairs="ssim:ssim_of_pairs")
        for name, text in _SSIM_TEXT.items()
    ),
    Score(
        metric="mask-ssim",
        protocol="pose-gan",
        needs=("keypoints",),
        text="both images times the mask of the target pose, then SSIM pose-gan",
        of_pairs="masks:mask_ssim_of_pairs",
    ),
    *(
        Score(
            metric=f"ssim-{side}",
            protocol="pose-gan",
            needs=("keypoints",),
            text=f"the map of SSIM pose-gan of the whole images, mean over the pixels {side} the "
            "mask of the target pose",
            of_pairs=f"masks:ssim_{side}_of_pairs",
        )
        for side in ("inside", "outside")
    ),
    Score(
        metric="sharpness",
        protocol="grey-gradient",
        needs=("keypoints",),
        text="mean gradient magnitude of grey inside the mask of the target pose, summed over the "
        "pairs, over the same of the real images",
        of_ratios="sharpness:edges_of_pairs",
    ),
    Score(
        metric="psnr",
        protocol="range255",
        text="peak signal-to-noise ratio in dB, peak 255",
        of_pairs="pixels:psnr_of_pairs",
    ),
    Score(
        metric="l1",
        protocol="range1",
        higher_is_better=False,
        text="mean absolute difference of images in [0, 1]",
        of_pairs="pixels:l1_of_pairs",
    ),
    Score(
        metric="lpips",
        protocol="alex",
        higher_is_better=False,
        needs=("alexnet",),
        text="LPIPS 0.1 on AlexNet through torchmetrics, images in [-1, 1]",
        of_pairs="deep:lpips_of_pairs",
    ),
    Score(
        metric="rank-1",
        protocol="reid",
        needs=("reid",),
        text="share of the pictures whose nearest real image shows the same person, by the judge "
        "of --reid; left out: same person and camera, the source, junk",
        features="judged:embeddings_of",
        of_gallery="ranking:rank_1_of",
    ),
    Score(
        metric="map",
        protocol="reid",
        needs=("reid",),
        text="mean average precision of the same answers",
        features="judged:embeddings_of",
        of_gallery="ranking:precision_of",
    ),
    Score(
        metric="is",
        protocol="torchmetrics",
        needs=("inception-2015",),
        text=f"inception score, {NUM_SPLITS} splits in the order of the pairs, by {_INCEPTION}",
        features="deep:logits_2015",
        of_sets="sets:inception_of_set",
    ),
    Score(
        metric="mask-is",
        protocol="torchmetrics",
        needs=("keypoints", "inception-2015"),
        text="the same on images times the mask of the target pose",
        features="deep:logits_2015",
        of_sets="sets:masked_inception_of_set",
        masked=True,
    ),
    Score(
        metric="fid",
        protocol="torchmetrics",
        higher_is_better=False,
        needs=("inception-2015",),
        text=f"Fréchet distance of 2,048 features of {_INCEPTION}",
        features="deep:pooled_2015",
        of_sets="sets:fid_of_sets",
        min_images=MIN_FID_IMAGES,
    ),
    Score(
        metric="fid",
        protocol="gfla",
        higher_is_better=False,
        needs=("inception-torchvision",),
        text="the same with torchvision's InceptionV3, bilinear 299, inputs normalised as GFLA's",
        features="deep:pooled_torchvision",
        of_sets="sets:fid_of_sets",
        min_images=MIN_FID_IMAGES,
    ),
    Score(
        metric="fid",
        protocol="reid",
        higher_is_better=False,
        needs=("reid",),
        text="Fréchet distance of the features of the judge of --reid",
        features="judged:embeddings_of",
        of_sets="sets:reid_fid_of_sets",
        min_images=MIN_REID_FID_IMAGES,
    ),
    Score(
        metric="pckh",
        protocol="patn",
        needs=("poses",),
        text=f"share of the target's joints found within {PCKH_SHARE} of its head box in x and y",
    ),
    Score(
        metric="ds",
        protocol="person-score",
        needs=("detections",),
        text="mean person score of extract-poses (YOLO's confidence x share of the centre covered "
        "x root of the area share), 0 where nobody is seen; not the papers' SSD300",
    ),
)


def choose_scores(names: Iterable[str]) -> tuple[Score, ...]:
    """Return the scores that names stand for, in the order of the table above, each once.

    Args:
        names: ``"ssim/pose-gan"``, or ``"ssim"`` for all (by a judge only where it has no other).

    Raises:
        UsageError: A name stands for nothing.
    """
    wanted = list(names)
    for name in wanted:
        if not any(name in (score.metric, score.key) for score in SCORES):
            known = ", ".join(score.key for score in SCORES)
            raise UsageError(problem("--protocols", f"any of {known}", name, "choose among them"))
    free = {score.metric for score in SCORES if "reid" not in score.needs}
    judged = [s for s in SCORES if "reid" in s.needs and s.metric in free]
    return tuple(s for s in SCORES if s.key in wanted or (s.metric in wanted and s not in judged))
