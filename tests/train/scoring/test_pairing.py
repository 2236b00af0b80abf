"""Which generated image meets which real one, where its source is looked for, and in what order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scored_pictures import save

from shared.errors import UsageError
from train.scoring.pairing import pair_folders, pair_panels, settle
from train.scoring.panels import check_layout, layout_of, pair_names
from train.scoring.pictures import list_pictures

A, B = "0003_c1s6_015971_02", "0003_c3s3_064744_01"
PICTURE = np.zeros((4, 2, 3), np.uint8)


def folder_of(place: Path, *names: str, panels: int = 1) -> Path:
    place.mkdir()
    for name in names:
        save(place / name, *[PICTURE] * panels)
    return place


def test_a_pair_is_two_files_of_one_stem_named_by_it(tmp_path: Path) -> None:
    ours = folder_of(tmp_path / "ours", f"{B}.jpg.png", "b.bmp", "c.png")
    theirs = folder_of(tmp_path / "theirs", f"{B}.jpg.bmp", "b.jpg", "d.png")
    pairing = pair_folders(ours, theirs)
    assert [pair.name for pair in pairing.pairs] == [f"{B}.jpg", "b"]
    assert [pair.target for pair in pairing.pairs] == [B, "b"]
    assert pairing.pairs[1].generated.path == ours / "b.bmp"
    assert pairing.pairs[1].real.path == theirs / "b.jpg"
    assert pairing.unpaired == {"generated": ("c",), "real": ("d",)}


def test_a_source_is_looked_for_by_its_own_name_first(tmp_path: Path) -> None:
    stem = f"{A}_2_{B}"
    ours = folder_of(tmp_path / "ours", f"{stem}.png")
    theirs = folder_of(tmp_path / "theirs", f"{stem}.png")
    both = folder_of(tmp_path / "both", f"{A}.png", f"{stem}.png")
    by_stem = folder_of(tmp_path / "by-stem", f"{stem}.png")
    for place, expected in ((both, both / f"{A}.png"), (by_stem, by_stem / f"{stem}.png")):
        (pair,) = pair_folders(ours, theirs, place).pairs
        assert (pair.source, pair.target) == (A, B)
        assert pair.original is not None and pair.original.path == expected


def test_without_a_folder_of_sources_the_target_is_not_taken_for_its_own_source(
    tmp_path: Path,
) -> None:
    stem = f"{A}_2_{B}"
    ours = folder_of(tmp_path / "ours", f"{stem}.png")
    theirs = folder_of(tmp_path / "theirs", f"{stem}.png", f"{B}.png")
    (pair,) = pair_folders(ours, theirs).pairs
    assert pair.source == A and pair.original is None
    with_sources = folder_of(tmp_path / "more", f"{stem}.png", f"{A}.png")
    (pair,) = pair_folders(ours, with_sources).pairs
    assert pair.original is not None and pair.original.path == with_sources / f"{A}.png"


def test_panels_without_a_target_are_looked_up_and_else_told(tmp_path: Path) -> None:
    panels = folder_of(tmp_path / "panels", f"{A}_2_{B}_vis.png", f"{B}_2_{A}_vis.png")
    reals = folder_of(tmp_path / "reals", f"{B}.png")
    pairing = pair_panels(panels, (4, 2), (), reals)
    (pair,) = pairing.pairs
    assert pair.target == B and pair.real.path == reals / f"{B}.png" and pair.original is None
    assert pairing.unpaired == {"generated": (f"{B}_2_{A}_vis.png",), "real": ()}
    with pytest.raises(UsageError, match=f"generated only: {B}_2_{A}_vis.png"):
        settle(pairing, allow_missing=False, limit=None)
    assert settle(pairing, allow_missing=True, limit=None) == (pair,)


def test_each_panel_is_cut_at_its_own_number(tmp_path: Path) -> None:
    five = folder_of(tmp_path / "five", f"{A}___{B}_vis.png", panels=5)
    (pair,) = pair_panels(five, (4, 2)).pairs
    assert pair.original is not None
    assert [cut.panel for cut in (pair.original, pair.real, pair.generated)] == [0, 2, 4]
    three = folder_of(tmp_path / "three", f"{A}.jpg_{B}.jpg.png", panels=3)
    (pair,) = pair_panels(three, (4, 2)).pairs
    assert pair.original is not None
    assert [cut.panel for cut in (pair.original, pair.real, pair.generated)] == [0, 1, 2]


def test_pairs_come_by_name_and_the_limit_takes_the_first(tmp_path: Path) -> None:
    names = [f"{letter}.png" for letter in "dbacfe"]
    ours, theirs = (folder_of(tmp_path / side, *names) for side in ("ours", "theirs"))
    pairing = pair_folders(ours, theirs)
    assert [pair.name for pair in pairing.pairs] == list("abcdef")
    assert [pair.name for pair in settle(pairing, False, 2)] == ["a", "b"]
    assert len(settle(pairing, False, None)) == len(settle(pairing, False, 99)) == 6


def test_no_pair_at_all_is_refused(tmp_path: Path) -> None:
    ours, theirs = folder_of(tmp_path / "ours", "a.png"), folder_of(tmp_path / "theirs", "b.png")
    with pytest.raises(UsageError, match="at least one pair"):
        settle(pair_folders(ours, theirs), allow_missing=True, limit=None)


def test_a_name_is_parted_at_the_last_sign_between_its_names() -> None:
    assert pair_names("a_2_b_2_c.png") == ("a_2_b", "c")
    assert pair_names("a_2_b_vis_vis.png") == ("a", "b_vis")


def test_a_layout_of_no_use_is_refused() -> None:
    for layout, words in (
        (("target", "generated", "target"), "each role once"),
        (("source", "target"), "a panel 'generated'"),
        (("generated", "origin"), "roles among"),
    ):
        with pytest.raises(UsageError, match=words):
            check_layout(layout)
    check_layout(("other", "generated", "other"))
    check_layout(())
    with pytest.raises(UsageError, match="row of 4 x 2"):
        layout_of(Path("x.png"), (4, 7), (4, 2), ())
    with pytest.raises(UsageError, match="row of 4 x 2"):
        layout_of(Path("x.png"), (5, 6), (4, 2), ())


def test_hidden_files_are_no_pictures_and_a_stem_stands_for_one(tmp_path: Path) -> None:
    place = folder_of(tmp_path / "place", ".hidden.png", "b.png", "a.jpg")
    assert list(list_pictures(place)) == ["a", "b"]
    save(place / "a.png", PICTURE)
    with pytest.raises(UsageError, match=r"a\.jpg and a\.png"):
        list_pictures(place)
