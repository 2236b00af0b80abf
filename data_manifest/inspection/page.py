"""The page of a shard folder: figures, charts, the pairs worth looking at, everybody in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from data_manifest.inspection.census import CHANGE_STEP, Census, Person, take_census
from data_manifest.inspection.gallery import Gallery, card_anchor, draw_gallery, person_anchor
from data_manifest.inspection.page_filter import SCRIPT, search_box
from data_manifest.inspection.page_summary import MAX_ROWS, made_by
from data_manifest.inspection.suspicion import COPIES, HARDEST, IMAGE_RULES, PAIR_RULES, Reason
from data_manifest.manifest import Manifest, open_manifest
from data_manifest.remote.folder import ShardFolder, folder_name
from data_manifest.schema import SPLITS
from shared.charts import bar_chart, histogram, share_chart
from shared.console import Console
from shared.files import Disk
from shared.owned_files import OwnedFiles
from shared.page import Content, Markup, element, joined, name, page, paragraph, table
from shared.skeleton import JOINTS, PARTS

MAX_PEOPLE: Final = 3_000
MAX_CAMERAS: Final = 24
MAX_COPIES: Final = 50
NUM_BARS: Final = 24


def publish_page(
    folder: ShardFolder, file: Path, num_listed: int, console: Console, disk: Disk | None = None
) -> None:
    """Write the page of a shard folder; only such a page is replaced.

    Args:
        folder: The shard folder.
        file: The page, HTML.
        num_listed: Pairs in each gallery.
        console: Told what goes on.
        disk: The calls to the operating system.

    Raises:
        UsageError: The folder is not finished, or the file is somebody else's.
        DamagedError: A shard is not what the manifest lists.
    """
    owned = OwnedFiles([file], "inspect-shards", disk)
    owned.check()
    manifest = open_manifest(folder)
    with console.stage("shards", 2 * len(manifest.shards)) as stage:
        census = take_census(folder, manifest, num_listed, stage.advance)
        people = _listed(census)
        places = [place for each in census.lists.values() for place in each]
        gallery = draw_gallery(folder, manifest, places, people, stage.advance)
    owned.publish({file: _page(folder, manifest, census, people, gallery)})


def _listed(census: Census) -> list[Person]:
    """Return those who have a row, in the order of their names."""
    first = sorted(census.people, key=lambda each: (-each.suspicious, -each.pairs, each.identity))
    kept = first[:MAX_PEOPLE]
    return sorted(kept, key=lambda each: (each.split != "train", each.identity))


def _page(
    folder: ShardFolder, manifest: Manifest, census: Census, people: list[Person], gallery: Gallery
) -> bytes:
    title = f"Shards: {folder_name(folder)}"
    sections: list[tuple[str, str, Content]] = [
        ("Joints", "joints", _joints(census)),
        ("Pairs", "pairs", _pairs(census)),
        ("Parts", "parts", _parts(census)),
        ("Hardest", "hardest", _galleries(HARDEST, census, gallery)),
        ("Suspicious", "suspicious", _suspicious(census, gallery)),
        ("People", "people", _people(census, people, gallery)),
        ("Summary", "summary", made_by(manifest)),
    ]
    return page(title, _lead(manifest, census), sections, script=SCRIPT, tools=search_box())


def _lead(manifest: Manifest, census: Census) -> Markup:
    height, width = manifest.image_size
    rows = [
        [
            split,
            f"{sum(each.split == split for each in census.people):,}",
            f"{manifest.num_images(split):,}",
            f"{manifest.num_pairs(split):,}",
            f"{len(manifest.of_split(split)):,}",
            f"{sum(entry.num_bytes for entry in manifest.of_split(split)) / 1e6:,.1f}",
        ]
        for split in SPLITS
    ]
    heads = ("split", "people", "images", "pairs", "shards", "MB")
    size = f"Images of {height} × {width} pixels (height × width)."
    return joined(paragraph(size, class_="faint"), table(heads, rows))


def _joints(census: Census) -> Markup:
    most = sorted(census.present, key=lambda camera: (-census.present[camera][0], camera))
    shown = sorted(most[:MAX_CAMERAS])
    if not census.present:
        return paragraph("No images.")
    total = np.sum(list(census.present.values()), axis=0)
    rows = [("all", total), *((_camera(each), census.present[each]) for each in shown)]
    words = "How many of a camera's images lack a joint, in percent. The darker, the more."
    if len(most) > len(shown):
        words += f" Shown are the {len(shown)} cameras of {len(most)} that have most images."
    lines = [
        [element("th", head, scope="row"), f"{counts[0]:,}", *_heat(counts)]
        for head, counts in rows
    ]
    return joined(paragraph(words), table(("camera", "images", *JOINTS), lines))


def _camera(camera: int) -> str:
    return str(camera) if camera >= 0 else "unknown"


def _heat(counts: Any) -> list[Markup]:
    missing = 1 - counts[1:] / counts[0]
    return [
        element("td", f"{share * 100:.0f}", class_=f"number h{min(9, int(share * 10 + 0.5))}")
        for share in missing.tolist()
    ]


def _pairs(census: Census) -> Markup:
    charts = []
    for split in SPLITS:
        counts = [each.pairs for each in census.people if each.split == split]
        if not counts:
            continue
        step = max(1, -(-(max(counts) + 1) // NUM_BARS))
        edges = [step * at for at in range(-(-(max(counts) + 1) // step) + 1)]
        bars = histogram(counts, edges)
        charts.append(bar_chart(f"People of {split}, by number of pairs", bars, "pairs"))
        if split in census.changes:
            changes = [
                (f"{at * CHANGE_STEP:.1f}", count)
                for at, count in enumerate(census.changes[split].tolist())
            ]
            head = f"Pairs of {split}, by pose change"
            charts.append(bar_chart(head, changes, "torso lengths; last bar: and more"))
    none = sum(not each.pairs for each in census.people)
    words = f"{none:,} of {len(census.people):,} people have no pair."
    return joined(paragraph(words), element("div", charts, class_="charts"))


def _parts(census: Census) -> Markup:
    charts, tables = [], []
    for split, counts in census.parts.items():
        total = counts[0, :3].sum()
        if not total:
            continue
        shares = counts / total
        rows = [(part, shares[at, :3].tolist()) for at, part in enumerate(PARTS)]
        head = f"Where parts come from, {split}"
        charts.append(share_chart(head, ("direct", "mirrored", "none"), rows))
        tables.append(
            [
                split,
                *(f"{share:.1%}" for share in shares[:, 3].tolist()),
                f"{shares[:, 3].mean():.1%}",
            ]
        )
    words = (
        "A part's pixels come from the same part of the source, from its mirrored twin, or from "
        "nowhere. A degenerate transform squeezes or stretches so much (condition above 4, or area "
        "below .15) that its pixels are of no use:"
    )
    heads = ("degenerate, of all pairs", *PARTS, "mean")
    return joined(element("div", charts, class_="charts"), paragraph(words), table(heads, tables))


def _galleries(reasons: Any, census: Census, gallery: Gallery) -> Markup:
    return joined([_gallery(key, reason, census, gallery) for key, reason in reasons.items()])


def _gallery(key: str, reason: Reason, census: Census, gallery: Gallery) -> Markup:
    cards = [
        element("div", gallery.cards[place.file, place.pair], id=_first_use(place, key, census))
        for place in census.lists[key]
    ]
    return element(
        "div",
        element("h3", reason.title[0].upper() + reason.title[1:]),
        paragraph(reason.meaning),
        element("div", cards, class_="cards") if cards else paragraph("None.", class_="faint"),
        data_group=key,
    )


def _first_use(place: Any, key: str, census: Census) -> str | None:
    """Return a card's anchor where the page shows the pair for the first time."""
    spot = (place.file, place.pair)
    for other, places in _in_order(census):
        if any((each.file, each.pair) == spot for each in places):
            return card_anchor(*spot) if other == key else None
    return None


def _in_order(census: Census) -> list[tuple[str, Any]]:
    return [(key, census.lists[key]) for key in (*HARDEST, *IMAGE_RULES, *PAIR_RULES)]


def _suspicious(census: Census, gallery: Gallery) -> Markup:
    rules = {**IMAGE_RULES, **PAIR_RULES}
    rows: list[Sequence[Content]] = [
        [
            rule.title,
            element("td", rule.meaning, class_="prose"),
            f"{census.struck[key][0]:,}" if key in IMAGE_RULES else "–",
            f"{census.struck[key][1]:,}",
        ]
        for key, rule in rules.items()
    ]
    prose = element("td", COPIES.meaning, class_="prose")
    rows.append([COPIES.title, prose, f"{sum(map(len, census.copies)):,}", "–"])
    words = (
        "Reasons to look, not proofs. Of each reason the worst pairs are shown, at most two of one "
        "identity; a pair is struck where one of its images is."
    )
    cut = f" {gallery.num_cut:,} pairs stand without pictures." if gallery.num_cut else ""
    struck = {key: rule for key, rule in rules.items() if census.lists[key]}
    return joined(
        paragraph(words + cut),
        table(("reason", "meaning", "images", "pairs"), rows, words=2),
        _copies(census),
        _galleries(struck, census, gallery),
    )


def _copies(census: Census) -> Markup | None:
    if not census.copies:
        return None
    rows = [
        [", ".join(sorted({f"{who:04d}" for who, _ in group})), _names(group)]
        for group in census.copies[:MAX_COPIES]
    ]
    head = COPIES.title[0].upper() + COPIES.title[1:]
    more = len(census.copies) - len(rows)
    return joined(
        element("h3", head),
        table(("identities", "images"), rows, words=2),
        paragraph(f"And {more:,} more groups.") if more else None,
    )


def _names(group: Sequence[tuple[int, str]]) -> list[Content]:
    shown: list[Content] = []
    for _, text in group[:MAX_ROWS]:
        shown += [", " if shown else None, name(text)]
    return [*shown, f" and {len(group) - MAX_ROWS:,} more" if len(group) > MAX_ROWS else None]


def _people(census: Census, people: Sequence[Person], gallery: Gallery) -> Markup:
    rows = []
    for each in people:
        key = (each.split, each.identity)
        face = gallery.thumbs.get(key)
        picture = element("img", src=face, alt="", class_="thumb", loading="lazy") if face else None
        numbers = (each.images, each.cameras, each.pairs, each.suspicious)
        cells = [element("td", f"{each.identity:04d}"), element("td", each.split)]
        cells += [element("td", f"{number:,}", class_="number") for number in numbers]
        rows.append(
            element(
                "tr", element("td", picture), cells,
                id=person_anchor(*key), data_identity=each.identity,
            )
        )  # fmt: skip
    left = len(census.people) - len(people)
    words = f"{len(census.people):,} people, each with the first image."
    if left:
        words += f" {left:,} of them, those with fewest suspicious images and pairs, have no row."
    heads = ("", "identity", "split", "images", "cameras", "pairs", "suspicious images")
    return joined(paragraph(words), rows and _people_table(heads, rows))


def _people_table(heads: Sequence[str], rows: Sequence[Markup]) -> Markup:
    top = element("tr", [element("th", head, scope="col") for head in heads])
    body = element("table", element("thead", top), element("tbody", rows))
    return element(
        "details",
        element("summary", "Everybody"),
        element("div", body, class_="scroll"),
        open=True,
    )
