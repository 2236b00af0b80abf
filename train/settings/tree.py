"""The settings of a training run: one frozen tree, resolved before anything runs.

Convention:
    Everything outside of :class:`RunSettings` decides what is learned: it names the run folder
    and must not change when a run goes on. What is in :class:`RunSettings` may change: how long,
    where, how often something is said. Everything is counted in images: samples that the
    generator was trained on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pydantic

from shared.declarations import declared, setting
from shared.errors import UsageError, problem
from shared.settings import fingerprint, lasting
from train.settings.loss import AdversarialKind, Features, LossSettings
from train.settings.networks import DiscriminatorSettings, GeneratorSettings
from train.settings.optimizer import OptimizerSettings
from train.settings.run import DataPath, RunSettings

__all__ = [
    "AdversarialKind",
    "DataPath",
    "DataSettings",
    "Features",
    "LossSettings",
    "OptimizerSettings",
    "RunSettings",
    "TrainSettings",
]

PlacedText = Annotated[
    str,
    pydantic.BeforeValidator(
        lambda given: str(Path(given)) if isinstance(given, (str, Path)) and given else given
    ),
]
"""A path as text in its shortest form; empty for none."""


@declared("Data")
class DataSettings:
    """What the networks see."""

    batch: int = setting(
        default=4, ge=1, le=4_096, flag="--batch", help="Samples in a batch (papers: 4)."
    )
    mirror: float = setting(
        default=0.0, ge=0, le=1, help="Probability that a sample is shown mirrored."
    )
    sigma: float = setting(
        default=6.0,
        gt=0,
        le=1_000,
        unit="px",
        help="Deviation of the heat maps in pixels at a height of 128.",
    )
    reuse_fake: bool = setting(
        default=False,
        help="Whether both networks learn from one batch and one generated image. The papers' "
        "code draws a batch for each and generates anew, with fidelity a third for the fake.",
    )


@declared("Training")
class TrainSettings:
    """Everything about a run."""

    preset: str = setting(
        help="Name of the row of train.settings.presets.PRESETS that it started from."
    )
    seed: int = setting(
        default=0,
        ge=0,
        le=2**63 - 1,
        flag="--seed",
        help="Of everything: initial weights, order, mirroring and dropout.",
    )
    shards: str = setting(default="", help="Short hash of the shards that it learns from.")
    init_from: PlacedText = setting(
        default="",
        flag="--init-from",
        metavar="RUN",
        help="Start from the averaged generator of that run folder or checkpoint.",
    )
    generator: GeneratorSettings = setting(default_factory=GeneratorSettings, help="The generator.")
    discriminator: DiscriminatorSettings = setting(
        default_factory=DiscriminatorSettings, help="The discriminator."
    )
    loss: LossSettings = setting(default_factory=LossSettings, help="The losses.")
    optimizer: OptimizerSettings = setting(
        default_factory=OptimizerSettings, help="The optimisers and the average."
    )
    data: DataSettings = setting(default_factory=DataSettings, help="Batches.")
    run: RunSettings = setting(
        default_factory=RunSettings, help="What may change when the run goes on."
    )

    def __post_init__(self) -> None:
        self._check_losses()
        for name, it in (("poses", "them"), ("background", "it")):
            wanted, found = getattr(self.generator, name), getattr(self.discriminator, name)
            if found != wanted:
                expected = f"{wanted}, as the generator sees {it}"
                remedy = f"choose both alike, for example by --{name}"
                raise UsageError(problem(f"discriminator.{name}", expected, found, remedy))
        if self.loss.offsets_weight and not self.generator.has_offsets:
            raise UsageError(
                problem(
                    "loss.offsets_weight",
                    "0 without learned offsets",
                    f"{self.loss.offsets_weight:g} with skips {self.generator.skips}",
                    "set it to 0, or choose the skips flow or parts+flow",
                )
            )

    def _check_losses(self) -> None:
        """Refuse losses that these networks or batches cannot have."""
        if self.loss.painting_weight and self.generator.skips != "layers":
            raise UsageError(
                problem(
                    "loss.painting_weight",
                    "0 without layers",
                    f"{self.loss.painting_weight:g} with skips {self.generator.skips}",
                    "set it to 0, or choose the skips layers",
                )
            )
        if self.loss.matching_weight and not self.discriminator.has_levels:
            raise UsageError(
                problem(
                    "loss.matching_weight",
                    f"0 with the discriminator {self.discriminator.kind}",
                    f"{self.loss.matching_weight:g}",
                    "choose the discriminator patch, which shows its features",
                )
            )
        if self.loss.adversarial == "relativistic" and self.batches_per_step == 3:
            raise UsageError(
                problem(
                    "loss.adversarial",
                    "relativistic without fidelity",
                    "real and generated images of different batches",
                    "set generator.fidelity to false: it compares images of one pair",
                )
            )

    @property
    def batches_per_step(self) -> int:
        """Batches that one step of both networks draws.

        With fidelity three, as in the authors' code: real images from the first, fakes from the
        second, the generator's from the third. Without, the first serves for real and fake.
        """
        if self.data.reuse_fake:
            return 1
        return 3 if self.generator.fidelity else 2

    @property
    def seen(self) -> dict[str, Any]:
        """How a batch shows its samples, as :func:`train.data.batch.make_batch` asks it."""
        return {
            "sigma": self.data.sigma,
            "poses": self.generator.drawn_poses,
            "background": self.generator.background,
        }

    @property
    def lasting(self) -> dict[str, Any]:
        """The settings that must not change when a run goes on, as plain values."""
        return {name: value for name, value in lasting(self).items() if name != "run"}

    @property
    def run_name(self) -> str:
        """Name of the run's folder: the preset and a fingerprint of the lasting settings."""
        return f"{self.preset}-{fingerprint(self.lasting)}"
