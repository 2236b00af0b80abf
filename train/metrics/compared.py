"""What the functions of scores are given: a batch of images of one subject beside the real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Images to be measured; n of them, uint8 (n, height, width, 3) on any device.

    Args:
        images: The subject's images.
        real: The real images.
        masks: bool (n, height, width), where the target's person is; None where unknown.
        networks: The networks that were loaded, by the key of their weight file.
        protocols: Of each metric that is asked for, the names of its protocols.
    """

    images: Tensor
    real: Tensor
    masks: Tensor | None = None
    networks: Mapping[str, Any] = field(default_factory=dict)
    protocols: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _found: dict[str, Any] = field(default_factory=dict)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Return what several scores share; the first that asks for it makes it."""
        if key not in self._found:
            self._found[key] = make()
        found: T = self._found[key]
        return found
