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
    wide = wide / (wide.square().sum().sqrt() + TINY)
    gram = wide @ wide.mT
    identity = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    product = identity
    for _ in range(STEPS):
        factor = torch.addmm(a * identity + b * gram, gram, gram, alpha=c)
        product = factor @ product
        gram = factor @ gram @ factor
    result: Tensor = product @ wide
    return result if matrix.shape[0] <= matrix.shape[1] else result.mT


def state_names(parameter: Tensor) -> frozenset[str]:
    """Return what Muon keeps of a parameter, by name."""
    return frozenset({"momentum"} if is_matrix(parameter) else {"step", "mean", "square"})


def is_matrix(parameter: Tensor) -> bool:
    """Tell whether a parameter is a convolution that Muon moves."""
    return (
        parameter.dim() == 4
        and parameter[0, 0].numel() > 1
        and min(parameter.shape[:2]) >= SMALLEST_SIDE
    )


Moves = tuple[tuple[Tensor, Tensor], ...]
"""What changes: a tensor and its new value each."""


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
        # A scaler of scale 1 hands what it found to the optimiser instead of waiting for it.
        self._step_supports_amp_scaling = True

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what another Muon of such parameters kept, on the parameters' device.

        Raises:
            ValueError: It is of other parameters.
        """
        kinds = [group["orthogonal"] for group in self.param_groups]
        super().load_state_dict(state_dict)
        for group, kind in zip(self.param_groups, kinds, strict=True):
            group["orthogonal"] = kind
            for parameter in group["params"]:
                kept = self.state.get(parameter, {})
                # torch leaves counts of steps on the CPU, and powers of them would differ there.
                if "step" in kept:
                    kept["step"] = kept["step"].to(parameter.device)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move every parameter that has a gradient.

        Where a scaler found on the device that gradients are not finite (:mod:`train.update`),
        nothing moves, and nothing here waits to learn of it.
        """
        skipped: Tensor | None = getattr(self, "found_inf", None)
        for group in self.param_groups:
            move = self._move_matrix if group["orthogonal"] else self._move_by_adam
            for parameter in group["params"]:
                if parameter.grad is not None:
                    state = self.state[parameter]
                    if not state:
                        state.update(_fresh_state(parameter, orthogonal=group["orthogonal"]))
                    new = move(parameter, parameter.grad, state, group)
                    for old, value in new:
                        _put(old, value, skipped)

    def _move_matrix(
        self, parameter: Tensor, gradient: Tensor, state: dict[str, Tensor], group: dict[str, Any]
    ) -> Moves:
        momentum = state["momentum"].lerp(gradient, 1 - MOMENTUM)
        ahead = gradient.lerp(momentum, MOMENTUM)
        matrix = ahead.reshape(len(ahead), -1)
        rows, columns = matrix.shape
        way = orthogonalised(matrix).reshape(parameter.shape)
        factor = MATRIX_FACTOR * max(1.0, rows / columns) ** 0.5
        moved = parameter.add(way, alpha=-group["lr"] * factor)
        return ((state["momentum"], momentum), (parameter, moved))

    def _move_by_adam(
        self, parameter: Tensor, gradient: Tensor, state: dict[str, Tensor], group: dict[str, Any]
    ) -> Moves:
        first, second = group["betas"]
        steps = state["step"] + 1
        mean = state["mean"].lerp(gradient, 1 - first)
        square = (state["square"] * second).addcmul(gradient, gradient, value=1 - second)
        size = (square / (1 - second**steps)).sqrt().add_(EPSILON)
        moved = parameter - group["lr"] / (1 - first**steps) * mean / size
        kept = ((state["step"], steps), (state["mean"], mean), (state["square"], square))
        return (*kept, (parameter, moved))


def _put(old: Tensor, value: Tensor, skipped: Tensor | None) -> None:
    if skipped is not None:
        value = torch.where(skipped.reshape(()) > 0, old, value)
    old.copy_(value)


def _fresh_state(parameter: Tensor, *, orthogonal: bool) -> dict[str, Tensor]:
    if orthogonal:
        return {"momentum": torch.zeros_like(parameter)}
    return {
        "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
        "mean": torch.zeros_like(parameter),
        "square": torch.zeros_like(parameter),
    }
