"""Which generator the settings ask for: the papers', whatever its skips, or one of its own kind."""

from __future__ import annotations

from collections.abc import Callable

from train.nets.drawing_network import DrawingNetwork
from train.nets.generator import Generator
from train.nets.layer_generator import LayerGenerator
from train.settings.networks import GeneratorSettings

GENERATORS: dict[str, Callable[[GeneratorSettings], DrawingNetwork]] = {
    "layers": LayerGenerator,
}
"""Kinds that are no skips between encoder and decoder but generators of their own."""


def make_generator(settings: GeneratorSettings) -> DrawingNetwork:
    """Build the generator that the settings name."""
    return GENERATORS.get(settings.skips, Generator)(settings)
