"""What the generator and the discriminator are made of; nothing here imports torch."""

from __future__ import annotations

from typing import Literal

from shared.declarations import declared, setting
from shared.errors import UsageError, problem
from shared.quantities import Size

NormName = Literal["layer-scalar", "instance"]
Aggregation = Literal["max", "mean"]
Sampling = Literal["nearest", "bilinear"]

Poses = Literal["heat-maps", "stickman"]
DrawnPoses = Literal["heat-maps", "floored", "stickman"]

Background = Literal["none", "target"]

BACKGROUND_CHANNELS = {"none": 0, "target": 3}
"""Channels in which a background is shown."""

BACKGROUND_HELP = (
    "What both networks see of the picture behind the person: none; target, in training the "
    "target image with the person filled in from around, and the source's where a pose is drawn."
)

POSE_CHANNELS = {"heat-maps": 18, "stickman": 3}
"""Channels in which a pose is shown."""

POSES_HELP = (
    "How both networks see poses: heat-maps, a channel a joint; stickman, three channels: left "
    "limbs, right limbs, centre."
)

LAYERS_STEP = 16
"""Sides of the images of the generator of layers are multiples of so many pixels."""

WIDEST = 8
"""The widest level has so many times the filters of the first one."""


@declared("Generator")
class GeneratorSettings:
    """What a generator is made of; sizes are (height, width) in pixels."""

    skips: Literal["parts", "none", "full", "stn", "flow", "parts+flow", "layers"] = setting(
        default="parts",
        help="parts: appearance features warped part by part (the paper's); none: one encoder on "
        "source, source pose and target pose with plain skips (its Baseline); full: warped by one "
        "affine of torso and knees; stn: by one learned affine of both skeletons; flow: by learned "
        "offsets at every level; parts+flow: part by part, then by learned offsets; "
        "layers: warped pixels of the source, selected pixel by pixel (ours).",
    )
    aggregation: Aggregation = setting(default="max", help="How warped parts meet at a pixel.")
    sampling: Sampling = setting(
        default="nearest",
        help="How parts and full sample: nearest (the authors') or bilinear, zero outside of the "
        "source. What is learned always samples bilinearly.",
    )
    norm: NormName = setting(
        default="layer-scalar", help="layer-scalar, the authors' own; instance, the standard one."
    )
    base_channels: int = setting(
        default=64,
        ge=1,
        le=512,
        flag="--channels",
        help="Filters of the first level (papers: 64); deeper ones have up to 8 times as many.",
    )
    fidelity: bool = setting(
        default=True,
        help="Follow the authors' code to the letter: floored heat maps, masks and transforms by "
        "pixel corners, truncated head masks, a maximum with zeros, three batches an iteration.",
    )
    attention_heads: int = setting(
        default=4,
        ge=0,
        le=64,
        since="0.2",
        help="Of the layers' attention to the source, a divisor of 4 times the base channels; 0 "
        "leaves it out.",
    )
    source_features: int = setting(
        default=0,
        ge=0,
        le=512,
        since="0.2",
        help="Of the layers: features of the source that are warped part by part, at a quarter of "
        "the image's size; 0 warps pixels alone.",
    )
    own_channels: int = setting(
        default=0,
        ge=0,
        le=512,
        since="0.2",
        help="Of the layers: channels of a branch of its own for the colour that is not copied; 0 "
        "takes it from the last level.",
    )
    selection: Literal["parts", "whole"] = setting(
        default="parts",
        since="0.2",
        help="Of the layers: parts, a choice among all at every pixel; whole, the parts lie "
        "in their usual order and the network covers them or not.",
    )
    silhouette: bool = setting(
        default=True,
        since="0.2",
        help="Whether the layers know where on the source's person each of their pixels lay.",
    )
    selection_gain: float = setting(
        default=1.0,
        ge=0.01,
        le=100,
        since="0.2",
        help="Of the layers: a factor on the logits of the selection; above 1 layers mix less, and "
        "pictures are crisper.",
    )
    own_logit: float = setting(
        default=0.0,
        ge=-100,
        le=100,
        since="0.2",
        help="Of the layers: added to the logit of the network's own colour; below 0 it copies "
        "more of the source, and paints less.",
    )
    part_flow: bool = setting(
        default=False,
        since="0.2",
        help="Of the layers: move each part's pixels by a learned flow, by a sixteenth of the "
        "image's height at most.",
    )
    poses: Poses = setting(default="heat-maps", flag="--poses", since="0.2", help=POSES_HELP)
    background: Background = setting(
        default="none", flag="--background", since="0.2", help=BACKGROUND_HELP
    )
    image_size: Size = setting(
        default=(128, 64), ge=1, le=4096, help="Size of the images; it is that of the shards."
    )

    def __post_init__(self) -> None:
        self._check_image_size()
        if self.attention_heads and 4 * self.base_channels % self.attention_heads:
            raise UsageError(
                problem(
                    "generator.attention_heads",
                    f"a divisor of {4 * self.base_channels}, 4 times the base channels",
                    self.attention_heads,
                    "choose another number of either",
                )
            )

        if self.skips == "layers":
            self._check_layers()
        else:
            self._check_others()

    def _check_layers(self) -> None:
        if self.poses != "heat-maps":
            where, remedy = "generator.poses", "choose other skips for stick figures"
            raise UsageError(problem(where, "heat-maps with layers", self.poses, remedy))
        if any(side % LAYERS_STEP for side in self.image_size):
            where, expected = "generator.image_size", f"multiples of {LAYERS_STEP} with layers"
            raise UsageError(problem(where, expected, self.image_size, "scale or crop the images"))

    def _check_others(self) -> None:
        """Refuse what only the generator of layers has."""
        own = {
            "source_features": self.source_features > 0,
            "own_channels": self.own_channels > 0,
            "selection": self.selection != "parts",
            "silhouette": not self.silhouette,
            "selection_gain": self.selection_gain != 1.0,
            "own_logit": self.own_logit != 0.0,
            "part_flow": self.part_flow,
        }
        for name, given in own.items():
            if given:
                where, found = f"generator.{name}", getattr(self, name)
                expected = f"what it is by default with skips {self.skips}"
                raise UsageError(problem(where, expected, found, "choose the skips layers"))

    def _check_image_size(self) -> None:
        if self.num_levels < 2:
            raise UsageError(
                problem(
                    "generator.image_size",
                    "a longer side of at least 8 pixels",
                    self.image_size,
                    "choose a larger image",
                )
            )

    @property
    def pose_channels(self) -> int:
        """Channels of a pose."""
        return POSE_CHANNELS[self.poses]

    @property
    def target_channels(self) -> int:
        """Channels in which a network sees the target: its pose, and the background if given."""
        return self.pose_channels + BACKGROUND_CHANNELS[self.background]

    @property
    def drawn_poses(self) -> DrawnPoses:
        """How poses are drawn: heat maps as the authors' with fidelity (``"floored"``)."""
        return "floored" if self.fidelity and self.poses == "heat-maps" else self.poses

    @property
    def has_offsets(self) -> bool:
        """Whether the skips learn offsets, which a loss may smooth."""
        return "flow" in self.skips

    @property
    def num_levels(self) -> int:
        """Feature maps of an encoder: log2 of the longer side (rounded down), less one."""
        return max(self.image_size).bit_length() - 2

    @property
    def padded_size(self) -> tuple[int, int]:
        """(height, width) inside of the networks: multiples of 2 ** (levels - 1).

        256 x 176 is 256 x 192 there. Everything outside (masks, transforms, losses, scores) has
        the image's own size.
        """
        step = 2 ** (self.num_levels - 1)
        height, width = (-(-side // step) * step for side in self.image_size)
        return height, width

    @property
    def filters(self) -> tuple[int, ...]:
        """Channels of each level: 64, 128, 256, 512, 512, ... for 64 base channels."""
        return tuple(self.base_channels * min(2**k, WIDEST) for k in range(self.num_levels))

    @property
    def level_sizes(self) -> tuple[tuple[int, int], ...]:
        """(height, width) of each level, the padded image's first."""
        height, width = self.padded_size
        return tuple((height >> k, width >> k) for k in range(self.num_levels))


@declared("Discriminator")
class DiscriminatorSettings:
    """What a discriminator is made of."""

    kind: Literal["concat", "siamese", "warp", "patch"] = setting(
        default="concat",
        help="concat: both images and both poses are one input; siamese: one trunk sees source and "
        "target apart; warp: the source's features are warped to the target's first; patch: "
        "overlapping patches of 52 pixels and the target pose, under spectral norm by default.",
    )
    norm: NormName = setting(
        default="layer-scalar", help="layer-scalar, the authors' own; instance, the standard one."
    )
    base_channels: int = setting(
        default=64,
        ge=1,
        le=512,
        flag="--channels",
        help="Filters of the first convolution; the others have 2, 4 and 8 times as many.",
    )
    spectral: bool = setting(
        default=True,
        since="0.2",
        help="Of patch: hold each convolution's largest singular value at 1; leave it out where a "
        "penalty holds the slope.",
    )
    poses: Poses = setting(default="heat-maps", flag="--poses", since="0.2", help=POSES_HELP)
    background: Background = setting(
        default="none", flag="--background", since="0.2", help=BACKGROUND_HELP
    )

    def __post_init__(self) -> None:
        if not self.spectral and self.kind != "patch":
            where, expected = "discriminator.spectral", f"true with the kind {self.kind}"
            raise UsageError(problem(where, expected, "false", "choose the kind patch"))

    @property
    def has_levels(self) -> bool:
        """Whether it shows its features, which a loss may match."""
        return self.kind == "patch"

    @property
    def pose_channels(self) -> int:
        """Channels of a pose."""
        return POSE_CHANNELS[self.poses]

    @property
    def target_channels(self) -> int:
        """Channels in which it sees the target: its pose, and the background if given."""
        return self.pose_channels + BACKGROUND_CHANNELS[self.background]
