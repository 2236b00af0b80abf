from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from disks import FailingDisk, FullDisk

from preprocess.sources.kept_pictures import NOT_KEPT, Keeper, Keeping, KeptPicture, KeptPictures
from preprocess.sources.known_images import KnownImage, PictureReader
from shared.errors import UsageError
from shared.files import Disk

SIZE = (6, 4)
BYTES = 6 * 4 * 3


def pictures(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.integers(0, 256, (count, *SIZE, 3), dtype=np.uint8)


def kept(
    folder: Path, all_of: np.ndarray, *, room: int = 10**6, disk: Disk | None = None
) -> tuple[Path, list[int]]:
    file = folder / "scratch"
    keeper = Keeper(Keeping(file, np.ones(len(all_of), bool), None, room, disk))
    for row, picture in enumerate(all_of):
        keeper.keep(row, picture)
    keeper.close()
    return file, keeper.offsets.tolist()


def test_what_is_kept_is_read_back(tmp_path: Path, rng: np.random.Generator) -> None:
    given = pictures(rng, 3)
    file, offsets = kept(tmp_path, given)
    images = [KnownImage(Path("gone"), "", KeptPicture(file, at, SIZE)) for at in offsets]
    with PictureReader() as reader:
        assert np.array_equal(reader.read_all(images, SIZE), given)
        assert np.array_equal(reader.read(images[1]), given[1])


@pytest.mark.parametrize(("room", "count"), [(0, 0), (BYTES - 1, 0), (BYTES, 1), (3 * BYTES, 3)])
def test_no_more_is_kept_than_there_is_room_for(
    room: int, count: int, tmp_path: Path, rng: np.random.Generator
) -> None:
    file, offsets = kept(tmp_path, pictures(rng, 3), room=room)
    assert offsets == [*range(0, count * BYTES, BYTES), *([NOT_KEPT] * (3 - count))]
    assert (file.stat().st_size if file.exists() else 0) == count * BYTES


def test_only_what_is_wanted_is_kept(tmp_path: Path, rng: np.random.Generator) -> None:
    keeper = Keeper(Keeping(tmp_path / "scratch", np.array([False, True]), (3, 2), 10**6))
    for row, picture in enumerate(pictures(rng, 2)):
        keeper.keep(row, picture)
    keeper.close()
    assert keeper.offsets.tolist() == [NOT_KEPT, 0]
    assert (tmp_path / "scratch").stat().st_size == 3 * 2 * 3


@pytest.mark.parametrize("call", range(5))
def test_a_disk_that_fails_keeps_nothing_and_stops_nobody(
    call: int, tmp_path: Path, rng: np.random.Generator
) -> None:
    file, offsets = kept(tmp_path, pictures(rng, 3), disk=FailingDisk(call, errno.EIO))
    assert offsets == [NOT_KEPT] * 3 and not file.exists()


def test_a_full_disk_keeps_nothing(tmp_path: Path, rng: np.random.Generator) -> None:
    file, offsets = kept(tmp_path, pictures(rng, 3), disk=FullDisk(2 * BYTES))
    assert offsets == [NOT_KEPT] * 3 and not file.exists()


def test_a_link_in_the_way_is_not_followed(tmp_path: Path, rng: np.random.Generator) -> None:
    (tmp_path / "theirs").write_text("precious")
    (tmp_path / "scratch").symlink_to(tmp_path / "theirs")
    offsets = kept(tmp_path, pictures(rng, 1))[1]
    assert offsets == [NOT_KEPT] and (tmp_path / "theirs").read_text() == "precious"
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "theirs")
    with PictureReader() as reader, pytest.raises(UsageError, match="the image that was checked"):
        reader.read(KnownImage(Path("gone"), "", KeptPicture(link, 0, SIZE)))


def test_blocks_share_the_room(tmp_path: Path) -> None:
    of_all = KeptPictures(tmp_path, None, 1000, block_images=4, num_images=10)
    shares = [
        of_all.of_block(number, np.ones(count, bool)) for number, count in enumerate((4, 4, 2))
    ]
    assert [keeping.max_bytes for keeping in shares if keeping] == [400, 400, 200]
    assert of_all.of_block(0, np.zeros(4, bool)) is None
    of_all.add(np.array([0, NOT_KEPT, 24, 48]))
    found = of_all.of_image(2, SIZE)
    assert found == KeptPicture(shares[0].file, 24, SIZE) and of_all.of_image(1, SIZE) is None
    assert len({keeping.file for keeping in shares if keeping}) == 3
