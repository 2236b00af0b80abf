"""Pictures of pairs and people for the page of a shard folder, within a bound of bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data_manifest.arrays import ShardArrays
from data_manifest.inspection.census import Person, Place
from data_manifest.inspection.suspicion import IMAGE_RULES, PAIR_RULES
from data_manifest.inspection.warping import warp_parts
from data_manifest.listed import read_listed
from data_manifest.manifest import Manifest
from data_manifest.remote.folder import ShardFolder
from shared.affine import STATUS_DIRECT, STATUS_MIRRORED
from shared.geometry import presence
from shared.page import Markup, element, name, paragraph, picture_address, picture_bytes
from shared.pair_geometry import pose_changes
from shared.pictures import resized
from shared.skeleton import BONES, JOINTS
from shared.stable_fit import degenerate

CARD_HEIGHT_PX: Final = 160
THUMB_HEIGHT_PX: Final = 72
CARD_BYTES: Final = 5_500_000
THUMB_BYTES: Final = 3_500_000
"""Compressed pictures beyond these bounds are left out; in the page they take 4/3 as much."""

MARGIN: Final = 0.25
"""A picture is shown with so much ground around it, as a share of its width, where joints lie."""

SIDES: Final = {"R": "right", "L": "left"}


@dataclass(frozen=True)
class Gallery:
    """Drawn pairs by shard and row, and pictures of people by split and identity."""

    cards: dict[tuple[str, int], Markup]
    thumbs: dict[tuple[str, int], str]
    num_cut: int


def draw_gallery(
    folder: ShardFolder,
    manifest: Manifest,
    places: Sequence[Place],
    people: Sequence[Person],
    advance: Callable[[int], object] = lambda _: None,
) -> Gallery:
    """Draw pairs and people, one shard after the other.

    Args:
        folder: The shard folder.
        manifest: Its manifest.
        places: The pairs, some of them perhaps twice.
        people: Those of whom the first image is shown, small.
        advance: Told after each shard.
    """
    wanted: dict[str, set[int]] = defaultdict(set)
    for place in places:
        wanted[place.file].add(place.pair)
    faces: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        faces[person.file].append(person)
    gallery = Gallery({}, {}, 0)
    room, faces_room, num_cut = CARD_BYTES, THUMB_BYTES, 0
    for entry in manifest.shards:
        if entry.file in wanted or entry.file in faces:
            arrays = read_listed(folder, entry)
            for pair in sorted(wanted[entry.file]):
                pictures = _pictures(arrays, pair)
                room -= sum(map(len, pictures))
                num_cut += room < 0
                shown = pictures if room >= 0 else []
                gallery.cards[entry.file, pair] = _card(arrays, pair, entry.split, shown)
            for person in faces[entry.file]:
                data = picture_bytes(_small(arrays.images[person.row], THUMB_HEIGHT_PX))
                faces_room -= len(data)
                if faces_room >= 0:
                    gallery.thumbs[person.split, person.identity] = picture_address(data)
        advance(1)
    return Gallery(gallery.cards, gallery.thumbs, num_cut)


def person_anchor(split: str, identity: int) -> str:
    """Return where the page speaks of a person."""
    return f"person-{split}-{identity}"


def card_anchor(file: str, pair: int) -> str:
    """Return where the page shows a pair."""
    return f"pair-{file.removesuffix('.h5')}-{pair}"


def _pictures(arrays: ShardArrays, pair: int) -> list[bytes]:
    source, target = arrays.pairs[pair].tolist()
    warped = warp_parts(
        arrays.images[source], arrays.quads[target], arrays.transforms[pair], combine="over"
    )
    each = (arrays.images[source], arrays.images[target], warped)
    return [picture_bytes(_small(pixels, CARD_HEIGHT_PX)) for pixels in each]


def _card(arrays: ShardArrays, pair: int, split: str, pictures: Sequence[bytes]) -> Markup:
    source, target = arrays.pairs[pair].tolist()
    identity = int(arrays.identities[source])
    poses = (arrays.joints[source], arrays.joints[target], None)
    heads = ("source", "target", "source, warped")
    cells = [
        element("div", _figure(data, pose, arrays.image_size, head), element("small", head))
        for data, pose, head in zip(pictures, poses, heads, strict=False)
    ]
    names = [arrays.names[row].decode("utf-8", "backslashreplace") for row in (source, target)]
    who = f"identity {identity:04d}"
    return element(
        "article",
        element("div", cells or "its pictures would make the page too large", class_="pictures"),
        paragraph(
            element("b", element("a", who, href=f"#{person_anchor(split, identity)}")),
            f" · {split} · cameras {arrays.cameras[source]} → {arrays.cameras[target]}",
        ),
        paragraph(name(names[0]), " → ", name(names[1]), class_="faint"),
        paragraph(_figures(arrays, pair)),
        element("div", [element("span", tag) for tag in _tags(arrays, pair)], class_="tags"),
        class_="card",
        data_identity=identity,
    )


def _figures(arrays: ShardArrays, pair: int) -> str:
    with np.errstate(all="ignore"):
        change = float(pose_changes(arrays.joints, *arrays.pairs[pair : pair + 1].T)[0])
    status = arrays.status[pair]
    counts = {
        "direct": (status == STATUS_DIRECT).sum(),
        "mirrored": (status == STATUS_MIRRORED).sum(),
        "none": (status == 0).sum(),
        "degenerate": degenerate(arrays.transforms[pair], status).sum(),
    }
    parts = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"pose change {change:.2f} torso lengths; parts: {parts}"


def _tags(arrays: ShardArrays, pair: int) -> list[str]:
    """Name the rules that strike a pair, or an image of it."""
    one = _alone(arrays, pair)
    struck = (rule for rule in (*IMAGE_RULES.values(), *PAIR_RULES.values()))
    return [rule.title for rule in struck if (rule.severity(one) > 0).any()]


def _alone(arrays: ShardArrays, pair: int) -> ShardArrays:
    """Return a shard of one pair and its two images."""
    rows = arrays.pairs[pair]
    of_pairs = {"pair_order", "transforms", "status"}
    values = {
        key: each[pair : pair + 1] if key in of_pairs else each[rows]
        for key, each in arrays.as_mapping().items()
        if key != "pairs"
    }
    return ShardArrays(pairs=np.array([[0, 1]], np.int32), **values)


def _figure(
    data: bytes, pose: NDArray[np.float32] | None, size: tuple[int, int], head: str
) -> Markup:
    height, width = size
    room = 0.0 if pose is None else _room(pose, size)
    view = (-0.5 - room, -0.5 - room, width + 2 * room, height + 2 * room)
    picture = element(
        "image", href=picture_address(data), x=-0.5, y=-0.5, width=width, height=height,
        preserveAspectRatio="none",
    )  # fmt: skip
    bones = () if pose is None else _bones(pose)
    box = " ".join(f"{each:g}" for each in view)
    return element("svg", picture, bones, viewBox=box, role="img", aria_label=head)


def _bones(pose: NDArray[np.float32]) -> list[Markup]:
    """Draw a skeleton: one path for each side of the body."""
    known = presence(pose)
    ways: dict[str, list[str]] = {"middle": [], "right": [], "left": []}
    for start, end in BONES:
        if known[start] and known[end]:
            points = (f"{x:.1f} {y:.1f}" for x, y in pose[[start, end]].tolist())
            side = SIDES.get(JOINTS[end][0], "middle")
            ways[side].append("M" + "L".join(points))
    return [
        element("path", class_=f"bone {side}", d="".join(way)) for side, way in ways.items() if way
    ]


def _room(pose: NDArray[np.float32], size: tuple[int, int]) -> float:
    """Return how much ground a picture needs around it, for joints outside of it."""
    height, width = size
    inside = np.array([width - 0.5, height - 0.5])
    beyond = np.maximum(-0.5 - pose.astype(np.float64), pose - inside)
    worst = float(np.where(np.isnan(beyond), 0, beyond).max())
    return round(min(worst + 1, MARGIN * width), 1) if worst > 0 else 0.0


def _small(pixels: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    if pixels.shape[0] <= height:
        return pixels
    return resized(pixels, (height, max(1, round(pixels.shape[1] * height / pixels.shape[0]))))
