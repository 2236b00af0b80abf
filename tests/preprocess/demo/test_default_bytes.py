"""What draw-market draws by default stays the same to the byte, whatever it learns to draw."""

from __future__ import annotations

import hashlib

import pytest

from preprocess.demo.market import DrawSettings, draw_market
from shared.console import Console

pytestmark = pytest.mark.long

FILES = ("*/*.jpg", "keypoints-*.csv", "visibility-*.csv")
HASH = "e5e331dce1f76ae8564d0b0a59c0e4793807aaa315a7bfc2ec8bbdf044de7369"
"""Of the files above: 8 people, 6 pictures each, seed 11; torsos no flatter than published ones."""


def test_the_default_draws_the_bytes_that_it_always_drew(tmp_path):
    settings = DrawSettings(identities=8, images_per_identity=6, seed=11)
    draw_market(settings, tmp_path, Console(quiet=True))
    digest = hashlib.sha256()
    for path in sorted(path for pattern in FILES for path in tmp_path.glob(pattern)):
        digest.update(str(path.relative_to(tmp_path)).encode() + path.read_bytes())
    assert digest.hexdigest() == HASH
