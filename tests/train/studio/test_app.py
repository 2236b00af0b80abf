"""The page's server, called without a socket: what it answers, and what it refuses."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from poses import standing_pose
from starlette.testclient import TestClient

from shared.geometry import Floats
from shared.skeleton_file import Skeleton, plain_skeleton, read_skeleton
from train.inference.crops import Crop, Picture, cut_out
from train.inference.painter import DrawnPhoto
from train.studio import app as app_module
from train.studio.app import make_app
from train.studio.drawing import LIVE_PIXELS, Artist
from train.studio.gallery import packaged_people
from train.studio.photos import MOST_PHOTOS, HeldPhoto, plain_name
from train.studio.state import Studio

HOST, WORD = "127.0.0.1:8000", "the-word"
HOME = f"http://{HOST}/{WORD}/"


class Copier:
    """A painter that shows the photo's crop; it stands where a network would."""

    image_size = (128, 64)

    def __init__(self) -> None:
        self.asked: list[tuple[Floats, int]] = []

    def draw_photos(
        self,
        photos: Sequence[Picture],
        source_joints: Floats,
        target_joints: Floats,
        *,
        crops: Sequence[Crop] | None = None,
        most_pixels: int = 0,
    ) -> list[DrawnPhoto]:
        assert crops is not None
        self.asked.append((target_joints[0], most_pixels))
        picture = cut_out(photos[0], crops[0])
        return [
            DrawnPhoto(picture=picture, crop=crops[0], window=crops[0], drawn_size=crops[0].size)
        ]


@pytest.fixture
def copier() -> Copier:
    return Copier()


def client_of(copier: Copier, **further: Any) -> TestClient:
    studio = Studio(
        artist=Artist(copier),
        model="demo",
        gallery=packaged_people(),
        rng=np.random.default_rng(1),
        **further,
    )
    return TestClient(make_app(studio, word=WORD, hosts=[HOST]), base_url=HOME)


@pytest.fixture
def client(copier: Copier) -> TestClient:
    return client_of(copier)


def encoded(height: int = 150, width: int = 90, form: str = "PNG") -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()


def body(key: str, **changes: Any) -> dict[str, Any]:
    plain = plain_skeleton(Skeleton(standing_pose(), (128, 64)))
    return {"photo": key, "source": plain, "target": plain, **changes}


def added(client: TestClient, name: str = "me.png") -> dict[str, Any]:
    answer = client.post("photos", params={"name": name}, content=encoded())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refusal(answer: Any) -> str:
    """The one line of a refusal."""
    text = str(answer.json()["error"])
    assert "\n" not in text and "Traceback" not in text
    return text


def test_the_page_and_its_files_are_served_and_nothing_else(client: TestClient) -> None:
    page = client.get("")
    assert page.status_code == 200 and "<title>PoseGAN studio" in page.text
    for name in ("studio.js", "studio.css", "skeleton.js", "artist.js", "icon.svg"):
        assert name in page.text + client.get("studio.js").text
        assert client.get(name).status_code == 200
    for path in ("app.py", "..%2fapp.py", "%2e%2e/guard.py", "page/index.html", "/etc/passwd"):
        assert client.get(f"{HOME}{path}").status_code == 404, path


def test_nothing_of_the_page_names_a_foreign_host() -> None:
    for path in app_module.PAGE.iterdir():
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text and "@import" not in text and "<script>" not in text, path


def test_every_answer_forbids_what_the_page_does_not_need(client: TestClient) -> None:
    for answer in (client.get(""), client.get("nothing"), client.post("draw", content=b"{")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:8001"},
        {"host": f"{HOST}.evil.example"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": f"https://{HOST}"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_sites_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("facts", headers=headers).status_code == 403
    assert client.post("photos", content=encoded(), headers=headers).status_code == 403


def test_its_own_page_is_answered_and_paths_without_the_word_are_not(client: TestClient) -> None:
    own = {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
    assert client.post("shuffle", headers=own).status_code == 200
    for path in ("/", "/facts", "/the-wor/facts", "/the-word", "/the-word\u00e9/facts"):
        assert client.get(f"http://{HOST}{path}").status_code == 404, path


def test_a_photo_is_drawn_pixel_by_pixel(client: TestClient, copier: Copier) -> None:
    photo = added(client)
    answer = client.post("draw", json=body(photo["key"], live=True))
    assert answer.status_code == 200, answer.text
    height, width = map(int, answer.headers["x-size"].split(","))
    left, top, *_ = map(int, answer.headers["x-crop"].split(","))
    drawn = np.frombuffer(answer.content, np.uint8).reshape(height, width, 3)
    whole = np.asarray(Image.open(io.BytesIO(encoded())))
    np.testing.assert_array_equal(drawn, whole[top : top + height, left : left + width])
    client.post("draw", json=body(photo["key"]))
    assert [most for _, most in copier.asked] == [LIVE_PIXELS, 2**20]


def test_a_pose_of_any_place_and_size_is_brought_to_the_person(
    client: TestClient, copier: Copier
) -> None:
    photo = added(client)
    large = plain_skeleton(Skeleton(standing_pose() * 7 + 300, (1000, 600)))
    client.post("draw", json=body(photo["key"], target=large))
    np.testing.assert_allclose(copier.asked[-1][0], standing_pose(), atol=1e-6)


def test_an_absent_joint_stays_absent(client: TestClient, copier: Copier) -> None:
    target = plain_skeleton(Skeleton(standing_pose(), (128, 64)))
    target["joints"][4] = None
    client.post("draw", json=body(added(client)["key"], target=target))
    assert np.isnan(copier.asked[-1][0]).all(axis=1).tolist() == [j == 4 for j in range(18)]


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its few bytes do not hold."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


MULTIPART = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n' + encoded()
HOSTILE = {
    "nothing": b"",
    "text": b"hello",
    "a script": b"<script>alert(1)</script>",
    "EPS by the name of PNG": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "GIF": encoded(form="GIF"),
    "multipart": MULTIPART,
    "a bomb": png_claiming(30_000, 30_000),
    "a bomb by width alone": png_claiming(2**31 - 1, 1),
    "half a PNG": encoded()[:2000],
    "half a JPEG": encoded(form="JPEG")[:2000],
    "a PNG without pixels": png_claiming(0, 9),
    "zeros": bytes(100_000),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_upload_is_refused_in_one_line(client: TestClient, content: bytes) -> None:
    answer = client.post("photos", params={"name": "a.png"}, content=content)
    assert answer.status_code == 422
    assert refusal(answer).startswith("photo: expected a picture, found ")


@pytest.mark.parametrize("claim", ["1000000000", "99999999999999999999", "-1", "1e3", "", "²"])
def test_a_claimed_size_is_refused_before_anything_is_read(client: TestClient, claim: str) -> None:
    headers = {"content-length": claim.encode("latin-1")}
    for path in ("photos", "draw", "repeat"):
        answer = client.post(path, content=b"x", headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 413, (path, answer.text)


def test_an_upload_that_does_not_say_its_size_is_cut_off(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "MAX_UPLOAD_BYTES", 1000)
    parts = (bytes(400) for _ in range(1_000_000))
    assert client.post("photos", content=parts).status_code == 413


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..\\..\\boot.ini", "a\x00b\n.png", "", "..", "/", "x" * 5000, "-rf",
     "$(reboot).png", "\ud800.png", "a:b.png"],
)  # fmt: skip
def test_a_path_for_a_name_leads_nowhere(name: str) -> None:
    plain = plain_name(name)
    assert plain and len(plain) <= 120 and plain not in (".", "..")
    assert not set(plain) & set("/\\\x00\n:")


def test_the_command_line_quotes_names_and_its_files_are_read_again(
    client: TestClient, tmp_path: Path
) -> None:
    photo = added(client, "../$(reboot) me.png")
    found = client.post("repeat", json=body(photo["key"])).json()
    assert found["command"].startswith("repose --model demo --source '$(reboot) me.png' ")
    assert found["source"] == "$(reboot) me.png"
    (poses, table), (skeleton, text) = found["files"].items()
    assert poses in found["command"] and skeleton in found["command"]
    assert table.splitlines()[1].startswith("$(reboot) me.png: ")
    (tmp_path / skeleton).write_text(text)
    read = read_skeleton(tmp_path / skeleton)
    np.testing.assert_array_equal(read.joints, standing_pose())


def joints_with(value: Any) -> dict[str, Any]:
    plain = plain_skeleton(Skeleton(standing_pose(), (128, 64)))
    plain["joints"][3] = value
    return plain


ODD_JOINTS = (
    [float("nan"), 1.0],
    [float("inf"), 1.0],
    [1e300, 0.0],
    [1],
    "x",
    {},
    [True, 1],
    [[1], 2],
)


@pytest.mark.parametrize("value", ODD_JOINTS, ids=str)
def test_odd_joints_are_refused(client: TestClient, value: Any) -> None:
    key = added(client)["key"]
    for name in ("source", "target"):
        content = json.dumps(body(key, **{name: joints_with(value)}))
        answer = client.post("draw", content=content)
        assert answer.status_code == 422
        assert refusal(answer).startswith(f"{name}, joint 3: expected [x, y] or null")


ODD_BODIES = {
    "no JSON": b"{",
    "deep": b"[" * 15_000,
    "a list": b"[]",
    "a huge number": b'{"photo": 1' + b"0" * 5000 + b"}",
    "no UTF-8": b"\xff\xfe",
    "further keys": b'{"photo": "x", "path": "/etc/passwd"}',
    "a long key": json.dumps(body("x" * 5000)).encode(),
    "a photo that is a path": json.dumps(body("../../etc/passwd")).encode(),
    "a photo of no number": json.dumps(body("gallery-²")).encode(),
    "a photo beyond the last": json.dumps(body("gallery-99999999")).encode(),
    "live by a word": json.dumps(body("gallery-0", live="yes")).encode(),
}


@pytest.mark.parametrize("content", ODD_BODIES.values(), ids=ODD_BODIES.keys())
def test_odd_requests_are_refused_in_one_line(client: TestClient, content: bytes) -> None:
    for path in ("draw", "repeat"):
        answer = client.post(path, content=content)
        assert answer.status_code == 422
        assert "expected" in refusal(answer)


def test_huge_json_is_not_read(client: TestClient) -> None:
    answer = client.post("draw", content=b'{"photo": "' + b"x" * 100_000 + b'"}')
    assert answer.status_code == 413


def test_poses_that_cannot_be_drawn_are_refused(client: TestClient) -> None:
    key = added(client)["key"]
    pose = standing_pose()
    for changed in (pose * 0, pose * 1e-3 + 5, np.where(np.arange(18)[:, None] == 8, np.nan, pose)):
        plain = plain_skeleton(Skeleton(changed, (128, 64)))
        for name in ("source", "target"):
            answer = client.post("draw", json=body(key, **{name: plain}))
            assert answer.status_code == 422 and "move its joints" in refusal(answer)


def test_old_photos_are_dropped_and_those_in_use_are_kept(client: TestClient) -> None:
    first, second = added(client)["key"], added(client)["key"]
    for _ in range(MOST_PHOTOS - 1):
        added(client)
        assert client.get(f"photos/{first}").status_code == 200
    assert client.get(f"photos/{second}").status_code == 422


def test_a_found_person_is_told_and_no_person_leaves_the_standing_skeleton(copier: Copier) -> None:
    known: dict[str, Any] = {"joints": standing_pose()}

    def find(_: HeldPhoto) -> Any:
        return known["joints"]

    client = client_of(copier, find_pose=find)
    photo = added(client)
    assert not photo["isFound"] and client.get("facts").json()["findsPoses"]
    found = client.post(f"photos/{photo['key']}/pose").json()
    assert found["isFound"] and found["joints"] == standing_pose().tolist()
    for nobody in (None, np.full((18, 2), np.nan), np.zeros((18, 2))):
        known["joints"] = nobody
        again = client.post(f"photos/{photo['key']}/pose").json()
        assert not again["isFound"] and again["joints"] == photo["joints"]


def test_the_standing_skeleton_stands_inside_of_the_photo(client: TestClient) -> None:
    photo = added(client)
    joints = np.array(photo["joints"], float)
    assert photo["imageSize"] == [150, 90]
    assert (joints > 0).all() and (joints < [89, 149]).all()


def test_shuffling_shows_each_person_once(client: TestClient) -> None:
    people = client.post("shuffle").json()
    assert len(people) == len({each["identity"] for each in people}) == 8
    for each in people:
        assert client.get(f"photos/{each['key']}").headers["content-type"] == "image/png"
