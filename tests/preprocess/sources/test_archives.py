"""Archives in the place of folders: the same shards, and one line for whatever is wrong."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import call
from small_market import SmallMarket, hashes, jpeg, make_market

from data_manifest.tables import load_images
from preprocess.sources.archives import open_archive
from preprocess.sources.places import content_at, place_in
from shared.errors import UsageError
from shared.pictures import RefusedPictureError

NAME = "Market/bounding_box_train/0001_c1s1_000000_00.jpg"


def zipped(root: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = root.parent / f"market-{method}.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in sorted(root.rglob("*")):
            archive.write(file, file.relative_to(root.parent))
    return path


def tarred(root: Path, form: int = tarfile.PAX_FORMAT) -> Path:
    path = root.parent / f"market-{form}.tar"
    with tarfile.open(path, "w", format=form) as archive:
        archive.add(root, "./Market")
    return path


WRITERS: dict[str, Callable[[Path], Path]] = {
    "zip": zipped,
    "zip, stored": lambda root: zipped(root, zipfile.ZIP_STORED),
    "tar": tarred,
    "tar of gnu": lambda root: tarred(root, tarfile.GNU_FORMAT),
}


def prepared(src: Path, market: SmallMarket, out: Path) -> Path:
    done = call(
        *("prep-market", "--src", src, "--out", out, "--keypoints", market.keypoints),
        *("--workers", 1, "--shard-size", "100KB"),
    )
    assert done.exit_code == 0, done.stderr
    return out


@pytest.mark.parametrize("how", WRITERS)
def test_an_archive_makes_the_shards_of_its_unpacked_folder(tmp_path: Path, how: str) -> None:
    market = make_market(tmp_path, identities=2, images=3)
    src = WRITERS[how](market.root)
    before = sorted(tmp_path.iterdir())
    out = prepared(src, market, tmp_path / "packed")
    plain = prepared(market.root, market, tmp_path / "plain")
    assert hashes(out) == hashes(plain) and hashes(out, "*.csv") == hashes(plain, "*.csv")
    assert sorted(tmp_path.iterdir()) == sorted([*before, out, plain])
    prepared(market.root, market, out)  # the same data set: what is finished is verified only


@pytest.mark.process
def test_workers_read_an_archive_too(tmp_path: Path) -> None:
    market = make_market(tmp_path, identities=2, images=3)
    plain = prepared(market.root, market, tmp_path / "plain")
    done = call(
        *("prep-market", "--src", tarred(market.root), "--out", tmp_path / "out", "--keypoints"),
        *(market.keypoints, "--workers", 2, "--shard-size", "100KB"),
    )
    assert done.exit_code == 0, done.stderr
    assert hashes(tmp_path / "out") == hashes(plain)


def zip_of(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return path


def tar_of(path: Path, *members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(data), kind, "/etc/passwd"
            archive.addfile(info, io.BytesIO(data))
    return path


def cut(path: Path, end: int) -> Path:
    path.write_bytes(path.read_bytes()[:end])
    return path


def with_password(path: Path) -> Path:
    content = bytearray(zip_of(path, (NAME, b"x")).read_bytes())
    for start, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(start) + offset] |= 1
    path.write_bytes(content)
    return path


def over_each_other(path: Path) -> Path:
    """Two members of the directory name the same bytes: the trick of the densest bombs."""
    content = bytearray(zip_of(path, ("a.jpg", b"x" * 99), ("b.jpg", b"x" * 99)).read_bytes())
    second = content.rindex(b"PK\1\2")
    content[second + 42 : second + 46] = struct.pack("<I", 0)
    path.write_bytes(content)
    return path


def endless_header(path: Path) -> Path:
    """A tar whose extended header claims more bytes than any header has."""
    info = tarfile.TarInfo("x")
    info.size, info.type = 1 << 33, tarfile.XHDTYPE
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT))
    os.truncate(path, 1 << 33)
    return path


def backwards(path: Path) -> Path:
    """A tar whose member has a negative size, which sends readers round and round."""
    content = bytearray(tar_of(path, ("a.jpg", b"x")).read_bytes())
    content[124:136] = b"\xff" * 10 + struct.pack(">h", -512)
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    path.write_bytes(content)
    return path


HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "up": (lambda p: zip_of(p, ("../../x.jpg", b"x")), "names of files inside of the archive"),
    "up in the middle": (lambda p: tar_of(p, ("a/../../x.jpg", b"x")), "names of files inside"),
    "absolute": (lambda p: tar_of(p, ("/etc/x.jpg", b"x")), "found '/etc/x.jpg'"),
    "a drive": (lambda p: zip_of(p, ("c:\\x.jpg", b"x")), "names of files inside"),
    "deep": (lambda p: zip_of(p, ("a/" * 99 + "x.jpg", b"x")), "names of files inside"),
    "long": (lambda p: tar_of(p, ("x" * 5000, b"x")), "names of files inside"),
    "twice": (lambda p: tar_of(p, ("a.jpg", b"x"), ("./a.jpg", b"y")), "each name once"),
    "a file as folder": (lambda p: zip_of(p, ("a", b"x"), ("a/b.jpg", b"y")), "each name once"),
    "a password": (with_password, "an archive without a password"),
    "over each other": (over_each_other, "beyond its end, or over another member"),
    "zip cut": (lambda p: cut(zip_of(p, (NAME, bytes(999))), 100), "a whole archive"),
    "tar cut in a member": (lambda p: cut(tar_of(p, (NAME, bytes(999))), 1000), "a whole archive"),
    "tar cut behind a member": (lambda p: cut(tar_of(p, (NAME, b"x")), 1024), "found no end"),
    "an endless header": (endless_header, "a header too large"),
    "backwards": (backwards, "a whole archive"),
    "gzip": (lambda p: (p.write_bytes(b"\x1f\x8b" + bytes(99)), p)[1], "found a gzip file; unpack"),
    "text": (lambda p: (p.write_bytes(b"hello"), p)[1], "a folder, a .zip or a .tar"),
    "empty": (lambda p: (p.touch(), p)[1], "found an empty file"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_or_broken_archive_is_one_line(tmp_path: Path, case: str) -> None:
    make, said = HOSTILE[case]
    src = make(tmp_path / "src.archive")
    done = call("prep-market", "--src", src, "--out", tmp_path / "out", "--workers", 1)
    assert done.exit_code == 2, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith(f"error: {src}: expected") and said in lines[0]
    assert sorted(tmp_path.iterdir()) == [src]


def refusal_of(path: Path, name: str = "a.jpg") -> str:
    with pytest.raises(RefusedPictureError) as refused:
        content_at(place_in(open_archive(path), name))
    return str(refused.value)


def bomb(path: Path, claimed: int | None = None) -> Path:
    """A member that swells a thousandfold; its directory may claim that it is small."""
    content = bytearray(zip_of(path, ("a.jpg", bytes(70_000_000))).read_bytes())
    if claimed is not None:
        at = content.rindex(b"PK\1\2")
        content[at + 24 : at + 28] = struct.pack("<I", claimed)
    path.write_bytes(content)
    return path


def of_method(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.jpg", b"x" * 99)
    return path


def with_wrong_bytes(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.jpg", b"x" * 99)
    path.write_bytes(path.read_bytes().replace(b"xxxx", b"yxxx", 1))
    return path


def link_in_zip(path: Path) -> Path:
    info = zipfile.ZipInfo("a.jpg")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return path


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a bomb": (bomb, "file too large: over 64,000,000 bytes"),
    "a bomb that claims to be small": (lambda p: bomb(p, 99), "broken: not what the archive's"),
    "another method": (of_method, "packed by another method than deflate"),
    "wrong bytes": (with_wrong_bytes, "broken: not what the archive's directory says"),
    "a link in a zip": (link_in_zip, "a link in an archive"),
    "a link": (lambda p: tar_of(p, ("a.jpg", b""), kind=tarfile.SYMTYPE), "a link in an archive"),
    "a hard link": (lambda p: tar_of(p, ("a.jpg", b""), kind=tarfile.LNKTYPE), "a link in an arch"),
    "a device": (lambda p: tar_of(p, ("a.jpg", b""), kind=tarfile.CHRTYPE), "no regular file"),
    "a pipe": (lambda p: tar_of(p, ("a.jpg", b""), kind=tarfile.FIFOTYPE), "no regular file"),
    "empty": (lambda p: zip_of(p, ("a.jpg", b"")), "empty file"),
    "absent": (lambda p: zip_of(p, ("b.jpg", b"x")), "cannot be read: No such file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_member_that_cannot_be_used_has_its_reason(tmp_path: Path, case: str) -> None:
    make, said = REFUSED[case]
    assert refusal_of(make(tmp_path / "src.archive")).startswith(said)


def test_a_bad_member_is_a_bad_image_and_stops_nothing(tmp_path: Path) -> None:
    market = make_market(tmp_path, identities=1, images=3)
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(zipped(market.root), "a") as archive:
        archive.writestr("Market/bounding_box_train/0001_c1s1_000099_00.jpg", b"no picture")
        archive.writestr("Market/bounding_box_train/0001_c1s1_000098_00.jpg", jpeg(rng))
    done = call(
        *("prep-market", "--src", tmp_path / "market-8.zip", "--out", tmp_path / "out"),
        *("--keypoints", market.keypoints, "--workers", 1),
    )
    assert done.exit_code == 1 and "1 of 8" in done.stderr
    images = load_images(tmp_path / "out").set_index("name")
    assert images.loc["0001_c1s1_000099_00.jpg", "reason"] == "not an image: neither JPEG nor PNG"
    assert images.loc["0001_c1s1_000098_00.jpg", "status"] == "no key points"


def test_an_archive_that_vanished_is_said(tmp_path: Path) -> None:
    folder = open_archive(zip_of(tmp_path / "a.zip", ("a.jpg", b"x")))
    (tmp_path / "a.zip").unlink()
    with pytest.raises(RefusedPictureError, match="cannot be read: No such file"):
        content_at(place_in(folder, "a.jpg"))
    with pytest.raises(UsageError, match="No such file"):
        open_archive(tmp_path / "a.zip")
