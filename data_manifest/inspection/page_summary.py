"""What made a shard folder, for its page: prep-market's own summary, its settings, its software."""

from __future__ import annotations

from typing import Any, Final

from data_manifest.manifest import Manifest
from shared.page import Content, Markup, element, joined, paragraph, table

MAX_ROWS: Final = 40
"""Rows of a table on the page."""


def made_by(manifest: Manifest) -> Markup:
    """Return the tables of what the manifest says."""
    blocks: list[Content] = [paragraph("What prep-market said when it made the folder.")]
    for title, content in manifest.summary.items():
        rows = [[_said(cell) for cell in row] for row in content["rows"][:MAX_ROWS]]
        heads = [str(column) for column in content["columns"]]
        more = len(content["rows"]) - len(rows)
        blocks += [element("h3", str(title)), table(heads, rows)]
        blocks.append(paragraph(f"And {more:,} more rows.") if more else None)
    if manifest.settings:
        rows = [[str(key), _said(value)] for key, value in manifest.settings.items()]
        blocks += [element("h3", "settings"), table(("setting", "value"), rows, words=2)]
    if manifest.versions:
        versions = [[str(key), _said(value)] for key, value in manifest.versions.items()]
        blocks += [element("h3", "versions"), table(("software", "version"), versions, words=2)]
    return joined(blocks)


def _said(cell: Any) -> str:
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
