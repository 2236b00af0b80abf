"""Failures that the documentation speaks of: how to come to each, its exit code and its line."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


def nothing(_data: Path, _out: Path) -> None:
    """Prepare nothing."""


def other_settings(data: Path, out: Path) -> None:
    """The output holds a finished run of other settings."""
    shutil.copytree(data / "run", out)


def strangers(_data: Path, out: Path) -> None:
    """The output is a folder of somebody else."""
    out.mkdir()
    (out / "holiday.png").write_text("the only copy\n")


def damaged_shards(data: Path, out: Path) -> None:
    """The output is a shard folder in which one byte is wrong."""
    shutil.copytree(data / "shards", out)
    path = out / "train-00000.h5"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def unfinished_shards(data: Path, out: Path) -> None:
    """The output is a shard folder without a manifest."""
    shutil.copytree(data / "shards", out)
    (out / "manifest.json").unlink()


def bad_images(data: Path, out: Path) -> None:
    """The output's neighbour is a data set in which half of the pictures are empty."""
    shutil.copytree(data / "market", Path(f"{out}-bad"))
    for path in sorted(Path(f"{out}-bad").rglob("*.jpg"))[::2]:
        path.write_bytes(b"")


def little_patience(_data: Path, out: Path) -> None:
    """Beside the output lies a file of settings by which a silent cluster is soon given up."""
    Path(f"{out}.toml").write_text("[run]\npatience_s = 0.5\n")


@dataclass(frozen=True)
class Failure:
    """A failure that the documentation speaks of.

    Args:
        case: Name.
        command: The command.
        arguments: ``{data}`` stands for the data of the rows, ``{out}`` for the output.
        code: Exit code.
        line: The line of error; ``{data}`` and ``{out}`` likewise, ``…`` for what varies.
        prepare: Makes what it fails on.
        is_held: Whether somebody holds the output folder.
        environment: Variables that a launcher would set.
    """

    case: str
    command: str
    arguments: str
    code: int
    line: str
    prepare: Callable[[Path, Path], None] = nothing
    is_held: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


MARKET = "--src {data}/market/Market --keypoints {data}/market/keypoints.csv --workers 1"
MADE = f"{MARKET} --out {{out}}"
TRAIN = "--shards {data}/shards --preset dsc --channels 2 --features pixels --max-images 8"
HELD = (
    "{out}: expected a folder nobody works on, found process…; wait for it or choose another folder"
)
PANELS = "--panels {data}/results/def-gan"
REPOSE = (
    "--model {data}/run --source {data}/person/photo.png --target {data}/person/walk.csv "
    "--source-poses {data}/person/photo.csv --device cpu"
)
AUGMENT = "--model {data}/run --shards {data}/shards --market {data}/real --device cpu --out {out}"

FAILURES = (
    Failure("no source", "prep-market", "--out {out}", 2,
            "--src: expected a path, found nothing; add --src FOLDER|ARCHIVE"),
    Failure("another kind of data set", "prep-market",
            f"{MARKET} --source msmt17 --out {{out}}", 2,
            "{data}/market/Market: expected list_train.txt or list_gallery.txt here or at most 3 "
            "levels below (msmt17), found market1501 at {data}/market/Market; choose --source "
            "market1501, or another --src"),
    Failure("no data set", "prep-market", "--src {data}/shards --out {out}", 2,
            "{data}/shards: expected a data set here or at most 3 levels below (…), found …; "
            "name the folder that it was unpacked to"),
    Failure("a file that is no archive", "prep-market",
            "--src {data}/market/keypoints.csv --out {out}", 2, "{data}/market/keypoints.csv: "
            "expected a folder, a .zip or a .tar, found a file that is none of them; check --src"),
    Failure("a split where there is one", "prep-market",
            f"{MARKET} --test-share 0.5 --out {{out}}", 2,
            "--test-share: expected a data set without a split, found {data}/market/Market "
            "(market1501), which says it; leave it out"),
    Failure("labels that are none", "prep-market",
            "--src {data}/photos --labels {data}/market/keypoints.csv --out {out}", 2,
            "{data}/market/keypoints.csv: expected a CSV with the columns name,identity and …, "
            "found …; name the columns so"),
    Failure("labels of another kind", "prep-market",
            "--src {data}/photos --labels {data}/none.csv --source cuhk03 --out {out}", 2,
            "--labels: expected --source folders, found --source cuhk03; leave one of them out"),
    Failure("an option that is none", "prep-market", "--sorce x", 2,
            "prep-market: expected an option that it has, found --sorce; did you mean --source?"),
    Failure("too many bad images", "prep-market", "--src {out}-bad/Market --out {out} "
            "--keypoints {out}-bad/keypoints.csv --workers 1", 1,
            "images: expected at most 0.50% bad, found 8 of 16 (50.00%), …; look at status 'bad' "
            "in images.csv, or allow more with --max-bad", bad_images),
    Failure("another run has the shards", "prep-market", f"{MARKET} --out {{out}}", 4,
            HELD, is_held=True),
    Failure("key points that are not there", "prep-market",
            "--src {data}/market/Market --keypoints {data}/none.csv --out {out}", 2,
            "{data}/none.csv: …"),
    Failure("into the source", "prep-market", f"{MARKET} --out {{data}}/market/Market/out", 2,
            "…expected …; choose another…"),
    Failure("a cluster without its address", "prep-market", f"{MADE} --backend dask", 2,
            "--backend dask: expected --cluster ADDRESS beside it, found none; add it"),
    Failure("an address without its cluster", "prep-market", f"{MADE} --cluster a:1", 2,
            "--cluster: expected --backend dask beside it, found loky; add it"),
    Failure("no address of a cluster", "prep-market",
            f"{MADE} --backend dask --cluster http://a", 2,
            "--cluster: expected an address like tcp://HOST:8786, found 'http://a'; …"),
    Failure("a cluster that does not answer", "prep-market",
            f"{MADE} --backend dask --cluster tcp://127.0.0.1:1 --config {{out}}.toml", 2,
            "--cluster tcp://127.0.0.1:1: expected a dask scheduler that answers, found …; "
            "check the address, or start one", little_patience),
    Failure("another run draws", "draw-market", "--out {out} --identities 4", 4,
            HELD, is_held=True),
    Failure("to draw into a stranger's folder", "draw-market",
            "--out {out} --identities 4 --workers 1", 2, "{out}: expected …", strangers),
    Failure("damaged shards", "train-gan", TRAIN.replace("{data}/shards", "{out}")
            + " --out {out}/run", 6, "{out}/train-00000.h5: expected …", damaged_shards),
    Failure("unfinished shards", "train-gan", TRAIN.replace("{data}/shards", "{out}")
            + " --out {out}/run", 2, "{out}…: expected …; …prep-market…", unfinished_shards),
    Failure("unfinished shards to look at", "inspect-shards", "{out}", 2,
            "{out}…: expected …; …prep-market…", unfinished_shards),
    Failure("a page of unfinished shards", "inspect-shards", "{out} --html {out}.html", 2,
            "{out}…: expected …; …prep-market…", unfinished_shards),
    Failure("a page of damaged shards", "inspect-shards", "{out} --html {out}.html", 6,
            "{out}/train-00000.h5: expected …", damaged_shards),
    Failure("a report of what is no run", "report-run", "{data}/shards --html {out}.html", 2,
            "{data}/shards: expected a run folder with settings.json, found none; "
            "give train-gan's --out"),
    Failure("another run exports", "export-pairs", "{data}/shards --format gfla --out {out}", 4,
            HELD, is_held=True),
    Failure("to export unfinished shards", "export-pairs", "{out} --format gfla --out {out}-x", 2,
            "{out}…: expected …; …prep-market…", unfinished_shards),
    Failure("to export damaged shards", "export-pairs", "{out} --format nted --out {out}-x", 6,
            "{out}/train-00000.h5: expected …", damaged_shards),
    Failure("to export into a stranger's folder", "export-pairs",
            "{data}/shards --format pcdms --out {out}", 2,
            "{out}: expected an empty folder or one that export-pairs made, found …; "
            "choose another --out", strangers),
    Failure("another run copies", "copy-shards", "{data}/shards {out}", 4, HELD, is_held=True),
    Failure("to copy unfinished shards", "copy-shards", "{out} {out}-x", 2,
            "{out}…: expected …; …prep-market…", unfinished_shards),
    Failure("to copy damaged shards", "copy-shards", "{out} {out}-x", 6, "{out}/train-00000.h5: "
            "expected the bytes that the manifest lists, found other bytes, twice; put an "
            "undamaged copy of the shards there, then repeat the command", damaged_shards),
    Failure("to copy into a stranger's folder", "copy-shards", "{data}/shards {out}", 2,
            "{out}: expected an empty folder or one that copy-shards made, found holiday.png; "
            "choose another --out", strangers),
    Failure("to copy to a web server", "copy-shards", "{data}/shards https://a:b@127.0.0.1/x?c=d",
            2, "https://127.0.0.1/x: expected a place that takes files, found a web server; give "
            "a folder, or an address like s3://bucket/shards"),
    Failure("a scheme that nobody knows", "train-gan",
            TRAIN.replace("{data}/shards", "nosuch://a:b@host/x?c=d") + " --out {out}", 2,
            "nosuch://host/x: expected an address that fsspec opens, found the scheme nosuch; "
            "give a folder, or an s3://, gs:// or https:// address"),
    Failure("names that tools refuse", "check-reid", "{out}-bad/Market --layout market", 1,
            "{out}-bad/Market: expected a folder that every tool reads as it is meant, found … "
            "findings; read them on standard output, then correct the folder", bad_images),
    Failure("nothing that tools read", "check-reid", "{data}/shards", 2,
            "{data}/shards: expected …; name another folder or --layout"),
    Failure("another run trains", "train-gan", f"{TRAIN} --out {{out}}", 4,
            HELD, is_held=True),
    Failure("a run of other settings", "train-gan", f"{TRAIN} --out {{out}}", 2,
            "{out}: expected a run of these settings, found …; use the old settings to continue, "
            "or choose another --out", other_settings),
    Failure("to train in a stranger's folder", "train-gan", f"{TRAIN} --out {{out}}", 2,
            "{out}: expected an empty folder or one that train-gan made, found …; "
            "choose another --out", strangers),
    Failure("a process among others that has no meeting place", "train-gan",
            f"{TRAIN} --out {{out}}", 2, "WORLD_SIZE: expected MASTER_ADDR beside it, found none; "
            "start it by torchrun --no-python, or unset RANK and WORLD_SIZE",
            environment={"RANK": "0", "WORLD_SIZE": "2"}),
    Failure("a process that is none of those it is among", "train-gan", f"{TRAIN} --out {{out}}",
            2, "RANK: expected a whole number from 0 to 1, found '2'; …",
            environment={"RANK": "2", "WORLD_SIZE": "2"}),
    Failure("no VGG", "train-gan", "--shards {data}/shards --out {out} --vgg {data}/none.pth", 2,
            "…--features pixels…"),
    Failure("FID without its weights", "eval-gan", "--generated {data}/results/generated --real "
            "{data}/results/real --out {out} --protocols fid/torchmetrics --weights-dir {data}", 2,
            "{data}: expected weights-inception-2015…; get it with: curl …"),
    Failure("a score without its input", "eval-gan", PANELS + " --out {out} --protocols mask-ssim",
            2, "mask-ssim…: expected --keypoints…; add it"),
    Failure("a score that is none", "eval-gan", PANELS + " --out {out} --protocols ssmi", 2,
            "…expected …found …ssmi…"),
    Failure("two inputs", "eval-gan", PANELS + " --run {data}/run --shards {data}/shards", 2,
            "eval-gan: expected --run alone, found --generated or --panels as well; "
            "leave one out"),
    Failure("scores without a folder", "eval-gan", PANELS, 2,
            "eval-gan: expected --out, found none; add --out DIR"),
    Failure("a run without its shards", "eval-gan", "--run {data}/run", 2,
            "eval-gan: expected --shards beside --run, found none; add --shards DIR"),
    Failure("a generator of no run", "export-generator", "{data}/shards --out {out}", 2,
            "{data}/shards: expected a training run, found none; give the --out of train-gan"),
    Failure("to hand on what is no export", "share-generator",
            "push --repo me/model --export {data}/shards", 2,
            "{data}/shards: expected an export, found no mark of ours; give a folder that "
            "export-generator made"),
    Failure("to hand on without an export", "share-generator", "push --repo me/model", 2,
            "push: expected --export, found none; add --export DIR"),
    Failure("to fetch into a stranger's folder", "share-generator",
            "pull --repo me/model --out {out}", 2,
            "{out}: expected an empty folder or one that share-generator made, found …; "
            "choose another --out", strangers),
    Failure("another run fetches", "share-generator", "pull --repo me/model --out {out}", 4,
            HELD, is_held=True),
    Failure("to draw into somebody's folder", "repose", f"{REPOSE} --out {{out}}", 2,
            "{out}: expected an empty folder or one that repose made, found …; "
            "choose another --out", strangers),
    Failure("another run draws people", "repose", f"{REPOSE} --out {{out}}", 4,
            HELD, is_held=True),
    Failure("half a person", "repose", REPOSE.replace("person/photo.csv", "person/half.csv")
            + " --out {out}", 2, "{data}/person/photo.png: expected both hips and both shoulders, "
            "found no LHip; choose another photo, or give its pose by --source-poses FILE.csv"),
    Failure("a target that is not there", "repose", REPOSE.replace("walk.csv", "walk.csv:x.png")
            + " --out {out}", 2, "{data}/person/walk.csv: expected the pose of 'x.png', found 4 "
            "others; name one as it stands in the file"),
    Failure("to draw into a stranger's data set", "augment-reid", AUGMENT, 2,
            "{out}: expected an empty folder or one that augment-reid made, found …; "
            "choose another --out", strangers),
    Failure("another run augments", "augment-reid", AUGMENT, 4, HELD, is_held=True),
    Failure("a share without a judge", "augment-reid", AUGMENT + " --keep 0.5", 2,
            "--keep: expected a judge, --reid FILE, beside it, found none; "
            "make one with train-reid"),
    Failure("the real images of others", "augment-reid",
            AUGMENT.replace("{data}/real", "{data}/market/Market") + " --layout list", 2,
            "{data}/market/Market: expected the train images of the shards, found 7 of 8 missing: "
            "…; name the data set that the shards were made from"),
    Failure("to augment unfinished shards", "augment-reid",
            AUGMENT.replace("{data}/shards", "{out}").replace("--out {out}", "--out {out}-x"), 2,
            "{out}…: expected …; …prep-market…", unfinished_shards),
    Failure("to augment damaged shards", "augment-reid",
            AUGMENT.replace("{data}/shards", "{out}").replace("--out {out}", "--out {out}-x"), 6,
            "{out}/train-00000.h5: expected …", damaged_shards),
    Failure("a page without a generator", "posegan-studio", "--model {data}/shards", 2,
            "{data}/shards: expected a run folder or one of its checkpoints or an exported "
            "generator, found …; check the name, or train it first"),
    Failure("a page of unfinished shards", "posegan-studio", "--model {data}/run --shards {out}",
            2, "{out}…: expected …; …prep-market…", unfinished_shards),
    Failure("devices of two kinds", "extract-poses",
            "--src {data}/market/Market --out {out}.csv --device cpu,cuda", 2,
            "--device: expected auto, cpu, cuda, or devices of one kind between commas like "
            "cuda:0,cuda:1, found 'cpu,cuda'; give a value of that kind"),
    Failure("a device that is not there", "prep-market",
            "--src {data}/market/Market --out {out} --pose-model demo --workers 1 "
            "--device cuda:98,cuda:99", 2, "--device: expected …; …"),
    Failure("no pictures", "extract-poses", "--src {data}/shards --out {out}.csv --pose-model demo",
            2, "{data}/shards: expected …"),
)  # fmt: skip
"""In-process failures; those of signals, disks and streams stand in ``tests/attacks``."""
