"""One row for each command: the place where a new command joins the odd values and the attacks.

A row is a short command line that ends well, with what tells a finished output from any other.
``tests/test_odd_values.py`` puts odd values into it; ``tests/attacks`` kills it, signals it, fills
its disk, closes its streams and lays strangers' files in its way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from commands import call
from drawn_shards import publish_shards
from people_pictures import write_people
from PIL import Image
from poses import standing_pose
from real_market import market_of
from reid_folders import make_folder
from scored_pictures import make_results
from shard_folders import publish_folder
from small_market import make_market
from training_runs import digest, small_settings, train

from data_manifest.published_files import write_keypoints
from shared.skeleton import JOINT

OFTEN = """
preset = "dsc"
channels = 2
features = "pixels"
max-images = 24
[run]
checkpoint-images = 8
sheet-images = 16
status-images = 8
sheet-pairs = 2
score-pairs = 4
"""


def of_files(*patterns: str) -> Callable[[Path], str]:
    """A hash of the files of a folder that bear certain names; hidden ones are left out."""

    def hashed(out: Path) -> str:
        found = hashlib.sha256()
        for path in sorted({path for pattern in patterns for path in out.rglob(pattern)}):
            name = path.relative_to(out)
            if path.is_file() and not any(part.startswith(".") for part in name.parts):
                found.update(f"{name}\0".encode() + path.read_bytes())
        return found.hexdigest()

    return hashed


@dataclass(frozen=True)
class Row:
    """A command under test.

    Args:
        case: Name of the row.
        name: The command.
        arguments: ``{data}`` stands for the folder of :func:`make_data`, ``{out}`` for the output.
        quick: Arguments with which odd values are tried, such as ``--dry-run``; options that
            name an output are tried without them.
        outputs: Options that name what it writes.
        beside: What is given further with an option, where it is not looked at otherwise.
        finished: A hash of what must be equal whenever the command has come to its end; None
            where it writes nothing.
        is_resumable: Whether the same command goes on where a killed one was.
        saves: Whether a signal makes it save and end with exit code 75.
        has_product: Whether it prints a product on stdout.
        owns_folder: Whether its output is a folder of its own, which it locks.
        workers: Arguments that make it start processes; empty where it never does.
        is_long: Whether a call takes more than a moment.
        before: Python that a process of it runs first.
        places: Its arguments by name, where it has more than one.
    """

    case: str
    name: str
    arguments: tuple[str, ...]
    quick: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("--out",)
    beside: tuple[tuple[str, tuple[str, ...]], ...] = ()
    finished: Callable[[Path], str] | None = None
    is_resumable: bool = True
    saves: bool = False
    has_product: bool = True
    owns_folder: bool = True
    workers: tuple[str, ...] = ()
    is_long: bool = False
    before: str = ""
    places: tuple[str, ...] = ()

    def whole(self, data: Path, out: Path, *more: str) -> list[str]:
        """The whole command line."""
        return [word.format(data=data, out=out) for word in (*self.arguments, *more)]

    def without(self, option: str, data: Path, out: Path) -> list[str]:
        """The quick command line without the option that is to be tried."""
        quick = () if option in self.outputs else self.quick
        words = [*self.arguments, *quick, *dict(self.beside).get(option, ())]
        if not option.startswith("-"):
            del words[self.places.index(option) if option in self.places else 0]
        elif option in words[:-1]:
            at = words.index(option)
            del words[at : at + 2]
        return [word.format(data=data, out=out) for word in words]


SHORT_LESSON = (
    "import dataclasses; from train.reid import lesson; "
    "lesson.LESSON = dataclasses.replace(lesson.LESSON, steps=3, people=4, pictures=2); "
)
"""A judge in seconds; the protocol's 600 steps take minutes."""

SHEET = ("--sheet", "{out}/sheet.png")
ROWS = (
    Row(
        "prep-market",
        "prep-market",
        ("--src", "{data}/market/Market", "--out", "{out}", "--keypoints",
         "{data}/market/keypoints.csv", "--shard-size", "100KB", "--workers", "1"),
        quick=("--dry-run",),
        beside=(("--cluster", ("--backend", "dask")),),
        finished=of_files("*.h5", "*.csv"),
        workers=("--workers", "2"),
    ),
    Row(
        "prep-market by the demo model",
        "prep-market",
        ("--src", "{data}/market/Market", "--out", "{out}", "--pose-model", "demo",
         "--shard-size", "100KB", "--workers", "1", "--pose-batch", "2"),
        finished=of_files("*.h5", "*.csv"),
        is_long=True,
    ),
    Row(
        "extract-poses",
        "extract-poses",
        ("--src", "{data}/photos", "--out", "{out}/poses.csv", "--pose-model", "demo",
         "--workers", "1", "--idle", "0.2"),
        finished=of_files("*.csv"),
        owns_folder=False,
        is_long=True,
    ),
    Row(
        "extract-poses of a watch",
        "extract-poses",
        ("--src", "{data}/photos", "--out", "{out}/poses.csv", "--pose-model", "demo",
         "--watch", "--idle", "0.2"),
        finished=of_files("*.csv"),
        owns_folder=False,
        is_long=True,
    ),
    Row(
        "draw-market",
        "draw-market",
        ("--out", "{out}", "--identities", "4", "--images-per-identity", "2",
         "--workers", "1"),
        quick=("--dry-run",),
        finished=of_files("*"),
        workers=("--workers", "2", "--identities", "40"),
    ),
    Row(
        "inspect-shards",
        "inspect-shards",
        ("{data}/shards", *SHEET),
        outputs=("--sheet", "--html"),
        beside=(("--pairs", SHEET), ("--seed", SHEET), ("--split", SHEET)),
        finished=of_files("*.png"),
        is_resumable=False,
        owns_folder=False,
    ),
    Row(
        "inspect-shards of a page",
        "inspect-shards",
        ("{data}/shards", "--html", "{out}/shards.html"),
        outputs=("--html",),
        finished=of_files("*.html"),
        is_resumable=False,
        owns_folder=False,
    ),
    Row(
        "export-pairs",
        "export-pairs",
        ("{data}/shards", "--format", "gfla", "--out", "{out}"),
        quick=("--dry-run",),
        finished=of_files("*"),
    ),
    Row(
        "export-pairs of tables",
        "export-pairs",
        ("{data}/tables", "--format", "parquet", "--out", "{out}"),
        finished=of_files("*"),
    ),
    Row(
        "export-pairs of tars",
        "export-pairs",
        ("{data}/shards", "--format", "webdataset", "--out", "{out}", "--pairs-per-tar", "5"),
        finished=of_files("*"),
    ),
    Row(
        "copy-shards",
        "copy-shards",
        ("{data}/shards", "{out}"),
        quick=("--dry-run",),
        outputs=("dst",),
        finished=of_files("*"),
        places=("src", "dst"),
    ),
    Row(
        "check-reid",
        "check-reid",
        ("{data}/reid", "--json", "{out}/reid.json"),
        outputs=("--json",),
        finished=of_files("*.json"),
        is_resumable=False,
        owns_folder=False,
    ),
    Row(
        "posegan-studio",
        "posegan-studio",
        ("--model", "{data}/run", "--shards", "{data}/shards", "--device", "cpu", "--dry-run"),
        outputs=(),
        owns_folder=False,
        is_resumable=False,
        is_long=True,
    ),
    Row("posegan-doctor", "posegan-doctor", (), outputs=(), owns_folder=False),
    Row(
        "train-gan",
        "train-gan",
        ("--shards", "{data}/shards", "--out", "{out}", "--config", "{data}/often.toml"),
        quick=("--channels", "1", "--max-images", "2", "--dry-run"),
        finished=digest,
        saves=True,
    ),
    Row(
        "eval-gan of panels",
        "eval-gan",
        ("--panels", "{data}/results/def-gan", "--protocols", "l1,ssim", "--limit", "2",
         "--out", "{out}"),
        beside=(
            ("--run", ("--shards", "{data}/shards")),
            ("--shards", ("--run", "{data}/run")),
            ("--raw-weights", ("--run", "{data}/run", "--shards", "{data}/shards")),
        ),
        finished=of_files("*.csv"),
        is_long=True,
    ),
    Row(
        "eval-gan of a run",
        "eval-gan",
        ("--run", "{data}/run", "--shards", "{data}/shards", "--protocols", "l1", "--limit", "6",
         "--out", "{out}"),
        finished=of_files("*.csv", "*.png"),
        is_long=True,
    ),
    Row(
        "export-generator",
        "export-generator",
        ("{data}/run", "--out", "{out}"),
        quick=("--dry-run",),
        finished=of_files("*.safetensors", "*.json", "*.md"),
        is_long=True,
    ),
    Row(
        "share-generator",
        "share-generator",
        ("push", "--repo", "me/model", "--export", "{data}/model", "--dry-run"),
        outputs=(),
        owns_folder=False,
        is_resumable=False,
        is_long=True,
    ),
    Row(
        "repose",
        "repose",
        ("--model", "{data}/run", "--source", "{data}/person/photo.png", "--target",
         "{data}/person/walk.csv", "--source-poses", "{data}/person/photo.csv", "--sequence",
         "--device", "cpu", "--out", "{out}"),
        quick=("--dry-run",),
        finished=of_files("*.png", "*.csv", "*.webp", "repose.json"),
        is_long=True,
    ),
    Row(
        "augment-reid",
        "augment-reid",
        ("--model", "{data}/run", "--shards", "{data}/shards", "--market", "{data}/real",
         "--per-image", "2", "--device", "cpu", "--out", "{out}"),
        quick=("--dry-run",),
        finished=of_files("*"),
        is_long=True,
    ),
    Row(
        "report-run",
        "report-run",
        ("{data}/run", "--html", "{out}/run.html"),
        outputs=("--html",),
        finished=of_files("*.html"),
        is_resumable=False,
        owns_folder=False,
    ),
    Row(  # odd values are tried on this one: a judge of the protocol takes minutes
        "train-reid asked only",
        "train-reid",
        ("--src", "{data}/people", "--out", "{out}", "--device", "cpu", "--dry-run"),
    ),
    Row(
        "train-reid",
        "train-reid",
        ("--src", "{data}/people", "--out", "{out}", "--device", "cpu"),
        finished=of_files("reid.pt", "reid.pt.sha256"),
        before=SHORT_LESSON,
        is_long=True,
    ),
)  # fmt: skip


def write_person(folder: Path) -> None:
    """A photo, the pose of the person in it, and another person's walk of four frames."""
    folder.mkdir()
    Image.new("RGB", (100, 170), (90, 120, 60)).save(folder / "photo.png")
    pose = standing_pose()
    write_keypoints(folder / "photo.csv", ("photo.png",), (pose + 20)[None])
    half = pose + np.where(np.arange(18)[:, None] == JOINT["LHip"], np.nan, 20)
    write_keypoints(folder / "half.csv", ("photo.png",), half[None])
    walk = np.stack([pose * 1.4 + frame for frame in range(4)])
    write_keypoints(folder / "walk.csv", tuple(f"{frame}.png" for frame in range(4)), walk)


def first_rows() -> dict[str, Row]:
    """One row for each command: its first."""
    return {row.name: row for row in reversed(ROWS)}


def make_data(folder: Path) -> None:
    """What the rows read."""
    market = make_market(folder / "market", identities=2)
    shards = publish_shards(folder / "shards", train_shards=1)
    publish_folder(folder / "tables")
    make_results(folder / "results", count=3)
    (folder / "photos").mkdir()
    for name in market.names["train"][:2]:
        (folder / "photos" / name).write_bytes((market.folder("train") / name).read_bytes())
    write_people(folder / "people", range(1, 10))
    make_folder(folder / "reid")
    (folder / "often.toml").write_text(OFTEN)
    train(small_settings(shards, channels=1, max_images=8), shards, folder / "run")
    market_of(shards, folder / "real")
    write_person(folder / "person")
    done = call("export-generator", folder / "run", "--out", folder / "model", "--shards", shards)
    assert done.exit_code == 0, done.stderr
