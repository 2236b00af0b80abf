"""What draw-market draws by default stays the same to the byte, whatever it learns to draw."""

from __future__ import annotations

import hashlib

import pytest

from preprocess.demo.market import DrawSettings, draw_market
from shared.console import Console

pytestmark = pytest.mark.long

FILES = ("*/*.jpg", "keypoints-*.csv", "visibility-*.csv")
HASH = "2d6ff35c0bcfff2b840fc9b60b6c45e42d29ebcc2bbfffdfa70188d4b03d32f3"
"""Of the files above, of 8 people with 6 pictures each and seed 11, as version 0.2 drew them."""


def test_the_default_draws_the_bytes_that_it_always_drew(tmp_path):
    settings = DrawSettings(identities=8, images_per_identity=6, seed=11)
    draw_market(settings, tmp_path, Console(quiet=True))
    digest = hashlib.sha256()
    for path in sorted(path for pattern in FILES for path in tmp_path.glob(pattern)):
        digest.update(str(path.relative_to(tmp_path)).encode() + path.read_bytes())
    assert digest.hexdigest() == HASH
