"""Fixtures of the tests of stage 1."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_market import SmallMarket, make_market


@pytest.fixture
def market(tmp_path: Path) -> SmallMarket:
    """A data set in the form of Market-1501, with its key points."""
    return make_market(tmp_path)
