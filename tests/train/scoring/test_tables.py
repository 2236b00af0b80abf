"""Every number of a table stands under its own head."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from train.scoring.tables import latex, markdown, table_csv

HEADS = {
    "generated": "generated",
    "real": "real itself",
    "source": "source copied",
    "mean": "mean image",
    "black": "black image",
}
SSIM = {"generated": 0.11, "real": 0.22, "source": 0.33, "mean": 0.44, "black": 0.55}
L1 = {subject: value / 10 for subject, value in SSIM.items()}


def report(*, without: tuple[str, ...] = ()) -> dict[str, Any]:
    def table(subject: str) -> dict[str, Any]:
        def entry(value: float) -> dict[str, Any]:
            return {"value": value, "low": value - 0.01, "high": value + 0.01, "n": 1234}

        return {
            "ssim": {"pose-gan": entry(SSIM[subject])},
            "l1": {"range1": entry(L1[subject])},
        }

    controls = {name: table(name) for name in ("real", "source", "mean", "black")}
    for name in without:
        del controls[name]
    return {"pairs": 1234, **table("generated"), "controls": controls, "lead": {}}


def cells_of(text: str, kind: str) -> list[list[str]]:
    if kind == "markdown":
        rows = [line.strip("| ").split(" | ") for line in text.splitlines()]
        return [rows[0], *rows[2:]]
    rows = [line.removesuffix(r" \\").split(" & ") for line in text.splitlines() if " & " in line]
    signs = {r"\%": "%", "--": "–", r"$\uparrow$": "↑", r"$\downarrow$": "↓"}
    for written, sign in signs.items():
        rows = [[cell.replace(written, sign) for cell in row] for row in rows]
    return rows


@pytest.mark.parametrize("kind", ["markdown", "latex"])
@pytest.mark.parametrize("without", [(), ("source",), ("real", "black")])
def test_each_column_shows_the_subject_of_its_head(kind: str, without: tuple[str, ...]) -> None:
    text = (markdown if kind == "markdown" else latex)(report(without=without))
    head, *rows = cells_of(text, kind)
    assert [row[0] for row in rows] == ["ssim/pose-gan ↑", "l1/range1 ↓"]
    for values, row in zip((SSIM, L1), rows, strict=True):
        named = dict(zip(head, row, strict=True))
        assert named["pairs"] == "1,234"
        for subject, name in HEADS.items():
            if subject in without:
                assert name not in named
            else:
                assert float(named[name]) == pytest.approx(values[subject], abs=1e-9)
        low, high = (float(bound) for bound in named["95 % interval"].split(" to "))
        assert (low, high) == pytest.approx(
            (values["generated"] - 0.01, values["generated"] + 0.01)
        )


def test_a_control_without_a_score_has_a_dash_there() -> None:
    partial = report()
    del partial["controls"]["source"]["l1"]
    head, _, row = cells_of(markdown(partial), "markdown")
    named = dict(zip(head, row, strict=True))
    assert named["source copied"] == "–" and float(named["black image"]) == pytest.approx(0.055)


def test_the_csv_names_the_subject_and_the_direction_of_each_row() -> None:
    rows = list(csv.DictReader(io.StringIO(table_csv(report()))))
    assert len(rows) == 2 * 5
    for row in rows:
        values, better = (SSIM, "higher") if row["metric"] == "ssim" else (L1, "lower")
        assert float(row["value"]) == values[row["subject"]]
        assert (row["better"], row["n"]) == (better, "1234")
        assert float(row["low"]) < float(row["value"]) < float(row["high"])
