"""One network moved down its loss, unless that is not finite: decided on the host or on the device.

Convention:
    A loss or a gradient that is not finite moves nothing: neither weights nor the optimiser's
    state. On the device the decision waits for nothing: it is a tensor, and the optimiser looks
    at it in its own kernel.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.optim import Optimizer

from train.world import World


def scaler_for(device: torch.device) -> GradScaler:
    """Make the scaler by which an optimiser sees, on the device, that a gradient is not finite.

    Its scale is 1 and stays 1, so it changes no number.
    """
    return GradScaler(device.type, init_scale=1.0)


def update_network(
    network: nn.Module,
    optimizer: Optimizer,
    loss: Tensor,
    *,
    clip_norm: float,
    scaler: GradScaler | None,
    world: World,
) -> tuple[Tensor, Tensor]:
    """Move a network down its loss, unless loss or gradient are not finite.

    Args:
        network: What is moved.
        optimizer: Moves it; a fused one where there is a scaler.
        loss: A scalar in float32.
        clip_norm: Largest norm of the gradient; 0 leaves it as it is.
        scaler: Of :func:`scaler_for`, to decide on the device; None to decide on the host.
        world: Whose mean gradient moves the network; all its processes decide alike.

    Returns:
        The norm of the gradient, and the truth value whether the network was moved, both as
        tensors on the device.
    """
    optimizer.zero_grad(set_to_none=True)
    parameters = list(network.parameters())
    limit = clip_norm or math.inf
    if scaler is None:
        loss.backward()  # type: ignore[no-untyped-call]
        world.average_gradients(parameters)
        norm = nn.utils.clip_grad_norm_(parameters, limit)
        finite = torch.isfinite(norm + world.mean(loss.detach()))
        if finite:
            optimizer.step()
        return norm, finite
    scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    world.average_gradients(parameters)
    norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    finite = torch.isfinite(norm + world.mean(loss.detach()))
    # An unusable loss or norm makes every gradient NaN, and that is what the scaler looks for.
    nn.utils.clip_grads_with_norm_(parameters, limit, torch.where(finite, norm, torch.nan))
    scaler.step(optimizer)
    scaler.update(1.0)
    return norm, finite
