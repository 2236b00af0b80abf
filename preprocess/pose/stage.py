"""The pose stage: the estimator over all images that need it, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from preprocess.pairing.catalogue import Catalogue, Status
from preprocess.pose.kept_poses import KeptPoses
from preprocess.pose.people import People, PoseEstimator, empty_people, joints_of_people
from preprocess.sources.known_images import ImagesOf, KnownImage, PictureReader
from shared.console import Console

BLOCK_IMAGES: Final = 512
"""Images of one kept block: what a killed run loses at most."""

Picture = NDArray[np.uint8]
Block = Sequence[KnownImage]
"""Images that the model takes in hand together."""


class BlockEstimator(Protocol):
    """A pose model that takes whole blocks of files, in this process or in others.

    The estimators of ``preprocess.pose.device_processes`` are the ones there are.
    """

    @property
    def key(self) -> str:
        """The pose model's, see :class:`preprocess.pose.people.PoseEstimator`."""

    def people_of(self, blocks: Sequence[Block]) -> Iterator[tuple[int, People]]:
        """Find the people of blocks of files.

        Yields:
            A block's number and its people, as soon as they are found: in any order.

        Raises:
            UsageError: A file is not what it was.
        """


def with_poses(
    catalogue: Catalogue,
    images: ImagesOf,
    estimator: BlockEstimator,
    kept: KeptPoses,
    console: Console,
    *,
    joint_threshold: float,
) -> Catalogue:
    """Enter the pose of every image that is valid so far.

    Args:
        catalogue: The images, with their content known.
        images: Gives the images of rows, for reading.
        estimator: The pose model.
        kept: Results of earlier runs; new ones are added block by block.
        console: Shows the progress.
        joint_threshold: Least confidence of a present joint.

    Returns:
        The catalogue with joints, scores and people.
    """
    rows = catalogue.rows(Status.VALID)
    people = estimate(images(rows), estimator, kept, console)
    joints, scores = joints_of_people(people, catalogue.sizes[rows], joint_threshold)
    return catalogue.with_changes(
        joints=_placed(catalogue.joints, rows, joints),
        scores=_placed(catalogue.scores, rows, scores),
        people=_placed(catalogue.people, rows, people.count),
        person_scores=_placed(catalogue.person_scores, rows, people.person_score),
        margins=_placed(catalogue.margins, rows, people.margin),
    )


def estimate(
    images: Sequence[KnownImage],
    estimator: BlockEstimator,
    kept: KeptPoses,
    console: Console,
) -> People:
    """Find the person of each image, block by block, where an earlier run has not done so.

    Args:
        images: The images.
        estimator: The pose model.
        kept: Results of earlier runs; new ones are added after every block.
        console: Shows the progress.

    Returns:
        The people, in the order of the images.

    Raises:
        UsageError: A file is not what it was.
    """
    fresh: dict[str, KnownImage] = {}
    for image in images:
        if image.digest not in kept:
            fresh.setdefault(image.digest, image)
    wanted = list(fresh.values())
    blocks = [wanted[i : i + BLOCK_IMAGES] for i in range(0, len(wanted), BLOCK_IMAGES)]
    with console.stage("poses", len(images)) as stage:
        stage.skip(len(images) - len(wanted))
        for number, people in estimator.people_of(blocks):
            kept.keep([image.digest for image in blocks[number]], people)
            stage.advance(len(people))
    return kept.people_of([image.digest for image in images])


def prefetched(blocks: Iterable[Block], threads: int) -> Iterator[list[Picture]]:
    """Decode one block ahead of the one that the model works on.

    Args:
        blocks: Blocks of files; the next one is taken before the pictures of one are yielded.
        threads: Threads that decode.

    Yields:
        The pictures of a block.

    Raises:
        UsageError: A file is not what it was.
    """
    left = iter(blocks)
    with PictureReader() as reader, ThreadPoolExecutor(threads) as pool:
        ahead = [pool.map(reader.read, block) for block in islice(left, 1)]
        while ahead:
            pictures = list(ahead.pop())
            ahead.extend(pool.map(reader.read, block) for block in islice(left, 1))
            yield pictures


def estimate_pictures(estimator: PoseEstimator, pictures: Sequence[Picture]) -> People:
    """Estimate the pictures of a block, those of one size together."""
    by_size: dict[tuple[int, ...], list[int]] = {}
    for row, picture in enumerate(pictures):
        by_size.setdefault(picture.shape, []).append(row)
    people = empty_people(len(pictures))
    for rows in by_size.values():
        found = estimator.estimate(np.stack([pictures[row] for row in rows]))
        for name in vars(people):
            getattr(people, name)[rows] = getattr(found, name)
    return people


def _placed(values: NDArray[Any], rows: NDArray[np.intp], new: NDArray[Any]) -> NDArray[Any]:
    result = values.copy()
    result[rows] = new
    return result
