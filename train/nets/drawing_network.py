"""What every generator is: a network that draws a batch, with what all its passes share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from shared.errors import UsageError, problem
from train.nets.background import background_of
from train.nets.guidance import Guidance
from train.nets.layer_stack import target_person
from train.nets.resizing import blown_up, resized
from train.settings.networks import GeneratorSettings


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What a generator makes of a batch.

    Attributes:
        image: ``(b, 3, H, W)`` in [-1, 1].
        extras: What it hands on to the objective, by name; most kinds have nothing.
    """

    image: Tensor
    extras: Mapping[str, Tensor]

    def float(self) -> Drawing:
        """Return the same in float32, as the losses want it."""
        extras = {name: value.float() for name, value in self.extras.items()}
        return Drawing(image=self.image.float(), extras=extras)


class DrawingNetwork(nn.Module, ABC):
    """Draws the source's person in the target's pose.

    Args:
        settings: What it is made of.
    """

    free_of_resolution: ClassVar[bool] = False
    """Whether it draws at any size, however large the images were that it learned from."""

    def __init__(self, settings: GeneratorSettings) -> None:
        super().__init__()
        self.settings = settings

    @abstractmethod
    def prepare(self, guidance: Guidance) -> Any:
        """Compute what all passes over a batch share.

        A pure function of the guidance. On CUDA nothing in it waits for the device.
        """

    @abstractmethod
    def forward(
        self, source_image: Tensor, guidance: Guidance, prepared: Any | None = None
    ) -> Drawing:
        """Draw images.

        Args:
            source_image: ``(b, 3, H, W)`` in [-1, 1].
            guidance: The poses of source and target, and how the parts move.
            prepared: What :meth:`prepare` returned for this guidance; None computes it here.

        Raises:
            UsageError: The images have another size than the settings say.
        """

    @torch.no_grad()
    def draw_at(
        self, photo: Tensor, guidance: Guidance, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Draw people at a size, for somebody who looks at them.

        Args:
            photo: ``(b, 3, H, W)`` in [-1, 1], the sources at any resolution.
            guidance: In pixels of the network's images, whatever the photos' size; with background
                conditioning the sources' own background.
            size: (height, width) of the result. A generator that is not free of resolution draws
                at its own size, and the result is enlarged.

        Returns:
            The pictures ``(b, 3, h, w)`` in [-1, 1], and the same pasted: with the source's
            background, filled in, behind the person.
        """
        image = self(resized(photo, guidance.image_size), guidance).image.float()
        image = blown_up(image, size)
        sizes = {"image_size": guidance.image_size, "size": size}
        person = target_person(guidance.target_joints, **sizes)
        background = background_of(photo, guidance.source_joints, guidance.image_size)
        return image, person * image + (1 - person) * resized(background, size)

    def check_size(self, image: Tensor) -> None:
        """Refuse images of another size than the settings say.

        Raises:
            UsageError: They have another size.
        """
        if tuple(image.shape[2:]) != tuple(self.settings.image_size):
            raise UsageError(
                problem(
                    "generator",
                    f"images of {self.settings.image_size}",
                    tuple(image.shape[2:]),
                    "set image_size to the shards' size",
                )
            )
