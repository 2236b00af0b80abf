"""Train the demo pose network on drawn people, measure it and write its weights.

``python -m preprocess.demo.pose_training`` draws its crops, trains with ultralytics' own trainer,
evaluates on people of unseen seeds and writes the weights. Repeating the command continues. It runs
on a CPU or a GPU; one of the two modules that import ultralytics.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import io
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from preprocess.demo.pose_batches import CropLoader, relit
from preprocess.demo.pose_crops import LabelledCrops
from preprocess.demo.pose_recipe import NETWORK, Phase, Recipe, fetch_crops
from preprocess.demo.pose_score import PoseScores, score_people
from preprocess.demo.pose_work import COMMAND, owned_work, phase_folder, require_usable
from preprocess.pose.estimator import YoloEstimator, fit, network_input
from preprocess.pose.yolo import find_device, import_ultralytics, network_of, open_estimator
from preprocess.settings import PoseSettings
from shared.console import Console
from shared.errors import ends_with_exit_code
from shared.files import publish, publish_json
from shared.owned_files import OwnedFiles
from shared.settings import as_plain


def trainer_class(
    phase: Phase,
    train: LabelledCrops,
    check: LabelledCrops,
    settings: PoseSettings,
    console: Console,
) -> type[Any]:
    """Make ultralytics' pose trainer, fed with drawn crops and measured with our own figures."""
    from ultralytics.models.yolo.pose import PoseTrainer  # noqa: PLC0415

    place = fit((train.images.shape[1], train.images.shape[2]), settings.pose_size)

    class DemoTrainer(PoseTrainer):  # type: ignore[misc]
        best_fitness: float | None
        last: Path
        best: Path

        def get_dataset(self) -> dict[str, Any]:
            return {
                "train": "drawn",
                "val": "drawn",
                "nc": 1,
                "names": {0: "person"},
                "channels": 3,
                "kpt_shape": [17, 3],
                "kpt_oks_sigmas": phase.spreads,
            }

        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
            return super().get_model(copy.deepcopy(NETWORK), weights, verbose=False)

        def get_dataloader(self, *_: Any, mode: str = "train", **__: Any) -> CropLoader:
            crops = train if mode == "train" else check
            return CropLoader(crops, phase.batch, phase.seed)

        def preprocess_batch(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
            if self.device.type == "cpu":
                # ultralytics offers bfloat16 on CUDA only; its autocast block, in which this is
                # called, puts the former state back when it ends
                torch.set_autocast_dtype("cpu", torch.bfloat16)
                torch.set_autocast_enabled("cpu", True)
            batch = {key: value.to(self.device) for key, value in batch.items()}
            inputs = network_input(relit(batch["img"]), place, torch.float32)
            batch["img"] = inputs.contiguous()
            return batch

        def get_validator(self) -> Any:
            return SimpleNamespace(metrics=SimpleNamespace(keys=[]), dataloader=None)

        def validate(self) -> tuple[dict[str, float], float]:
            scores = evaluate(self.ema.ema, check, settings, console)
            gains = np.array([scores.right, scores.kept, -scores.swapped, -scores.false_finds])
            fitness = float(np.nansum(gains))  # no pair that could be swapped: not a number
            if self.best_fitness is None or fitness > self.best_fitness:
                self.best_fitness = fitness
            console.say(f"epoch {self.epoch + 1} of {self.epochs}: {scores.line}")
            return scores.shares, fitness

        def save_model(self) -> None:
            """Save as ultralytics does, but so that a killed run leaves no half checkpoint."""
            places = self.last, self.best
            self.last, self.best = (path.with_suffix(".part") for path in places)
            super().save_model()
            for written, path in zip((self.last, self.best), places, strict=True):
                if written.exists():
                    written.replace(path)
            self.last, self.best = places

        def final_eval(self) -> None:
            """Leave the measuring of the written weights to the caller."""

    return DemoTrainer


def evaluate(
    model: Any, crops: LabelledCrops, settings: PoseSettings, console: Console
) -> PoseScores:
    """Measure a network that is being trained as stage 1 would use it."""
    device = next(model.parameters()).device
    network = network_of(copy.deepcopy(model).eval())  # its anchors must stay out of checkpoints
    estimator = YoloEstimator(
        network, "in training", settings, device=device, half=False, console=console
    )
    return score_people(estimator.estimate(crops.images), crops, settings.joint_threshold)


def settings_of(device: torch.device) -> PoseSettings:
    """Return the settings that stage 1 has by default, on the given device."""
    return PoseSettings(device="cuda" if device.type == "cuda" else "cpu", half=False)


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Where and how a recipe is carried out; nothing here is part of the result.

    Args:
        work: Folder of the crops and checkpoints.
        device: Where to train.
        workers: Processes that draw.
        hours: End each phase after so long; its learning rate follows the time.
        console: Told the figures after every epoch.
    """

    work: Path
    device: torch.device
    workers: int = 1
    hours: float | None = None
    console: Console


def train(recipe: Recipe, shop: Workshop) -> Path:
    """Train phase after phase; what an earlier run left in the folder is continued.

    Args:
        recipe: What to do.
        shop: Where and how.

    Returns:
        The last phase's best checkpoint.
    """
    check = fetch_crops(recipe.check_order, shop.work, shop.workers, shop.console)
    best: Path | None = None
    for number, phase in enumerate(recipe.phases, 1):
        run = shop.work / phase_folder(recipe, number)
        if not (run / "done").exists():
            train_phase(phase, run, best, check, shop)
            publish(run / "done", b"")
        best = run / "weights" / "best.pt"
    assert best is not None
    return best


def train_phase(
    phase: Phase, run: Path, start: Path | None, check: LabelledCrops, shop: Workshop
) -> None:
    """Carry out one phase in its folder, from the weights of a checkpoint where one is given."""
    crops = fetch_crops(phase.order, shop.work, shop.workers, shop.console)
    settings, threads = settings_of(shop.device), torch.get_num_threads()
    trained = trainer_class(phase, crops, check, settings, shop.console)
    trainer = trained(overrides=_overrides(phase, run, start, shop))
    torch.set_num_threads(threads)  # ultralytics leaves one core idle
    with shop.console.stage(f"{phase.name} training, crops", phase.epochs * len(crops)) as stage:
        trainer.add_callback("on_train_start", lambda t: stage.skip(t.start_epoch * len(crops)))
        trainer.add_callback("on_train_epoch_start", _tell_epoch)
        trainer.add_callback("on_train_batch_end", lambda _: stage.advance(phase.batch))
        trainer.train()


def _overrides(phase: Phase, run: Path, start: Path | None, shop: Workshop) -> dict[str, Any]:
    """Return the settings of ultralytics' trainer."""
    last = run / "weights" / "last.pt"
    return {
        "model": str(last) if last.exists() else "demo-pose.yaml",
        "resume": str(last) if last.exists() else False,
        "pretrained": str(start) if start else False,
        "data": "drawn",
        "save_dir": str(run),
        "imgsz": max(settings_of(shop.device).pose_size),
        "device": shop.device.type,
        "amp": False if shop.device.type == "cpu" else "bf16",
        "epochs": phase.epochs,
        "time": shop.hours,
        "batch": phase.batch,
        "nbs": phase.batch,
        "seed": phase.seed,
        "optimizer": "MuSGD",
        "lr0": phase.rate,
        "lrf": 0.02,
        "cos_lr": True,
        "warmup_epochs": 0.5,
        "warmup_bias_lr": 0.0,
        "momentum": 0.9,
        "weight_decay": 0.0005,
        "pose": 30.0,
        "kobj": 2.0,
        "close_mosaic": 0,
        "patience": 1000,
        "plots": False,
        "exist_ok": True,
    }


def _tell_epoch(trainer: Any) -> None:
    trainer.train_loader.epoch = trainer.epoch


def write_weights(checkpoint: Path, out: Path) -> str:
    """Write the network of a checkpoint alone, in half precision; return its SHA-256.

    Nothing of the machine it was trained on goes along: no path, no date, no optimiser.
    """
    from ultralytics import __version__  # noqa: PLC0415
    from ultralytics.nn.tasks import torch_safe_load  # noqa: PLC0415

    model = torch_safe_load(checkpoint, safe_only=True)[0]["ema"].half()
    model.criterion = None
    vars(model).pop("pt_path", None)
    model.args = {"task": "pose", "imgsz": list(settings_of(torch.device("cpu")).pose_size)}
    for parameter in model.parameters():
        parameter.requires_grad = False
    content = {"model": model, "train_args": model.args, "version": __version__}
    buffer = io.BytesIO()
    torch.save(content, buffer)
    data = buffer.getvalue()
    out.parent.mkdir(parents=True, exist_ok=True)
    OwnedFiles([out], COMMAND).publish({out: data})
    return hashlib.sha256(data).hexdigest()


def measure(
    weights: Path, crops: LabelledCrops, device: torch.device, console: Console
) -> PoseScores:
    """Measure written weights exactly as stage 1 uses them."""
    settings = replace(settings_of(device), pose_model=str(weights))
    people = open_estimator(settings, console).estimate(crops.images)
    return score_people(people, crops, settings.joint_threshold)


@ends_with_exit_code
def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    options = _parser().parse_args(arguments)
    require_usable(options.share, options.hours, options.workers)
    recipe = Recipe().shortened(options.share)
    console, device = Console(), find_device(options.device)
    weights = options.measure or options.out
    with owned_work(options.work, recipe, weights) as owned:
        import_ultralytics(offline=True)
        if options.measure is None:
            OwnedFiles([weights], COMMAND).check()
            how = {"workers": options.workers, "hours": options.hours}
            shop = Workshop(work=owned.path, device=device, console=console, **how)
            sha256 = write_weights(train(recipe, shop), weights)
            console.result(f"{weights}: {weights.stat().st_size:,} bytes, SHA-256 {sha256}")
        proof = fetch_crops(recipe.proof_order, owned.path, options.workers, console)
        scores = measure(weights, proof, device, console)
        publish_json(owned.path / f"{weights.stem}.json", as_plain(scores))
    title = f"{weights.name} on {scores.num_people} unseen people, {scores.num_empty} empty places"
    console.table(title, ("figure", "share"), scores.rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m preprocess.demo.pose_training",
        description="Train the demo pose network on drawn people, measure it, write its weights.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--work", type=Path, default=Path("demo/pose"), help="folder of crops and checkpoints")
    add("--out", type=Path, default=Path("demo/pose/demo-pose.pt"), help="the weights to write")
    add("--measure", type=Path, metavar="FILE", help="only measure these weights")
    add("--share", type=float, default=1.0, help="share of the crops and epochs, for a quick look")
    add("--hours", type=float, help="end each phase after so long")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train")
    add("--workers", type=int, default=2, help="processes that draw")
    return parser


if __name__ == "__main__":
    main()
