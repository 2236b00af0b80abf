"""The catalogue: the images of the train and test folders, and what is known of each.

Convention:
    Rows are in the order that pairs follow: that of the key point files' rows where there are
    any, else that of the names, train before test. Joints are in pixels of the source image.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from preprocess.pairing.annotations import Annotations
from preprocess.sources.images import Checked
from preprocess.sources.source import Listing, SourceImage, Verdict
from shared.geometry import presence, valid_poses
from shared.skeleton import JOINTS, NUM_JOINTS, TORSO_JOINTS


class Status(StrEnum):
    """What becomes of an image; only valid ones enter shards.

    A data set has further words for what it keeps out itself, see
    :class:`preprocess.sources.source.Verdict`.
    """

    VALID = "valid"
    BAD = "bad"
    NO_KEY_POINTS = "no key points"
    NO_POSE = "no pose"
    ABSENT = "absent"


UNKNOWN_COUNT: Final = -1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Images with what is known of them; n rows.

    Args:
        images: As the data set lists them.
        splits: str (n,), ``"train"`` or ``"test"``.
        identities: int32 (n,).
        cameras: int16 (n,).
        annotation_rows: int64 (n,), row of the key points; -1 where there is none.
        status: object (n,), :class:`Status` or a word of the data set.
        reasons: object (n,), why an image is not valid, "" where it is.
        sizes: int32 (n, 2), (height, width); 0 where unknown.
        digests: object (n,), SHA-256 of each file's content.
        joints: float64 (n, 18, 2), pixels, NaN where absent.
        scores: float32 (n, 18), NaN where unknown.
        people: int16 (n,), people seen; -1 where unknown.
        person_scores: float32 (n,), NaN where unknown.
        margins: float32 (n,), NaN where unknown.
    """

    images: Sequence[SourceImage]
    splits: NDArray[np.str_]
    identities: NDArray[np.int32]
    cameras: NDArray[np.int16]
    annotation_rows: NDArray[np.int64]
    status: NDArray[np.object_]
    reasons: NDArray[np.object_]
    sizes: NDArray[np.int32]
    digests: NDArray[np.object_]
    joints: NDArray[np.float64]
    scores: NDArray[np.float32]
    people: NDArray[np.int16]
    person_scores: NDArray[np.float32]
    margins: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def names(self) -> list[str]:
        """Names of the images."""
        return [image.name for image in self.images]

    def rows(self, status: Status, split: str | None = None) -> NDArray[np.intp]:
        """Return the rows of a status, and of a split where one is named."""
        chosen = self.status == status
        return np.flatnonzero(chosen if split is None else chosen & (self.splits == split))

    def with_changes(self, **fields: Any) -> Catalogue:
        """Return the catalogue with some fields replaced."""
        return dataclasses.replace(self, **fields)

    def refused(self, rows: NDArray[Any], status: str, reasons: Sequence[str] | str) -> Catalogue:
        """Return the catalogue with valid rows among these refused; earlier refusals stay."""
        new_status, new_reasons = self.status.copy(), self.reasons.copy()
        texts = [reasons] * len(rows) if isinstance(reasons, str) else reasons
        for row, reason in zip(rows.tolist(), texts, strict=True):
            if new_status[row] == Status.VALID:
                new_status[row], new_reasons[row] = status, reason
        return self.with_changes(status=new_status, reasons=new_reasons)


def make_catalogue(listing: Listing, annotations: Annotations | None) -> Catalogue:
    """Put a data set's images in order; valid for now is each whose name shows no fault."""
    images = list(listing.images)
    rows = np.full(len(images), -1, np.int64)
    if annotations is not None:
        rows[:] = [annotations.row_of(image.name, image.other_name) for image in images]
        order = np.argsort(np.where(rows < 0, len(annotations), rows), kind="stable")
        images, rows = [images[row] for row in order], rows[order]
    count = len(images)
    catalogue = Catalogue(
        images=tuple(images),
        splits=np.array([image.split for image in images], dtype=np.str_),
        identities=np.array([image.identity for image in images], np.int32),
        cameras=np.array([image.camera for image in images], np.int16),
        annotation_rows=rows,
        status=_objects([Status.VALID] * count),
        reasons=_objects([""] * count),
        sizes=np.zeros((count, 2), np.int32),
        digests=_objects([""] * count),
        joints=np.full((count, NUM_JOINTS, 2), np.nan),
        scores=np.full((count, NUM_JOINTS), np.nan, np.float32),
        people=np.full(count, UNKNOWN_COUNT, np.int16),
        person_scores=np.full(count, np.nan, np.float32),
        margins=np.full(count, np.nan, np.float32),
    )
    faulty = np.flatnonzero([image.fault != "" for image in images])
    return catalogue.refused(faulty, Status.BAD, [images[row].fault for row in faulty])


def with_checks(catalogue: Catalogue, checked: Checked, *, any_size: bool) -> Catalogue:
    """Enter what reading the images showed; refuse those that are no usable pictures.

    Args:
        catalogue: The images.
        checked: What was found, in the order of the catalogue.
        any_size: Accept images whose size differs from the most common one.
    """
    bad = np.flatnonzero([reason != "" for reason in checked.reasons])
    known = catalogue.with_changes(sizes=checked.sizes, digests=_objects(checked.digests))
    known = known.refused(bad, Status.BAD, [checked.reasons[row] for row in bad])
    return known if any_size else _of_one_size(known)


def without_unpaired(catalogue: Catalogue) -> Catalogue:
    """Refuse the images that the data set says are never paired."""
    rows: dict[Verdict, list[int]] = {}
    for row, image in enumerate(catalogue.images):
        if image.never_paired is not None:
            rows.setdefault(image.never_paired, []).append(row)
    for verdict, of_verdict in rows.items():
        catalogue = catalogue.refused(np.array(of_verdict), verdict.status, verdict.reason)
    return catalogue


def with_annotations(catalogue: Catalogue, annotations: Annotations) -> Catalogue:
    """Enter published key points; refuse images without a row."""
    rows = catalogue.annotation_rows
    joints = np.where((rows >= 0)[:, None, None], annotations.joints[rows], np.nan)
    known = catalogue.with_changes(joints=joints)
    return known.refused(
        np.flatnonzero(rows < 0), Status.NO_KEY_POINTS, "no row in the key point files"
    )


def without_invalid(catalogue: Catalogue) -> Catalogue:
    """Refuse images whose pose cannot be paired, naming the torso joints that are absent."""
    rows = np.flatnonzero((catalogue.status == Status.VALID) & ~valid_poses(catalogue.joints))
    present = presence(catalogue.joints)
    reasons = []
    for row in rows:
        absent = [JOINTS[joint] for joint in TORSO_JOINTS if not present[row, joint]]
        nobody = catalogue.people[row] == 0
        reasons.append("nobody seen" if nobody else f"torso incomplete: no {' '.join(absent)}")
    return catalogue.refused(rows, Status.NO_POSE, reasons)


def _of_one_size(catalogue: Catalogue) -> Catalogue:
    good = catalogue.rows(Status.VALID)
    if len(good) == 0:
        return catalogue
    sizes, counts = np.unique(catalogue.sizes[good], axis=0, return_counts=True)
    height, width = sizes[np.argmax(counts)]
    other = good[(catalogue.sizes[good] != (height, width)).any(axis=1)]
    reasons = [
        f"another size: {own_height}x{own_width}, most are {height}x{width}"
        for own_height, own_width in catalogue.sizes[other].tolist()
    ]
    return catalogue.refused(other, Status.BAD, reasons)


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    array = np.empty(len(values), object)
    array[:] = values
    return array
