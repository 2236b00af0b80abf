"""Muon: convolutions move by orthogonalised momentum, everything else by Adam.

The momentum of a convolution, as a matrix of output channels x everything else, is brought near
to the closest matrix of orthonormal rows. So every direction of the weights learns at one pace,
which counts most in short trainings of small batches.

The orthogonalisation is a Newton-Schulz iteration of a fifth-degree polynomial. It is carried
out on the Gram matrix of the shorter side: all its factors are polynomials in that matrix and
commute, so the long side enters two products instead of ten.

Source: Jordan et al. 2024 (Muon: an optimizer for hidden layers); the use of the Gram matrix is
ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

POLYNOMIAL = (3.4445, -4.7750, 2.0315)
STEPS = 5
MOMENTUM = 0.9
MATRIX_FACTOR = 20.0
"""The orthogonalised update moves by so many times the learning rate that Adam moves by."""

SMALLEST_SIDE = 16
"""Convolutions with fewer input or output channels are left to Adam: first and last layers."""

EPSILON = 1e-8
TINY = 1e-12


def orthogonalised(matrix: Tensor) -> Tensor:
    """Bring a matrix's singular values near to 1 and leave its directions as they are.

    Args:
        matrix: float ``(rows, columns)``.

    Returns:
        The same shape; singular values between about .68 and 1.14 where they were above a
        hundredth of the Frobenius norm; smaller ones are raised, 0 stays 0.
    """
    a, b, c = POLYNOMIAL
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.mT
    wide = wide / (wide.norm() + TINY)
    gram = wide @ wide.mT
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    product = identity
    for _ in range(STEPS):
        factor = torch.addmm(a * identity + b * gram, gram, gram, alpha=c)
        product = factor @ product
        gram = factor @ gram @ factor
    result = product @ wide
    return result if matrix.shape[0] <= matrix.shape[1] else result.mT


def is_matrix(parameter: Tensor) -> bool:
    """Tell whether a parameter is a convolution that Muon moves."""
    return (
        parameter.dim() == 4
        and parameter[0, 0].numel() > 1
        and min(parameter.shape[:2]) >= SMALLEST_SIDE
    )


class Muon(Optimizer):
    """Moves the convolutions of a network by orthogonalised momentum and the rest by Adam.

    Args:
        parameters: Of the network.
        lr: Adam's learning rate; convolutions move by twenty times of it.
        betas: Adam's two decays.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float]
    ) -> None:
        listed = list(parameters)
        groups: list[dict[str, Any]] = [
            {"params": [p for p in listed if is_matrix(p)], "orthogonal": True},
            {"params": [p for p in listed if not is_matrix(p)], "orthogonal": False},
        ]
        super().__init__(groups, {"lr": lr, "betas": betas})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            move = self._move_matrix if group["orthogonal"] else self._move_by_adam
            for parameter in group["params"]:
                if parameter.grad is not None:
                    move(parameter, parameter.grad, group)

    def _move_matrix(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum = state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        ahead = gradient.lerp(momentum, MOMENTUM)
        matrix = ahead.reshape(len(ahead), -1)
        rows, columns = matrix.shape
        way = orthogonalised(matrix).reshape(parameter.shape)
        factor = MATRIX_FACTOR * max(1.0, rows / columns) ** 0.5
        parameter.add_(way, alpha=-group["lr"] * factor)

    def _move_by_adam(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            state["mean"] = torch.zeros_like(parameter)
            state["square"] = torch.zeros_like(parameter)
        state["step"] += 1
        first, second = group["betas"]
        state["mean"].lerp_(gradient, 1 - first)
        state["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        steps = float(state["step"])
        scale = (1 - second**steps) ** 0.5
        size = state["square"].sqrt().div_(scale).add_(EPSILON)
        parameter.addcdiv_(state["mean"], size, value=-group["lr"] / (1 - first**steps))
