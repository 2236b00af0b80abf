"""Labels: a user's own table says who is on which image of any folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from preprocess.settings import SourceSettings
from preprocess.sources.registry import find_source
from preprocess.sources.source import Listing
from shared.errors import UsageError


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("a.jpg", "deep/er/b.png", "deep/c.jpg", "deep/readme.txt"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "photos"


def listed(photos: Path, text: str, **how: object) -> Listing:
    file = photos.parent / "labels.csv"
    file.write_text(text)
    return find_source(photos, SourceSettings(labels=file, **how)).listing()


def test_labels_give_identity_camera_and_split_of_images_anywhere(photos: Path) -> None:
    text = "split,name,identity,camera\ntest,deep/er/b.png,Bo,3\ntrain,./a.jpg,Al,\n"
    listing = listed(photos, text)
    assert [(i.split, i.name, i.identity, i.camera, i.other_name) for i in listing.images] == [
        ("train", "a.jpg", 0, -1, ""),
        ("test", "deep_er_b.png", 1, 3, "deep/er/b.png"),
    ]
    assert [(file.name, file.verdict.reason) for file in listing.others] == [
        ("c.jpg", "no row in the labels"),
        ("readme.txt", "not an image"),
    ]


def test_whole_numbers_stay_the_numbers_that_they_are(photos: Path) -> None:
    listing = listed(photos, 'name,identity\na.jpg,0042\n"deep/c.jpg",7\n', test_share=0)
    assert [image.identity for image in listing.images] == [42, 7]
    assert len(listing.remarks) == 1 and "--test-share 0 --split-seed 0" in listing.remarks[0]


def test_labels_without_an_image_are_counted(photos: Path) -> None:
    text = "name,identity,split\na.jpg,1,train\n../secret.jpg,1,train\nno.jpg,2,test\n"
    assert listed(photos, text).remarks == ("2 labels have no image, ../secret.jpg among them",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"labels\.csv: expected a CSV with the columns name,identity"),
        ("name,person\na.jpg,1\n", "found the head 'name,person'"),
        ("name,identity\n", "expected rows of labels, found none"),
        ("name,identity\na.jpg\n", r"labels\.csv:2: expected 2 fields, found 1"),
        ("name,identity\na.jpg,\n", r"labels\.csv:2: expected an identity"),
        ("name,identity\na.jpg,1\n./a.jpg,2\n", r"labels\.csv:3: expected each image once"),
        ("name,identity\na\\b.jpg,1\n", r"labels\.csv:2: expected each image once, by its plain"),
        ("name,identity,camera\na.jpg,1,x\n", "expected a camera from 0 to 32,767, or none"),
        ("name,identity,camera\na.jpg,1,40000\n", "expected a camera from 0"),
        ("name,identity,split\na.jpg,1,query\n", "expected train, test or nothing as split"),
        ("name,identity,split\na.jpg,1,train\nb.jpg,1,\n", "a split in every row or in none"),
        ('name,identity\n"a.jpg,1\n', "expected a line of a CSV"),
        ("name,name\n", "found the head 'name,name'"),
    ],
)
def test_a_wrong_table_is_refused_by_its_line(photos: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        listed(photos, text)


def test_labels_go_with_folders_alone(photos: Path) -> None:
    with pytest.raises(UsageError, match="--labels: expected --source folders, found --source msm"):
        SourceSettings(kind="msmt17", labels=photos)
