"""One step of training: an update of the discriminator, an update of the generator."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from train.data.batch import Batch
from train.losses.objective import Objective
from train.nets.generator import Generator
from train.state import TrainState
from train.world import OneProcess, World


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What a step did.

    Attributes:
        finite: Whether both losses and gradients were finite; a network whose were not has not
            been moved.
        discriminator: The discriminator's loss and the norm of its gradient.
        generator: The generator's weighted terms and the norm of its gradient.
    """

    finite: bool
    discriminator: dict[str, Tensor]
    generator: dict[str, Tensor]


def train_step(
    state: TrainState,
    objective: Objective,
    draw: Callable[[], Batch],
    world: World | None = None,
) -> StepReport:
    """Teach both networks once.

    Args:
        state: What is changed.
        objective: The losses.
        draw: Gives this process's share of the next batch. It is called twice, as in the papers'
            code, unless the settings reuse the fake.
        world: The processes that teach the same networks; by default this one alone.

    Returns:
        The losses, as tensors on the device.
    """
    world = world or OneProcess(state.device)
    reuse = state.settings.data.reuse_fake
    state.set_rates()
    batch = draw()
    with torch.set_grad_enabled(reuse):
        fake = generate(state.generator, batch)
    d_report, d_finite = _teach_discriminator(state, objective, batch, fake.detach(), world)
    if not reuse:
        batch = draw()
        fake = generate(state.generator, batch)
    g_report, g_finite = _teach_generator(state, objective, batch, fake, world)
    images = len(batch) * world.size
    if g_finite:
        state.update_average(images)
    state.steps += 1
    state.images += images
    return StepReport(finite=d_finite and g_finite, discriminator=d_report, generator=g_report)


def generate(generator: Generator, batch: Batch) -> Tensor:
    """Draw the sources of a batch in their target poses: float32 (b, 3, H, W) in [-1, 1]."""
    plans = generator.plan(batch.transforms, batch.status, batch.target_quads)
    with mixed_precision(batch.source_image.device):
        images: Tensor = generator(batch.source_image, batch.source_pose, batch.target_pose, plans)
    return images.float()


def mixed_precision(device: torch.device) -> torch.autocast:
    """Give the context of the networks' passes: bfloat16 on CUDA, float32 elsewhere."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")


def _teach_discriminator(
    state: TrainState, objective: Objective, batch: Batch, fake: Tensor, world: World
) -> tuple[dict[str, Tensor], bool]:
    judged = torch.cat((batch.target_image, fake))
    real_logits, fake_logits = _judge(state.discriminator, batch, judged).chunk(2)
    loss = objective.discriminator(real_logits, fake_logits)
    norm, finite = _update(state, state.discriminator, state.discriminator_optimizer, loss, world)
    return {"loss": loss.detach(), "gradient": norm}, finite


def _teach_generator(
    state: TrainState, objective: Objective, batch: Batch, fake: Tensor, world: World
) -> tuple[dict[str, Tensor], bool]:
    state.discriminator.requires_grad_(False)
    logits = _judge(state.discriminator, batch, fake)
    terms = objective.generator(logits, fake, batch.target_image)
    loss = torch.stack(list(terms.values())).sum()
    norm, finite = _update(state, state.generator, state.generator_optimizer, loss, world)
    state.discriminator.requires_grad_(True)
    figures = {name: term.detach() for name, term in terms.items()}
    return {**figures, "gradient": norm}, finite


def _judge(discriminator: nn.Module, batch: Batch, images: Tensor) -> Tensor:
    """Judge one or two sets of images that belong to a batch's sources and poses, in one pass."""
    sets = len(images) // len(batch)
    with mixed_precision(images.device):
        logits: Tensor = discriminator(
            batch.source_image.repeat(sets, 1, 1, 1),
            batch.source_pose.repeat(sets, 1, 1, 1),
            images,
            batch.target_pose.repeat(sets, 1, 1, 1),
        )
    return logits


def _update(
    state: TrainState, network: nn.Module, optimizer: Optimizer, loss: Tensor, world: World
) -> tuple[Tensor, bool]:
    """Move a network down its loss, unless loss or gradient are not finite on any process."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    world.average_gradients(network.parameters())
    limit = state.settings.optimizer.clip_norm or math.inf
    norm = nn.utils.clip_grad_norm_(network.parameters(), limit)
    finite = bool(torch.isfinite(norm + world.mean(loss.detach())))
    if finite:
        optimizer.step()
    return norm, finite
