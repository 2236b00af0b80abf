"""The settings of a training run: one frozen tree, resolved before anything runs.

Convention:
    Everything outside of :class:`RunSettings` decides what is learned: it names the run folder
    and must not change when a run goes on. What is in :class:`RunSettings` may change: how long,
    where, how often something is said. Everything is counted in images: samples that the
    generator was trained on.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from shared.errors import UsageError, problem
from shared.settings import as_plain, fingerprint
from train.settings.networks import DiscriminatorSettings, GeneratorSettings

AdversarialKind = Literal["vanilla", "hinge", "least-squares"]
Features = Literal["vgg", "pixels"]
DataPath = Literal["auto", "device", "ram", "stream"]
DeviceName = Literal["auto", "cpu", "cuda"]


def _require(right: bool, where: str, expected: str, found: object) -> None:
    if not right:
        raise UsageError(problem(where, expected, found, "choose such a value"))


@dataclass(frozen=True, kw_only=True)
class LossSettings:
    """What the generator is asked for; a weight of 0 leaves a term out.

    Attributes:
        adversarial: The game between the networks.
        adversarial_weight: Weight of the generator's side of it.
        l1_weight: Weight of the mean absolute difference of pixels in [-1, 1].
        perceptual_weight: Weight of the L1 difference of features.
        perceptual_layers: Layers of VGG-19 that it compares.
        nearest_weight: Weight of the nearest-neighbour loss, a sum over channels.
        nearest_layer: The layer of VGG-19 that it compares.
        nearest_window: Side of its neighbourhood in pixels.
        features: Whether those two see VGG-19's features or the pixels times 127.5.
        feature_scale: Factor on VGG-19's features; the papers' weights belong to 57.
    """

    adversarial: AdversarialKind = "vanilla"
    adversarial_weight: float = 1.0
    l1_weight: float = 0.0
    perceptual_weight: float = 0.0
    perceptual_layers: tuple[str, ...] = ("block2_conv1",)
    nearest_weight: float = 0.0
    nearest_layer: str = "block1_conv2"
    nearest_window: int = 3
    features: Features = "vgg"
    feature_scale: float = 57.0

    def __post_init__(self) -> None:
        for name in ("adversarial_weight", "l1_weight", "perceptual_weight", "nearest_weight"):
            _require(getattr(self, name) >= 0, f"loss {name}", "0 or more", getattr(self, name))
        total = self.adversarial_weight + self.l1_weight + self.perceptual_weight
        total += self.nearest_weight
        _require(total > 0, "loss weights", "at least one above 0", "none")

    @property
    def needs_features(self) -> bool:
        """Whether any term compares features."""
        return self.perceptual_weight > 0 or self.nearest_weight > 0


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """How the weights move.

    Attributes:
        generator_rate: Learning rate of the generator (Adam).
        discriminator_rate: Learning rate of the discriminator (Adam).
        betas: Adam's two decays.
        clip_norm: Largest norm of a network's gradient; 0 leaves gradients as they are.
        average_half_life_images: After so many images a weight's share in the exponential
            average has halved; early in a run a twentieth of the images seen so far, if less.
        decay_images: Over so many images the learning rates fall to 0 along half a cosine;
            0 leaves them constant.
    """

    generator_rate: float = 2e-4
    discriminator_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    clip_norm: float = 0.0
    average_half_life_images: int = 2_000
    decay_images: int = 0

    def __post_init__(self) -> None:
        for name in ("generator_rate", "discriminator_rate"):
            _require(getattr(self, name) > 0, f"optimizer {name}", "above 0", getattr(self, name))
        _require(self.clip_norm >= 0, "optimizer clip_norm", "0 or more", self.clip_norm)
        _require(self.decay_images >= 0, "optimizer decay_images", "0 or more", self.decay_images)


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """What the networks see.

    Attributes:
        batch: Samples in a batch.
        mirror: Probability that a sample is shown mirrored.
        sigma: Deviation of the heat maps in pixels at a height of 128.
        reuse_fake: Whether both networks learn from one batch and one generated image. The
            papers' code draws a batch for each and generates anew.
    """

    batch: int = 4
    mirror: float = 0.0
    sigma: float = 6.0
    reuse_fake: bool = False

    def __post_init__(self) -> None:
        _require(self.batch >= 1, "data batch", "1 or more", self.batch)
        _require(0 <= self.mirror <= 1, "data mirror", "0 to 1", self.mirror)
        _require(self.sigma > 0, "data sigma", "above 0", self.sigma)

    @property
    def batches_per_step(self) -> int:
        """Batches that one step of both networks draws."""
        return 1 if self.reuse_fake else 2


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How long, where and how talkative; all of it may change when a run goes on.

    Attributes:
        max_images: The run is done after so many images.
        max_hours: Or after so many hours of training, all its parts together; 0 for no limit.
        device: Where to compute; ``"auto"`` takes a GPU where there is one.
        data: Where the samples lie: on the device, in RAM, or streamed from disk.
        window_shards: Shards in memory at a time when streaming; 0 lets the program choose.
        status_images: A status line every so many images.
        sheet_images: A sample sheet and quick scores every so many images; 0 only at the end.
        checkpoint_images: A checkpoint every so many images; 0 only at the end.
        keep: Newest checkpoints that stay; the best one stays besides.
        sheet_pairs: Rows of a sample sheet.
        score_pairs: Test pairs of the quick scores.
        deterministic: Ask for the same bits on a GPU every time; slower.
        tensorboard: Write TensorBoard's events too.
        vgg: File of VGG-19's weights; empty looks into torch's cache, then downloads.
    """

    max_images: int = 360_000
    max_hours: float = 0.0
    device: DeviceName = "auto"
    data: DataPath = "auto"
    window_shards: int = 0
    status_images: int = 2_000
    sheet_images: int = 20_000
    checkpoint_images: int = 20_000
    keep: int = 2
    sheet_pairs: int = 8
    score_pairs: int = 128
    deterministic: bool = False
    tensorboard: bool = False
    vgg: Path | None = None

    def __post_init__(self) -> None:
        for name, low in (("max_images", 1), ("status_images", 1), ("keep", 1), ("sheet_pairs", 1)):
            _require(
                getattr(self, name) >= low, f"run {name}", f"{low} or more", getattr(self, name)
            )
        for name in ("sheet_images", "checkpoint_images", "window_shards", "max_hours"):
            _require(getattr(self, name) >= 0, f"run {name}", "0 or more", getattr(self, name))
        _require(self.score_pairs >= 2, "run score_pairs", "2 or more", self.score_pairs)


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Everything about a run.

    Attributes:
        preset: Name of the row of :data:`train.settings.presets.PRESETS` that it started from.
        seed: Decides initial weights, order, mirroring and dropout.
        shards: Short hash of the shards that it learns from.
        init_from: Run folder or checkpoint whose averaged generator it starts from; empty: none.
        generator: The generator.
        discriminator: The discriminator.
        loss: The losses.
        optimizer: The optimisers and the average.
        data: Batches.
        run: What may change when the run goes on.
    """

    preset: str
    seed: int = 0
    shards: str = ""
    init_from: str = ""
    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    discriminator: DiscriminatorSettings = field(default_factory=DiscriminatorSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    data: DataSettings = field(default_factory=DataSettings)
    run: RunSettings = field(default_factory=RunSettings)

    def __post_init__(self) -> None:
        _require(self.seed >= 0, "seed", "0 or more", self.seed)

    @property
    def lasting(self) -> dict[str, Any]:
        """The settings that must not change when a run goes on, as plain values."""
        names = [f.name for f in dataclasses.fields(self) if f.name != "run"]
        return {name: as_plain(getattr(self, name)) for name in names}

    @property
    def run_name(self) -> str:
        """Name of the run's folder: the preset and a fingerprint of the lasting settings."""
        return f"{self.preset}-{fingerprint(self.lasting)}"
