"""The tables of FORMAT.md, made from ``schema.py``.

``python -m data_manifest.specification`` puts them into FORMAT.md; a test makes sure that they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from data_manifest import schema
from data_manifest.schema import Column, DataSet
from shared.files import publish_text

FORMAT_FILE: Final = Path(__file__).parent / "FORMAT.md"


def tables() -> dict[str, str]:
    """Write every generated table of FORMAT.md as Markdown, by its name."""
    return {
        "attributes": _markdown(
            ("attribute", "type", "since", "meaning"),
            ((f"`{a.name}`", a.dtype, str(a.since), a.meaning) for a in schema.ATTRIBUTES),
        ),
        "datasets": _markdown(
            ("data set", "type", "shape", "unit", "values", "since", "meaning"),
            (_dataset_row(entry) for entry in schema.DATASETS),
        ),
        "images": _columns(schema.IMAGE_COLUMNS),
        "pairs": _columns(schema.PAIR_COLUMNS),
    }


def with_tables(text: str) -> str:
    """Bring the generated tables of FORMAT.md's text up to date with ``schema.py``."""
    for name, table in tables().items():
        block = f"<!-- {name} -->\n{table}\n<!-- end -->"
        text = re.sub(
            rf"<!-- {name} -->\n.*?<!-- end -->", block.replace("\\", r"\\"), text, flags=re.DOTALL
        )
    return text


def _dataset_row(entry: DataSet) -> tuple[str, ...]:
    shape = ", ".join(map(str, entry.shape)) + ("," if len(entry.shape) == 1 else "")
    return (
        f"`{entry.name}`",
        "uint8 (0, 1)" if entry.dtype == "bool" else entry.dtype,
        f"({shape})",
        entry.unit,
        _values(entry),
        str(entry.since),
        entry.meaning,
    )


def _values(entry: DataSet) -> str:
    if entry.dtype.startswith("float"):
        return "finite or NaN" if entry.nan else "finite"
    if entry.low is None:
        return "any"
    return f"≥ {entry.low}" if entry.high is None else f"{entry.low} to {entry.high}"


def _columns(columns: Iterable[Column]) -> str:
    return _markdown(
        ("column", "pandas type", "meaning"),
        ((f"`{column.name}`", column.dtype, column.meaning) for column in columns),
    )


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    publish_text(FORMAT_FILE, with_tables(FORMAT_FILE.read_text("utf-8")))
