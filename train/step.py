"""One step of training: an update of the discriminator, an update of the generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from train.data.batch import Batch
from train.device import full_precision
from train.losses.objective import Objective
from train.losses.terms import Beside
from train.nets.drawing_network import Drawing, DrawingNetwork
from train.nets.patch_discriminator import PatchDiscriminator
from train.state import TrainState
from train.update import update_network
from train.world import OneProcess, World


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What a step did.

    Attributes:
        finite: A truth value on the device: whether both losses and gradients were finite. A
            network whose were not has not been moved, nor its optimiser or average. To read it
            (``bool``) waits for the device, so read it late.
        discriminator: The discriminator's loss and the norm of its gradient.
        generator: The generator's weighted terms and the norm of its gradient.
    """

    finite: Tensor
    discriminator: dict[str, Tensor]
    generator: dict[str, Tensor]


def train_step(
    state: TrainState,
    objective: Objective,
    draw: Callable[[], Batch],
    world: World | None = None,
) -> StepReport:
    """Teach both networks once. On CUDA nothing in here waits for the device.

    Args:
        state: What is changed.
        objective: The losses.
        draw: Gives this process's share of the next batch. It is called once, twice or three
            times, as the settings say (``batches_per_step``): with three the discriminator's real
            and fake images are of different pairs, as in the authors' code.
        world: The processes that teach the same networks; by default this one alone.

    Returns:
        The losses, as tensors on the device.
    """
    world = world or OneProcess(state.device)
    reuse = state.settings.data.reuse_fake
    state.set_rates()
    real = batch = draw()
    if state.settings.batches_per_step == 3:
        batch = draw()
    with torch.set_grad_enabled(reuse):
        fake = draw_batch(state.generator, batch)
    logits = _judge_both(state.discriminator, real, batch, fake.image.detach())
    shown = ((real, real.target_image), (batch, fake.image.detach()))
    d_report, d_finite = _teach_discriminator(state, objective, logits, shown, world)
    if not reuse:
        batch = draw()
        fake = draw_batch(state.generator, batch)
    g_report, g_finite = _teach_generator(state, objective, batch, fake, world)
    images = len(batch) * world.size
    state.update_average(images, g_finite)
    state.steps += 1
    state.images += images
    return StepReport(finite=d_finite & g_finite, discriminator=d_report, generator=g_report)


def draw_batch(generator: DrawingNetwork, batch: Batch, *, exact: bool = False) -> Drawing:
    """Draw the sources of a batch in their target poses; the result is float32.

    Args:
        generator: Draws.
        batch: Sources and poses.
        exact: Whether to compute in float32 too, on any device; in training it is mixed.
    """
    guidance = batch.guidance
    prepared = generator.prepare(guidance)
    with full_precision() if exact else mixed_precision(batch.source_image.device):
        drawing: Drawing = generator(batch.source_image, guidance, prepared)
    return drawing.float()


def generate(generator: DrawingNetwork, batch: Batch) -> Tensor:
    """Draw the images of a batch alone: float32 (b, 3, H, W) in [-1, 1]."""
    return draw_batch(generator, batch).image


def mixed_precision(device: torch.device) -> torch.autocast:
    """Return the context of the networks' passes: bfloat16 on CUDA, float32 elsewhere."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")


def _judge_both(
    discriminator: nn.Module, real: Batch, batch: Batch, fake: Tensor
) -> tuple[Tensor, Tensor]:
    """Judge the targets of one batch and fakes of a batch, which may be the same."""
    if real is batch:
        both = _judge(discriminator, batch, torch.cat((batch.target_image, fake)))
        real_logits, fake_logits = both.chunk(2)
        return real_logits, fake_logits
    return _judge(discriminator, real, real.target_image), _judge(discriminator, batch, fake)


def _teach_discriminator(
    state: TrainState,
    objective: Objective,
    logits: tuple[Tensor, Tensor],
    shown: tuple[tuple[Batch, Tensor], tuple[Batch, Tensor]],
    world: World,
) -> tuple[dict[str, Tensor], Tensor]:
    """Move the discriminator by its judgements of what it was shown: real images, then fakes."""
    loss = objective.discriminator(*logits)
    report = {"loss": loss.detach()}
    if objective.penalises:
        penalty = _penalty(state, objective, shown)
        report["penalty"] = penalty.detach()
        loss = loss + penalty
    norm, finite = _update(state, state.discriminator, state.discriminator_optimizer, loss, world)
    return {**report, "gradient": norm}, finite


def _penalty(
    state: TrainState, objective: Objective, shown: tuple[tuple[Batch, Tensor], ...]
) -> Tensor:
    """Sum the penalties on the slope at each set of images; in float32, for slopes are small."""

    def at(batch: Batch, images: Tensor) -> Tensor:
        def judge(moved: Tensor) -> Tensor:
            logits: Tensor = state.discriminator(moved, batch.source_image, batch.guidance)
            return logits

        return objective.penalty(judge, images, state.steps)

    return torch.stack([at(batch, images) for batch, images in shown]).sum()


def _teach_generator(
    state: TrainState, objective: Objective, batch: Batch, fake: Drawing, world: World
) -> tuple[dict[str, Tensor], Tensor]:
    state.discriminator.requires_grad_(False)
    logits, beside = _judge_fake(state, batch, fake.image)
    terms = objective.generator(logits, fake.image, batch.target_image, fake.extras, beside)
    loss = torch.stack(list(terms.values())).sum()
    norm, finite = _update(state, state.generator, state.generator_optimizer, loss, world)
    state.discriminator.requires_grad_(True)
    figures = {name: term.detach() for name, term in terms.items()}
    return {**figures, "gradient": norm}, finite


def _judge_fake(state: TrainState, batch: Batch, fake: Tensor) -> tuple[Tensor, Beside]:
    """Judge generated images, and beside them the real ones where a loss compares both."""
    loss, discriminator = state.settings.loss, state.discriminator
    beside = Beside(target_joints=batch.target_joints)
    if not loss.matching_weight:
        if not loss.needs_real_logits:
            return _judge(discriminator, batch, fake), beside
        both = _judge(discriminator, batch, torch.cat((fake, batch.target_image)))
        fakes, reals = both.chunk(2)
        return fakes, replace(beside, real_logits=reals.float())
    assert isinstance(discriminator, PatchDiscriminator), "the settings refuse the others"
    with mixed_precision(fake.device):
        images = torch.cat((fake, batch.target_image))
        levels = discriminator.levels(images, batch.guidance.repeated(2))
        fakes, reals = discriminator.judgement(levels[-1]).chunk(2)
    pairs = [level.float().chunk(2) for level in levels]
    return fakes, replace(
        beside,
        real_logits=reals.float(),
        fake_levels=[fake_level for fake_level, _ in pairs],
        real_levels=[real_level for _, real_level in pairs],
    )


def _judge(discriminator: nn.Module, batch: Batch, images: Tensor) -> Tensor:
    """Judge one or two sets of images that belong to a batch's sources and poses, in one pass."""
    sets = len(images) // len(batch)
    with mixed_precision(images.device):
        logits: Tensor = discriminator(
            images, batch.source_image.repeat(sets, 1, 1, 1), batch.guidance.repeated(sets)
        )
    return logits


def _update(
    state: TrainState, network: nn.Module, optimizer: Optimizer, loss: Tensor, world: World
) -> tuple[Tensor, Tensor]:
    limit = state.settings.optimizer.clip_norm
    return update_network(
        network, optimizer, loss, clip_norm=limit, scaler=state.scaler, world=world
    )
