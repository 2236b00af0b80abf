"""The real test images among which a judge looks for a person, and whether it is fit to judge.

Convention:
    The gallery is what ``--gallery`` names, a folder of pictures or a shard folder (its test
    split); without it the shards of the run, or the targets and sources of the pairs. Junk is no
    part of it, distractors are. Names tell identity and camera, see :mod:`train.reid.labels`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from data_manifest.listed import read_all
from data_manifest.manifest import open_manifest, require_shards
from data_manifest.remote.folder import RemoteFolder, ShardFolder, folder_name
from shared.errors import UsageError, problem
from train.metrics.ranking import Ranking, rank
from train.reid.judges import AnyJudge
from train.reid.labels import DISTRACTOR, JUNK, Label, label_of
from train.reid.network import as_pixels
from train.scoring.pairing import Pair
from train.scoring.panels import bare_name
from train.scoring.pictures import Cut, list_pictures
from train.scoring.reading import Images, read_cut

LEAST_RANK_1: Final = 0.97
"""A judge that finds fewer real images' people first is no judge."""

MOST_OF_MEAN: Final = 0.05
"""One that finds more of them by the mean image is none either."""

MANIFEST: Final = "manifest.json"
IMAGES_AT_ONCE: Final = 64
QUERIES_AT_ONCE: Final = 512


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Real images as the judge sees them.

    Args:
        names: Without suffix.
        labels: int64 (g, 2), identity and camera.
        embeddings: float32 (g, d), 256 of a judge of ours.
        mean: float32 (d,), what the judge sees in the mean of the images.
        origin: Where they are from, for ``metrics.json``.
    """

    names: tuple[str, ...]
    labels: NDArray[np.int64]
    embeddings: NDArray[np.float32]
    mean: NDArray[np.float32]
    origin: dict[str, Any]

    def answers(
        self,
        embeddings: NDArray[np.float32],
        labels: NDArray[np.int64],
        sources: Sequence[str | None] = (),
    ) -> Ranking:
        """Rank the gallery for pictures.

        Args:
            embeddings: float32 (n, d), or (1, d) for all of them.
            labels: int64 (n, 2), identity and camera of each.
            sources: Name of the image that each was made of, which is no answer; none by default.
        """
        rows = {name: row for row, name in enumerate(self.names)}
        own = [rows.get(bare_name(source or "")) for source in sources]
        parts = []
        for first in range(0, len(labels), QUERIES_AT_ONCE):
            chunk = slice(first, first + QUERIES_AT_ONCE)
            right = labels[chunk, :1] == self.labels[:, 0]
            left_out = right & (labels[chunk, 1:] == self.labels[:, 1])
            for query, row in enumerate(own[chunk]):
                if row is not None:
                    left_out[query, row] = True
            asked = embeddings if len(embeddings) == 1 else embeddings[chunk]
            similarity = np.broadcast_to(asked @ self.embeddings.T, right.shape)
            parts.append(rank(similarity, right, left_out))
        return Ranking(*map(np.concatenate, zip(*parts, strict=True)))


def open_gallery(place: ShardFolder | None, pairs: Sequence[Pair], judge: AnyJudge) -> Gallery:
    """Let a judge look at all real test images.

    Args:
        place: Folder of pictures or shards; None for the images of the pairs.
        pairs: The pairs.
        judge: The judge.

    Raises:
        UsageError: A picture's name tells no identity and camera, or a file cannot be read.
    """
    names, labels, parts, digest = [], [], [], hashlib.sha256()
    total, form = torch.zeros(()), _form_of(place, pairs)
    for batch in _batches(place, pairs):
        pixels = torch.from_numpy(np.stack([image for _, image in batch]))
        names += [bare_name(name) for name, _ in batch]
        labels += [label_of_image(name) for name, _ in batch]
        parts.append(judge(pixels))
        total = total + as_pixels(pixels).double().sum(0)
        digest.update(pixels.numpy().tobytes())
    if not names:
        raise UsageError(problem(place, "real test images", "none", "name another --gallery"))
    mean = ((total / len(names) + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0)
    table = np.array(labels, np.int64)
    people = table[table[:, 0] > DISTRACTOR, 0]
    origin = {
        "set": folder_name(place) if place else "targets and sources of the pairs",
        "form": form,
        "num_images": len(names),
        "num_people": len(np.unique(people)),
        "pixels_sha256": digest.hexdigest(),
    }
    return Gallery(
        names=tuple(names),
        labels=table,
        embeddings=np.concatenate(parts),
        mean=judge(mean[None])[0],
        origin=origin,
    )


def examined(gallery: Gallery, where: Path) -> dict[str, float]:
    """Let every image of the gallery ask for its person, then the mean image in its place.

    Answers are counted by Market's rule: other images of the person by the same camera are none.

    Returns:
        Figures for ``metrics.json``.

    Raises:
        UsageError: The gallery shows nobody who could be asked for.
    """
    asking = gallery.labels[:, 0] > DISTRACTOR
    if not asking.any():
        raise UsageError(problem(where, "real test images of people", "none", "name --gallery"))
    labels = gallery.labels[asking]
    real = gallery.answers(gallery.embeddings[asking], labels)
    mean = gallery.answers(gallery.mean[None], labels)
    return {
        "real_rank_1": _mean(real.rank_1),
        "real_map": _mean(real.precision),
        "mean_rank_1": _mean(mean.rank_1),
    }


def require_fit(gallery: Gallery, where: Path) -> dict[str, float]:
    """Make sure that a judge knows real people and does not know the mean image.

    Returns:
        What :func:`examined` found.

    Raises:
        UsageError: The judge is refused, with the figures.
    """
    figures = examined(gallery, where)
    fit = figures["real_rank_1"] >= LEAST_RANK_1 and figures["mean_rank_1"] <= MOST_OF_MEAN
    if not fit:
        origin = gallery.origin
        found = (
            f"{figures['real_rank_1']:.3f} and {figures['mean_rank_1']:.3f} among "
            f"{origin['num_images']:,} images of {origin['num_people']} people"
        )
        expected = (
            f"a judge with rank-1 of real images {LEAST_RANK_1} or more "
            f"and of the mean image {MOST_OF_MEAN} or less"
        )
        remedy = "train it on more people of this data set, or name a larger --gallery"
        raise UsageError(problem(where, expected, found, remedy))
    return figures


def label_of_image(name: str) -> Label:
    """Read identity and camera from the name of a real image.

    Raises:
        UsageError: The name does not tell them.
    """
    label = label_of(name)
    if label is None:
        expected = "a name that begins with IDENTITY_cCAMERA, for --reid"
        raise UsageError(problem(name, expected, "another", "rename it, or leave --reid out"))
    return label


def _batches(
    place: ShardFolder | None, pairs: Sequence[Pair]
) -> Iterator[list[tuple[str, Images]]]:
    """Yield the images without junk in batches of one size."""
    batch: list[tuple[str, Images]] = []
    for name, image in _images(place, pairs):
        if label_of_image(name).identity == JUNK:
            continue
        if batch and (len(batch) == IMAGES_AT_ONCE or batch[0][1].shape != image.shape):
            yield batch
            batch = []
        batch.append((name, image))
    if batch:
        yield batch


def _images(place: ShardFolder | None, pairs: Sequence[Pair]) -> Iterator[tuple[str, Images]]:
    if place is None:
        for name, cut in sorted(_cuts(pairs).items()):
            yield name, read_cut(cut)
    elif isinstance(place, RemoteFolder) or (place / MANIFEST).is_file():
        shards = open_manifest(place).of_split("test")
        require_shards(place, shards)
        for arrays in read_all(place, shards):
            yield from zip(map(bytes.decode, arrays.names), arrays.images, strict=True)
    else:
        for path in list_pictures(place).values():
            yield path.name, read_cut(Cut(path))


def _cuts(pairs: Sequence[Pair]) -> dict[str, Cut]:
    """Find the real images of pairs by their names, sources where they are at hand."""
    found = {pair.target: pair.real for pair in pairs}
    for pair in pairs:
        if pair.original is not None and pair.source:
            found.setdefault(pair.source, pair.original)
    return found


def _form_of(place: ShardFolder | None, pairs: Sequence[Pair]) -> str:
    if isinstance(place, RemoteFolder) or (place is not None and (place / MANIFEST).is_file()):
        return "pixels of shards"
    if place is not None:
        return file_form(list_pictures(place).values())
    return file_form(pair.real.path for pair in pairs)


def file_form(paths: Iterable[Path]) -> str:
    """Name the form of files by their suffixes: ``JPEG``, ``PNG`` or several of them."""
    kinds = {path.suffix.lower().lstrip(".") for path in paths}
    return ", ".join(sorted({"JPEG" if kind == "jpg" else kind.upper() for kind in kinds}))


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0
