"""The state of a run: everything that training changes, and all that a checkpoint keeps."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from shared.errors import DamagedError, UsageError, problem
from train.checkpoint import other_settings
from train.device import put_on
from train.muon import Muon, state_names
from train.nets.generators import make_generator
from train.nets.kinds import make_discriminator
from train.settings.tree import TrainSettings
from train.tensor_file import misfit
from train.update import scaler_for

AVERAGE_RAMP = 0.05
"""The average's half-life is at most this share of the images seen so far, so that it forgets a
random start soon. A warm start is none."""

_NETWORKS = ("generator", "discriminator", "average")
_OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")
_COUNTERS = {
    "steps": int,
    "images": int,
    "seconds": float,
    "detour": int,
    "skipped": int,
    "window_shards": int,
    "best_score": float,
    "best_images": int,
}
_OF_POSES = (("data", "sigma"), ("generator", "fidelity"))
"""Sections and names of the settings that decide how a generator sees poses, besides its form."""

_ADAM_STATE = frozenset({"step", "exp_avg", "exp_avg_sq"})
_NUMBERS = ("lr", "eps", "weight_decay")


class TrainState:
    """Networks, optimisers, average and counters of a run.

    Attributes:
        generator: The network that learns to draw.
        discriminator: The network that learns to judge.
        average: The exponential average of the generator; it draws better and is what is used.
        steps: Steps done, skipped ones included.
        images: Samples that the generator was trained on.
        seconds: Time of training, all parts of the run together.
        detour: How often the run was rolled back; each time the order of samples is another.
        skipped: Steps in a row that were skipped just now.
        window_shards: Shards in memory at a time, as the order of samples depends on it.
        best_score: Best quick score so far; NaN for none.
        best_images: Images of the checkpoint that has it; -1 for none.
        scaler: Where a step decides on the device whether it was finite (:mod:`train.update`);
            None where the host decides.

    Args:
        settings: The run's settings.
        device: Where to compute.
        on_device: Whether a step decides on the device, so that the host need not wait, with
            Adam in one kernel; by default on CUDA.
    """

    def __init__(
        self, settings: TrainSettings, device: torch.device, *, on_device: bool | None = None
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.device = device
        on_device = device.type == "cuda" if on_device is None else on_device
        self.scaler = scaler_for(device) if on_device else None
        self.generator = put_on(device, make_generator(settings.generator))
        self.discriminator = put_on(device, make_discriminator(settings.discriminator))
        self.average = copy.deepcopy(self.generator).requires_grad_(False).eval()
        rates = settings.optimizer
        self.generator_optimizer = self._optimizer(self.generator, rates.generator_rate)
        self.discriminator_optimizer = self._adam(self.discriminator, rates.discriminator_rate)
        self.steps = 0
        self.images = 0
        self.seconds = 0.0
        self.detour = 0
        self.skipped = 0
        self.window_shards = 0
        self.best_score = math.nan
        self.best_images = -1

    def _optimizer(self, network: nn.Module, rate: float) -> Optimizer:
        if self.settings.optimizer.generator == "muon":
            return Muon(network.parameters(), lr=rate, betas=self.settings.optimizer.betas)
        return self._adam(network, rate)

    def _adam(self, network: nn.Module, rate: float) -> Adam:
        betas = self.settings.optimizer.betas
        return Adam(network.parameters(), lr=rate, betas=betas, fused=self.scaler is not None)

    def set_rates(self) -> None:
        """Set the learning rates for the number of images seen."""
        optimizer = self.settings.optimizer
        factor = 1.0
        if optimizer.decay_images:
            share = min(1.0, self.images / optimizer.decay_images)
            high = 0.5 * (1 + math.cos(math.pi * share))
            factor = high + (1 - high) * optimizer.final_rate
        for group in self.generator_optimizer.param_groups:
            group["lr"] = optimizer.generator_rate * factor
        for group in self.discriminator_optimizer.param_groups:
            group["lr"] = optimizer.discriminator_rate * factor

    @torch.no_grad()
    def update_average(self, batch: int, moved: Tensor | None = None) -> None:
        """Move the average towards the generator after a step on so many samples.

        Buffers (running statistics of a norm) are copied: their means are taken already.

        Args:
            batch: Samples of the step.
            moved: A truth value on the device, False where the step was skipped and the average
                must stay; None for True.
        """
        half_life = float(self.settings.optimizer.average_half_life_images)
        if not self.settings.init_from:
            half_life = min(half_life, AVERAGE_RAMP * (self.images + batch))
        keep = 0.5 ** (batch / half_life) if half_life > 0 else 0.0
        share: float | Tensor = 1 - keep
        if moved is not None and self.scaler is not None:
            share = moved * share
        elif moved is not None and not moved:
            return
        weights = zip(self.average.parameters(), self.generator.parameters(), strict=True)
        for average, new in weights:
            average.lerp_(new, share)
        buffers = zip(self.average.buffers(), self.generator.buffers(), strict=True)
        for kept, latest in buffers:
            kept.copy_(latest if moved is None else torch.where(moved, latest, kept))

    @property
    def num_bytes(self) -> int:
        """Size of a checkpoint: weights, the average, and Adam's two moments of each weight."""
        sizes: list[int] = [
            sum(int(value.nbytes) for value in network.state_dict().values())
            for network in (self.generator, self.discriminator)
        ]
        return int(4 * sizes[0] + 3 * sizes[1])

    def content(self) -> dict[str, Any]:
        """Return everything that a checkpoint keeps: tensors and plain values only."""
        return {
            **{name: getattr(self, name).state_dict() for name in (*_NETWORKS, *_OPTIMIZERS)},
            "counters": {name: getattr(self, name) for name in _COUNTERS},
            "random": _random_state(self.device),
            "settings": self.settings.lasting,
        }

    def restore(self, content: dict[str, Any]) -> None:
        """Take over what :meth:`content` returned.

        Raises:
            DamagedError: It does not fit these networks.
        """
        _require(other_settings(content, self.settings), "checkpoint, settings")
        for name in _NETWORKS:
            network = getattr(self, name)
            _require(misfit(network, content.get(name)), f"checkpoint, {name}")
            network.load_state_dict(content[name])
        for name in _OPTIMIZERS:
            _load_optimizer(getattr(self, name), content.get(name), f"checkpoint, {name}")
        counters = content.get("counters")
        for name, kind in _COUNTERS.items():
            value = counters.get(name) if isinstance(counters, dict) else None
            right = type(value) in ((int,) if kind is int else (int, float))
            _require("" if right else f"{str(value)[:40]!r}", f"checkpoint, counter {name}")
            setattr(self, name, value)
        try:
            _set_random_state(content["random"], self.device)
        except (KeyError, TypeError, RuntimeError, AttributeError) as error:
            raise _foreign("another one's", "checkpoint, random numbers") from error

    def warm_start(self, content: dict[str, Any]) -> None:
        """Begin with the averaged generator of another run's checkpoint.

        Raises:
            UsageError: Its generator has another form, or saw poses drawn in another way.
        """
        found = misfit(self.generator, content.get("average")) or self._drawn_otherwise(content)
        if found:
            expected, remedy = (
                "a generator of the same form",
                "give the preset and size of that run",
            )
            raise UsageError(problem("--init-from", expected, found, remedy))
        self.generator.load_state_dict(content["average"])
        self.average.load_state_dict(content["average"])

    def _drawn_otherwise(self, content: dict[str, Any]) -> str:
        """Say how the poses differ that a checkpoint's generator saw; "" where they do not."""
        now, saved = self.settings.lasting, content.get("settings")
        for section, name in _OF_POSES:
            parts = [each.get(section) if isinstance(each, dict) else None for each in (saved, now)]
            old, new = (each.get(name) if isinstance(each, dict) else None for each in parts)
            if old is not None and old != new:
                return f"one that learned with {section}.{name} = {old}, not {new}"
        return ""

    def is_finite(self) -> bool:
        """Tell whether every weight, buffer and average is a finite number."""
        networks = (self.generator, self.discriminator, self.average)
        values = [value for network in networks for value in network.state_dict().values()]
        return bool(torch.stack([value.isfinite().all() for value in values]).all())


def _random_state(device: torch.device) -> dict[str, Any]:
    state: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def _set_random_state(state: dict[str, Any], device: torch.device) -> None:
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)


def _load_optimizer(optimizer: Optimizer, content: Any, where: str) -> None:
    """Load what an optimiser saved, after it is known to be of its parameters.

    Raises:
        DamagedError: It is not.
    """
    try:
        optimizer.load_state_dict(content)
        for group in optimizer.param_groups:
            names = [name for name in _NUMBERS if name in optimizer.defaults]
            numbers = [*(group[name] for name in names), *group["betas"]]
            right = all(type(number) in (int, float) for number in numbers)
            _require("" if right else "rates that are no numbers", where)
        for parameter, state in optimizer.state.items():
            muon = isinstance(optimizer, Muon)
            expected = state_names(parameter) if muon else _ADAM_STATE
            _require("" if set(state) == expected else "state of other names", where)
            shapes = {name: tuple(parameter.shape) for name in expected} | {"step": ()}
            right = all(tuple(value.shape) == shapes[name] for name, value in state.items())
            _require("" if right else "moments of other shapes", where)
    except DamagedError:
        raise
    except Exception as error:  # torch checks next to nothing: anything may break inside
        raise _foreign("an optimiser of another form", where) from error


def _require(found: str, where: str) -> None:
    if found:
        raise _foreign(found, where)


def _foreign(found: str, where: str) -> DamagedError:
    return DamagedError(problem(where, "the state of this run", found, "choose another --out"))
