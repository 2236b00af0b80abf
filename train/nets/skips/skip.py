"""What every kind of skip is: prepared once a batch, applied in every pass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor, nn

from shared.errors import UsageError, problem
from train.nets.guidance import Guidance
from train.settings.networks import GeneratorSettings

OFFSETS = "offsets_"
"""Extras whose names begin so are a level's learned offsets."""


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """What a skip hands on.

    Attributes:
        levels: The features that the decoder joins, ``(b, c, h, w)`` each, the image's own size
            first; as many as came in, and of the same sizes and channels.
        extras: Tensors by name that a term of the objective may ask for: offsets, masks.
    """

    levels: Sequence[Tensor]
    extras: Mapping[str, Tensor] = field(default_factory=dict)


class Skip(nn.Module, ABC):
    """Carries the source's features into the target's pose.

    A kind that learns initialises its own parameters; the generator leaves them alone.

    Attributes:
        encodes_target: Whether the target pose has an encoder of its own. Without, the one encoder
            sees the target pose too.

    Args:
        settings: What the generator is made of: filters, sizes of the levels, and the kind's own.
    """

    encodes_target: ClassVar[bool] = True

    def __init__(self, settings: GeneratorSettings) -> None:
        super().__init__()
        self.settings = settings

    @abstractmethod
    def prepare(self, guidance: Guidance) -> Any:
        """Compute what all passes over a batch share; a pure function of the guidance.

        It holds nothing that learns, so that it may be called ahead, outside of a gradient.
        """

    def check_size(self, guidance: Guidance) -> None:
        """Refuse guidance that belongs to images of another size than the networks work at.

        Raises:
            UsageError: It does.
        """
        if guidance.image_size != self.settings.padded_size:
            raise UsageError(
                problem(
                    f"skips {self.settings.skips}",
                    f"guidance for images of {self.settings.padded_size}",
                    guidance.image_size,
                    "set image_size to the shards' size",
                )
            )

    @abstractmethod
    def forward(self, features: Sequence[Tensor], prepared: Any) -> Skipped:
        """Carry the appearance features of all levels, with what :meth:`prepare` returned."""


def offsets_name(level: int) -> str:
    """Return the name under which a level's offsets leave the generator: ``"offsets_0"``."""
    return f"{OFFSETS}{level}"


def is_offsets(name: str) -> bool:
    """Tell whether an extra of that name is a level's offsets."""
    return name.startswith(OFFSETS)
