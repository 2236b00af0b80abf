"""Names that a spreadsheet would run as formulas are marked as text; ordinary ones are not."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from shared.spreadsheets import harmless

FORMULAS = ["=cmd|'/c calc'!A0", "+1+1", "@SUM(A1)", "-2+3+cmd|'x'!A0", "\tx", "\r=1", "-(1)"]
NAMES = ["0002_c1s1_000451_03.jpg", "-1_c1s1_000001_00.jpg", "a=b.png", "- my photo.jpg", "", "'x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_marked_as_text(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(harmless(text)) == harmless(text)


@pytest.mark.parametrize("name", NAMES)
def test_ordinary_names_stay(name: str) -> None:
    assert harmless(name) == name


def test_marked_names_survive_pandas() -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["name"], *([harmless(each)] for each in FORMULAS)])
    found = pd.read_csv(io.StringIO(text.getvalue()))["name"].tolist()
    assert found == [f"'{each}" for each in FORMULAS]
