"""The page of sizes is what was measured, and what follows from it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent / "bench"))
from size_pages import growth, held_by_an_image, write_page


def row(times: int, cpu: float, mib: int) -> dict[str, Any]:
    steps = ("read, hash and decode", "stage 1", "hash the folder", "verify it")
    return {
        "times": times,
        "images": 1_000 * times,
        "pairs": 9_000 * times,
        "bytes": 10**9 * times,
        "steps": {step: {"cpu": cpu, "mib": mib, "seconds": cpu} for step in steps},
    }


def test_growth_is_a_share_of_the_linear() -> None:
    assert growth([row(1, 2.0, 1), row(4, 8.0, 1)], "stage 1") == pytest.approx(1.0)
    assert growth([row(1, 2.0, 1), row(4, 4.0, 1)], "stage 1") == pytest.approx(0.5)


def test_what_an_image_holds_is_the_slope_of_memory() -> None:
    assert held_by_an_image([row(1, 1, 100), row(3, 1, 102)]) == pytest.approx(2**20 / 1_000)


def test_the_page_is_that_of_the_committed_result(repository: Path, tmp_path: Path) -> None:
    bench = repository / "tests" / "bench"
    write_page(tmp_path / "page", json.loads((bench / "results" / "sizes.json").read_text()))
    assert (tmp_path / "page").read_text() == (bench / "SIZES.md").read_text()
