from __future__ import annotations

import json

import pytest

from data_manifest.inspection.summary import print_summary, table
from shared.console import Console


def test_a_table_holds_plain_values_only():
    made = table(("split", "pairs"), [("train", 263_632), ("test", 12_000)])
    assert json.loads(json.dumps(made)) == made
    assert made["rows"][0] == ["train", 263_632]


def test_a_printed_summary_shows_titles_heads_and_grouped_numbers(
    capsys: pytest.CaptureFixture[str],
):
    summary = {"pairs": table(("split", "pairs"), [("train", 263_632)]), "time": table(("s",), [])}
    print_summary(summary, Console())
    out = capsys.readouterr().out
    for word in ("pairs", "split", "train", "263,632", "time"):
        assert word in out
