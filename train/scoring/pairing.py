"""Which generated image is compared with which real one.

Convention:
    A pair is named by the stem of its generated file. Its source and target are named without
    suffixes; where the file name does not say them, the target bears the pair's name and the
    source is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from shared.errors import UsageError, problem
from train.scoring.panels import bare_name, layout_of, pair_names
from train.scoring.pictures import Cut, list_pictures, picture_size

NAMES_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One generated image and what belongs to it.

    Args:
        name: Stem of the generated file.
        target: Name of the real image whose pose was asked for.
        generated: Where the generated image is.
        real: Where the real image is.
        source: Name of the source; None where unknown.
        original: Where the source image is; None where it is not at hand.
        rows: Where the pair's further pictures are, by their row (:mod:`train.scoring.rows`).
    """

    name: str
    target: str
    generated: Cut
    real: Cut
    source: str | None = None
    original: Cut | None = None
    rows: Mapping[str, Cut] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """All pairs in the order of their names, and the files that found no partner."""

    pairs: tuple[Pair, ...]
    unpaired: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def pair_folders(generated: Path, real: Path, source: Path | None = None) -> Pairing:
    """Pair the pictures of two folders by equal stems; their suffixes may differ.

    Args:
        generated: Folder of generated images.
        real: Folder of real images.
        source: Folder of source images, by the pair's stem or the source's own name.

    Returns:
        The pairs and the files of either folder that have no partner.

    Raises:
        UsageError: A folder is empty or not there.
    """
    ours, theirs = list_pictures(generated), list_pictures(real)
    sources = list_pictures(source) if source else theirs
    pairs = []
    for stem in ours.keys() & theirs.keys():
        names = pair_names(ours[stem].name)
        owner = names.source if names else None
        original = sources.get(owner or "") or (sources.get(stem) if source else None)
        pairs.append(
            Pair(
                name=stem,
                target=names.target if names else bare_name(stem),
                generated=Cut(ours[stem]),
                real=Cut(theirs[stem]),
                source=owner,
                original=Cut(original) if original else None,
            )
        )
    unpaired = {
        "generated": tuple(sorted(ours.keys() - theirs.keys())),
        "real": tuple(sorted(theirs.keys() - ours.keys())),
    }
    return Pairing(pairs=_sorted(pairs), unpaired=unpaired)


def pair_panels(
    folder: Path,
    image_size: tuple[int, int],
    layout: Sequence[str] = (),
    real: Path | None = None,
) -> Pairing:
    """Pair the panels of each picture; a picture without a target panel needs the real folder.

    Args:
        folder: Folder of pictures in one of the field's result forms.
        image_size: (height, width) of one panel.
        layout: Roles of the panels from left to right; empty for the defaults.
        real: Folder in which targets (and sources) are looked up by name.

    Returns:
        The pairs and the pictures whose target was not found.

    Raises:
        UsageError: A folder is empty, a picture is no row of panels, or targets are needed and
            no real folder was named.
    """
    pictures = list_pictures(folder)
    reals = list_pictures(real) if real else {}
    pairs, lost = [], []
    for stem, path in pictures.items():
        roles = layout_of(path, picture_size(path), image_size, layout)
        cuts = {
            role: Cut(path, number, image_size[1])
            for number, role in enumerate(roles)
            if role != "other"
        }
        if "target" not in cuts and real is None:
            raise UsageError(
                problem(
                    path,
                    "a target panel, or --real with a folder of target images",
                    f"panels {', '.join(roles)} and no --real",
                    "add --real DIR",
                )
            )
        pair = _panel_pair(stem, path, cuts, reals)
        pairs.append(pair) if pair else lost.append(path.name)
    return Pairing(pairs=_sorted(pairs), unpaired={"generated": tuple(lost), "real": ()})


def with_rows(pairing: Pairing, folders: Mapping[str, Path]) -> Pairing:
    """Add the further pictures of the pairs, which bear the names of their panels."""
    pairs = tuple(
        replace(pair, rows={row: Cut(at / pair.generated.path.name) for row, at in folders.items()})
        for pair in pairing.pairs
    )
    return replace(pairing, pairs=pairs)


def settle(pairing: Pairing, allow_missing: bool, limit: int | None) -> tuple[Pair, ...]:
    """Return the pairs to score, once no file lacks a partner.

    Args:
        pairing: From the functions above.
        allow_missing: Leave out files without a partner instead of refusing.
        limit: Score only so many pairs, the first by name.

    Returns:
        At least one pair.

    Raises:
        UsageError: Files without a partner and not allowed, or no pair at all.
    """
    lost = {side: names for side, names in pairing.unpaired.items() if names}
    if lost and not allow_missing:
        found = "; ".join(f"{side} only: {shortened(names)}" for side, names in lost.items())
        raise UsageError(
            problem(
                "pairs",
                "a partner for every picture",
                found,
                "make the folders agree, use --panels for names like FROM_2_TO_vis.jpg, "
                "or add --allow-missing",
            )
        )
    if not pairing.pairs:
        raise UsageError(
            problem("pairs", "at least one pair of equal stems", "none", "check both folders")
        )
    return pairing.pairs[:limit]


def shortened(names: Sequence[str]) -> str:
    """Name a few of many, and say how many there are."""
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} … ({len(names):,} in all)"


def _panel_pair(
    stem: str, path: Path, cuts: Mapping[str, Cut], reals: Mapping[str, Path]
) -> Pair | None:
    names = pair_names(path.name)
    target = names.target if names else bare_name(stem)
    real = cuts.get("target") or (Cut(reals[target]) if target in reals else None)
    if real is None:
        return None
    original = cuts.get("source")
    if original is None and names and names.source in reals:
        original = Cut(reals[names.source])
    return Pair(
        name=stem,
        target=target,
        generated=cuts["generated"],
        real=real,
        source=names.source if names else None,
        original=original,
    )


def _sorted(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    return tuple(sorted(pairs, key=lambda pair: pair.name))
