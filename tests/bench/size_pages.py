"""The page of sizes, made from what ``bench_sizes.py`` measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

LARGE_IMAGES: Final = 1_000_000
LARGE_PAIRS: Final = 100_000_000

HEAD: Final = """# As a data set grows

Made by `python tests/bench/bench_sizes.py`: Market-1501's names and published key points,
multiplied, with few pixels repeated; one worker, one thread, each step a process of its own.
Seconds are the processor's, MiB the process's largest memory (what it maps of files among it).
"""

HELD: Final = """## What is held whole

| what | where | bytes | calculated for {images:,} images, {pairs:,} pairs |
| --- | --- | --- | ---: |
| images, pairs as in Market | stage 1 | {slope:,.0f} an image, measured | {catalogue:,.1f} GB |
| pairs as rows of images, shards, order | stage 1 | 40 a pair | {pairs_gb:,.1f} GB |
| what became of each pair's parts | stage 1 | 2 a pair (20 before) | {parts_gb:,.1f} GB |
| rows of `pairs-*.csv` | stage 1 | a million rows at a time | .4 GB |
| decoded pictures between the passes | disk, `--scratch` | bounded | 4 GB |
| an epoch's order of pairs | training, streamed | one window of shards | 4 shards |
| `pairs-train.csv` where a notebook loads it | pandas | 90 a pair | {frame_gb:,.1f} GB |

At 16 x the pictures need 9 GB of scratch, over its default bound, and a part is decoded twice. What
stage 1 costs beside the yardstick is the shards themselves: laying out, hashing and writing 23 KB
an image takes longer than reading and decoding it. Figures of one size were taken on a busier
machine than others; the seconds of processor time rise with that, too.

Pairs grow with the square of the images of a person: at {pairs:,} pairs bound them by
`--max-pairs-per-identity`, or take a machine with the memory above.
"""


def write_page(path: Path, result: Mapping[str, Any]) -> None:
    """Write the page of a result."""
    rows = result["rows"]
    steps = list(rows[0]["steps"])
    lines = [
        HEAD,
        f"{result['date']}, {result['machine']}.\n",
        "| step | " + " | ".join(f"{row['times']} x" for row in rows) + " | of the linear |",
        "| --- | " + " | ".join("---:" for _ in rows) + " | ---: |",
        _line("images", [f"{row['images']:,}" for row in rows]),
        _line("pairs", [f"{row['pairs']:,}" for row in rows]),
        _line("bytes of the shards", [f"{row['bytes'] / 1e9:.2f} GB" for row in rows]),
    ]
    for step in steps:
        found = [row["steps"][step] for row in rows]
        cells = [f"{each['cpu']:.1f} s, {each['mib']:,.0f} MiB" for each in found]
        lines.append(_line(step, cells, f"{growth(rows, step):.2f}"))
    lines += ["", *_ratios(rows), "", HELD.format(**_calculated(rows))]
    path.write_text("\n".join(lines), encoding="utf-8")


def growth(rows: Sequence[Mapping[str, Any]], step: str) -> float:
    """Processor time of the largest size, as a share of the smallest's times their ratio."""
    first, last = rows[0], rows[-1]
    linear = first["steps"][step]["cpu"] * last["times"] / first["times"]
    return float(last["steps"][step]["cpu"] / max(linear, 0.1))


def _line(name: str, cells: Sequence[str], last: str = "") -> str:
    return f"| {name} | " + " | ".join(cells) + f" | {last} |"


def _ratios(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for title, step, yardstick in (
        ("The whole of stage 1", "stage 1", "read, hash and decode"),
        ("Verifying a finished folder", "verify it", "hash the folder"),
    ):
        ratios = [row["steps"][step]["cpu"] / row["steps"][yardstick]["cpu"] for row in rows]
        told = ", ".join(
            f"{ratio:.1f} x at {row['times']} x" for ratio, row in zip(ratios, rows, strict=True)
        )
        lines.append(f"- {title} costs, beside `{yardstick}`: {told}.")
    return lines


def held_by_an_image(rows: Sequence[Mapping[str, Any]]) -> float:
    """Bytes by which stage 1 grows with an image and its pairs."""
    first, last = rows[0], rows[-1]
    grown = last["steps"]["stage 1"]["mib"] - first["steps"]["stage 1"]["mib"]
    return float(grown * 2**20 / max(last["images"] - first["images"], 1))


def _calculated(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    slope = held_by_an_image(rows)
    return {
        "slope": slope,
        "images": LARGE_IMAGES,
        "pairs": LARGE_PAIRS,
        "catalogue": LARGE_IMAGES * slope / 1e9,
        "pairs_gb": LARGE_PAIRS * 40 / 1e9,
        "parts_gb": LARGE_PAIRS * 2 / 1e9,
        "frame_gb": LARGE_PAIRS * 90 / 1e9,
    }
