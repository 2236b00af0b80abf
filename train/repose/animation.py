"""Frames as an animation that loops: WebP, and GIF on wish."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image

from train.repose.drawing import drawn_picture

QUALITY: Final = 90
FORMATS: Final[dict[str, dict[str, Any]]] = {
    ".webp": {"format": "WEBP", "quality": QUALITY, "method": 4},
    ".gif": {"format": "GIF"},
}


def animation_of(frames: Sequence[Path], suffix: str, fps: int) -> bytes:
    """Encode frames.

    Args:
        frames: PNG files of one size.
        suffix: One of :data:`FORMATS`.
        fps: Frames a second; a GIF knows hundredths of a second only.
    """
    pictures = (Image.fromarray(drawn_picture(path)) for path in frames)
    first, stream = next(pictures), io.BytesIO()
    first.save(
        stream,
        save_all=True,
        append_images=pictures,
        duration=round(1000 / fps),
        loop=0,
        **FORMATS[suffix],
    )
    return stream.getvalue()
