"""The making of an augmented set, read top to bottom: people, poses, pictures, then the folder."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data_manifest.manifest import MANIFEST_FILE
from data_manifest.reid.tools import File, by_pattern
from shared.console import Console
from shared.errors import UsageError, problem
from shared.files import Disk, publish, publish_text, require_space, sha256_of_file
from shared.folder_record import FolderRecord
from shared.owned_folder import OwnedFolder, owned_folder
from shared.provenance import versions
from shared.regular_files import is_regular
from train.augment import table
from train.augment.blocks import block_file
from train.augment.drawing import Drawing
from train.augment.judging import open_fit_judge
from train.augment.layouts import LAYOUTS
from train.augment.people import NUM_NAMED, read_people
from train.augment.plan import plan_pictures
from train.augment.real import RealFiles, bytes_of, find_real, require_sources
from train.augment.settings import AugmentSettings
from train.inference.models import model_path
from train.inference.painter import Painter, open_painter
from train.reid.judges import AnyJudge
from train.reid.settings import is_onnx
from train.run_folder import open_shards_of_size

COMMAND: Final = "augment-reid"
WORK_FOLDER: Final = ".augment"
LAST_FILE: Final = "augment.json"


def augment_reid(settings: AugmentSettings, console: Console, disk: Disk | None = None) -> None:
    """Draw the people of a train set in poses of others and lay all of it out for a tool.

    Args:
        settings: What is wanted.
        console: Told what goes on.
        disk: The calls to the operating system by which files are published.

    Raises:
        UsageError: No model, shards, data set or judge that fit, or a folder that holds something
            else.
        DamagedError: A shard, the model or the judge is not what was written.
        LockedError: Another process works on the folder.
        NoSpaceError: The disk cannot hold the pictures.
    """
    _refuse_conflicts(settings)
    judge = open_fit_judge(settings)
    painter = open_painter(
        model_path(settings.model),
        device=settings.device,
        raw_weights=settings.raw_weights,
        console=console,
    )
    work = _Augmentation(settings, painter, judge, console)
    with owned_folder(settings.out, COMMAND, disk=disk, hold=not settings.dry_run) as owned:
        record = FolderRecord(owned, work.record, work_folder=WORK_FOLDER, last_file=LAST_FILE)
        finished, is_other = record.stands(overwrite=settings.overwrite)
        if finished:
            if not settings.dry_run:
                record.forget_work()
            console.result(f"{settings.out} is finished already; nothing to do")
            return
        record.refuse_strangers(work.names)
        require_space(settings.out, work.needed_bytes, disk)
        work.say_plan()
        if settings.dry_run:
            console.result("nothing was written: this was a dry run")
            return
        record.begin(work.names, clear=is_other)
        record.finish(work.write(owned))
    console.result(f"{settings.out}: finished, see {table.NAME}; check-reid reads it as tools do")


class _Augmentation:
    """One request: what it consists of, and how it is made."""

    def __init__(
        self, settings: AugmentSettings, painter: Painter, judge: AnyJudge | None, console: Console
    ) -> None:
        self._settings = settings
        self._console = console
        self._judge = judge
        self._origin = painter.origin
        self._layout = LAYOUTS[settings.layout]
        manifest = open_shards_of_size(settings.shards, painter.image_size)
        self._people = read_people(settings.shards, manifest)
        self._plan = plan_pictures(self._people, settings)
        self._real = find_real(settings.market, self._layout.parts, console)
        require_sources(self._real, self._people, settings.market)
        self._real_places = self._layout.real(self._real.images)
        self._drawn_places = [self._layout.drawn(name) for name in self._plan.names]
        self._refuse_taken_names()
        self._drawing = Drawing(
            settings.shards, self._people, self._plan, painter, judge, paste=settings.paste
        )
        height, width = painter.image_size
        drawn_bytes = 2 * height * width * len(self._plan)  # each twice for a while
        copied = bytes_of(self._real_places) if settings.real == "copy" else 0
        self.needed_bytes = drawn_bytes + copied

    @property
    def record(self) -> dict[str, Any]:
        """What decides the content, as plain values."""
        settings = self._settings
        names = ["layout", "per_image", "poses", "seed", "keep", "paste", "real"]
        if is_onnx(settings.reid):
            names.append("reid_pixels")
        return {
            "model": self._origin,
            "shards": sha256_of_file(settings.shards / MANIFEST_FILE),
            "real_sha256": self._real.sha256,
            "reid": self._judge.sha256 if self._judge else "",
            **{name: getattr(settings, name) for name in names},
        }

    @property
    def names(self) -> list[str]:
        """Every file that may come of it, but for the first and the last."""
        lists = self._layout.lists([])
        blocks = (f"{WORK_FOLDER}/{block_file(each.number)}" for each in self._drawing.blocks)
        return [*blocks, *self._real_places, *self._drawn_places, *lists, table.NAME]

    def say_plan(self) -> None:
        """Say what there is to do, and what of the data set tools would not read."""
        say, settings, real = self._console.result, self._settings, self._real
        say(
            f"{len(self._plan):,} pictures of {len(self._people):,} images of "
            f"{len(set(self._people.identities.tolist())):,} people"
        )
        say(f"{len(real.images):,} real images of {settings.market}")
        if real.left_out:
            shown = "; ".join(real.left_out[:NUM_NAMED])
            self._console.warn(f"{len(real.left_out):,} of its files are left out: {shown}")
        self._warn_of_refused()

    def write(self, owned: OwnedFolder) -> dict[str, Any]:
        """Write what is missing.

        Returns:
            Facts for the last file.
        """
        places = [*self._real_places, *self._drawn_places]
        folders = sorted({str(PurePosixPath(place).parent) for place in places})
        for folder in folders:
            owned.folder(folder)
        owned.remove_temporaries((".", *folders))
        work = owned.path / WORK_FOLDER
        with self._console.stage("draw", len(self._plan)) as stage:
            distances = self._drawing.draw_missing(work, owned.disk, stage)
        if stage.rate:
            self._console.result(f"drawn at {stage.rate:.1f} pictures a second")
        kept = table.chosen(distances, self._settings.keep)
        owned.remove(
            place for place, is_in in zip(self._drawn_places, kept, strict=True) if not is_in
        )
        self._write_real(owned)
        self._write_drawn(owned, kept)
        self._write_texts(owned, distances, kept)
        return {
            "real_images": len(self._real.images),
            "generated_images": int(kept.sum()),
            "left_out": len(self._real.left_out),
            "versions": versions("torch", "numpy", "pillow"),
        }

    def _write_real(self, owned: OwnedFolder) -> None:
        files = RealFiles(owned, link=self._settings.real == "link")
        with self._console.stage("real images", len(self._real_places)) as stage:
            for place, image in self._real_places.items():
                if is_regular(owned.path / place):
                    stage.skip(1)
                else:
                    files.put(place, image)
                    stage.advance()
        self._console.say(f"real images: {files.num_linked:,} linked, {files.num_copied:,} copied")

    def _write_drawn(self, owned: OwnedFolder, kept: NDArray[np.bool_]) -> None:
        with self._console.stage("generated images", int(kept.sum())) as stage:
            for number, data in self._drawing.files(owned.path / WORK_FOLDER):
                path = owned.path / self._drawn_places[number]
                if not kept[number]:
                    continue
                if is_regular(path):
                    stage.skip(1)
                else:
                    publish(path, data, owned.disk)
                    stage.advance()

    def _write_texts(
        self, owned: OwnedFolder, distances: NDArray[np.float64], kept: NDArray[np.bool_]
    ) -> None:
        train = [place for place, image in self._real_places.items() if image.part == "train"]
        train += [place for place, is_in in zip(self._drawn_places, kept, strict=True) if is_in]
        texts = self._layout.lists(train)
        texts[table.NAME] = table.provenance(
            self._people,
            self._plan,
            self._drawn_places,
            distances,
            kept,
            model=self._origin["sha256"],
            seed=self._settings.seed,
            judge=self._judge.sha256 if self._judge else "",
        )
        for name, text in texts.items():
            publish_text(owned.path / name, text, owned.disk)

    def _refuse_taken_names(self) -> None:
        """Refuse a data set that holds images of the names that are to be drawn."""
        taken = self._real_places.keys() & set(self._drawn_places)
        if taken:
            found = f"{len(taken):,} there already: {min(taken)}"
            remedy = "name a data set without generated images"
            where = self._settings.market
            raise UsageError(problem(where, "names that are free", found, remedy))

    def _warn_of_refused(self) -> None:
        """Warn of identities, cameras and paths that tools refuse; it costs reading no file."""
        if self._settings.layout != "market":
            return
        folder = os.path.abspath(self._settings.out / "bounding_box_train")  # noqa: PTH100 - as tools
        faults = [by_pattern(File("train", name, folder)).fault for name in self._plan.names]
        found = [fault for fault in faults if fault]
        if found:
            tools = "torchreid, fast-reid and CLIP-ReID"
            self._console.warn(f"{tools} refuse {len(found):,} of these names: {found[0]}")


def _refuse_conflicts(settings: AugmentSettings) -> None:
    out = Path(os.path.realpath(settings.out))  # Path.resolve fails at a loop of links
    for folder in (settings.shards, settings.market):
        if out.is_relative_to(os.path.realpath(folder)):
            found = f"{settings.out} in {folder}"
            remedy = "choose another --out"
            raise UsageError(problem("--out", "a folder beside what is read", found, remedy))
