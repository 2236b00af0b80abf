"""Train the demo pose network on drawn people, measure it and write its weights.

``python -m preprocess.demo_pose`` draws its crops, trains with ultralytics' own trainer, evaluates
on people of unseen seeds and writes the weights. Repeating the command continues. It runs on a CPU
or a GPU; one of the two modules that import ultralytics.
"""

from __future__ import annotations

import argparse
import copy
import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from preprocess.config import PoseSettings
from preprocess.demo_batches import CropLoader, relit
from preprocess.demo_crops import LabelledCrops
from preprocess.demo_recipe import NETWORK, SIGMA, Recipe, draw_sets
from preprocess.estimator import YoloEstimator, fit, network_input
from preprocess.pose import choose_device, import_ultralytics, network_of, open_estimator
from preprocess.pose_score import PoseScores, score_people
from shared.console import Console
from shared.errors import ends_with_exit_code
from shared.files import publish, publish_json
from shared.settings import as_plain, fingerprint
from shared.skeleton import COCO_JOINTS

CHECK_STEP: Final = 4
"""After an epoch only every such crop is measured: it is to show the way, not to prove."""


def trainer_class(
    recipe: Recipe,
    train: LabelledCrops,
    check: LabelledCrops,
    settings: PoseSettings,
    console: Console,
) -> type[Any]:
    """Give ultralytics' pose trainer, fed with drawn crops and measured with our own figures."""
    from ultralytics.models.yolo.pose import PoseTrainer  # noqa: PLC0415

    size = settings.pose_size
    place = fit((train.images.shape[1], train.images.shape[2]), size)
    part = check.take(np.arange(0, len(check), CHECK_STEP))

    class DemoTrainer(PoseTrainer):  # type: ignore[misc]
        best_fitness: float | None

        def get_dataset(self) -> dict[str, Any]:
            return {
                "train": "drawn",
                "val": "drawn",
                "nc": 1,
                "names": {0: "person"},
                "channels": 3,
                "kpt_shape": [17, 3],
                "kpt_oks_sigmas": [SIGMA] * len(COCO_JOINTS),
            }

        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
            return super().get_model(copy.deepcopy(NETWORK), weights, verbose=False)

        def get_dataloader(self, *_: Any, mode: str = "train", **__: Any) -> CropLoader:
            crops = train if mode == "train" else check
            return CropLoader(crops, recipe.batch, recipe.seed)

        def preprocess_batch(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
            if self.device.type == "cpu":
                # ultralytics offers bfloat16 on CUDA only; its autocast block, in which this is
                # called, puts the former state back when it ends
                torch.set_autocast_dtype("cpu", torch.bfloat16)
                torch.set_autocast_enabled("cpu", True)
            batch = {key: value.to(self.device) for key, value in batch.items()}
            batch["img"] = network_input(relit(batch["img"]), place, torch.float32)
            return batch

        def get_validator(self) -> Any:
            return SimpleNamespace(metrics=SimpleNamespace(keys=[]), dataloader=None)

        def validate(self) -> tuple[dict[str, float], float]:
            scores = evaluate(self.ema.ema, part, settings, console)
            gains = np.array([scores.right, scores.kept, -scores.swapped, -scores.false_finds])
            fitness = float(np.nansum(gains))  # no pair that could be swapped: not a number
            if self.best_fitness is None or fitness > self.best_fitness:
                self.best_fitness = fitness
            console.say(f"epoch {self.epoch + 1} of {self.epochs}: {one_line(scores)}")
            return main_figures(scores), fitness

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


def main_figures(scores: PoseScores) -> dict[str, float]:
    """Give the figures that are single shares."""
    return {key: value for key, value in as_plain(scores).items() if isinstance(value, float)}


def one_line(scores: PoseScores) -> str:
    """Give the figures as one line of percentages."""
    shares = main_figures(scores).items()
    return ", ".join(f"{name.replace('_', ' ')} {100 * share:.1f} %" for name, share in shares)


def settings_of(device: torch.device) -> PoseSettings:
    """Give the settings that stage 1 has by default, on the given device."""
    return PoseSettings(device="cuda" if device.type == "cuda" else "cpu", half=False)


def train(
    recipe: Recipe,
    work: Path,
    sets: tuple[LabelledCrops, LabelledCrops],
    device: torch.device,
    console: Console,
) -> Path:
    """Train; what an earlier run left in the folder is continued.

    Args:
        recipe: How long.
        work: Folder of the checkpoints.
        sets: Crops to learn from and to measure with.
        device: Where.
        console: Told the figures after every epoch.

    Returns:
        The best checkpoint.
    """
    run = work / f"run-{fingerprint(recipe)}"
    last, best, done = run / "weights" / "last.pt", run / "weights" / "best.pt", run / "done"
    if done.exists():
        return best
    overrides = {
        "model": "demo-pose.yaml",
        "data": "drawn",
        "save_dir": str(run),
        "imgsz": max(settings_of(device).pose_size),
        "device": device.type,
        "epochs": recipe.epochs,
        "time": recipe.hours,
        "batch": recipe.batch,
        "nbs": recipe.batch,
        "optimizer": "MuSGD",
        "lr0": recipe.rate,
        "lrf": 0.02,
        "cos_lr": True,
        "warmup_epochs": 0.5,
        "warmup_bias_lr": 0.0,
        "momentum": 0.9,
        "weight_decay": 0.0005,
        "pose": 30.0,
        "kobj": 2.0,
        "seed": recipe.seed,
        "close_mosaic": 0,
        "patience": recipe.epochs,
        "amp": False if device.type == "cpu" else "bf16",
        "plots": False,
        "exist_ok": True,
        "pretrained": False,
    }
    if last.exists():
        overrides |= {"model": str(last), "resume": str(last)}
    threads = torch.get_num_threads()
    trainer = trainer_class(recipe, *sets, settings_of(device), console)(overrides=overrides)
    torch.set_num_threads(threads)  # ultralytics leaves one core idle
    with console.stage("training, crops", recipe.epochs * len(sets[0])) as stage:
        trainer.add_callback("on_train_start", lambda t: stage.skip(t.start_epoch * len(sets[0])))
        trainer.add_callback("on_train_epoch_start", _tell_epoch)
        trainer.add_callback("on_train_batch_end", lambda _: stage.advance(recipe.batch))
        trainer.train()
    publish(done, b"")
    return best


def _tell_epoch(trainer: Any) -> None:
    trainer.train_loader.epoch = trainer.epoch


def write_weights(checkpoint: Path, out: Path) -> str:
    """Write the network of a checkpoint alone, in half precision; give the SHA-256.

    Nothing of the machine it was trained on goes along: no path, no date, no optimiser.
    """
    from ultralytics import __version__  # noqa: PLC0415
    from ultralytics.nn.tasks import torch_safe_load  # noqa: PLC0415

    model = torch_safe_load(checkpoint, safe_only=True)[0]["ema"].half()
    model.criterion = None
    model.args = {"task": "pose", "imgsz": list(settings_of(torch.device("cpu")).pose_size)}
    for parameter in model.parameters():
        parameter.requires_grad = False
    content = {"model": model, "train_args": model.args, "version": __version__}
    buffer = io.BytesIO()
    torch.save(content, buffer)
    out.parent.mkdir(parents=True, exist_ok=True)
    return publish(out, buffer.getbuffer())


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
    console = Console()
    recipe = Recipe(
        train_people=options.people,
        train_empty=options.people // 10,
        epochs=options.epochs,
        hours=options.hours,
    )
    device = choose_device(options.device)
    import_ultralytics(offline=True)
    options.work.mkdir(parents=True, exist_ok=True)
    sets = draw_sets(recipe, options.work, options.workers, console)
    weights = options.measure
    if weights is None:
        weights = options.out
        sha256 = write_weights(train(recipe, options.work, sets, device, console), weights)
        console.result(f"{weights}: {weights.stat().st_size:,} bytes, SHA-256 {sha256}")
    scores = measure(weights, sets[1], device, console)
    publish_json(weights.with_suffix(".json"), as_plain(scores))
    console.table(f"{weights.name} on {len(sets[1])} unseen drawn crops", *_table(scores))


def _table(scores: PoseScores) -> tuple[list[str], list[list[str]]]:
    rows = [
        [name.replace("_", " "), f"{share:.2%}"] for name, share in main_figures(scores).items()
    ]
    joints = zip(COCO_JOINTS, scores.right_of_joint, strict=True)
    return ["figure", "share"], rows + [
        [f"right: {name}", f"{share:.2%}"] for name, share in joints
    ]


def _parser() -> argparse.ArgumentParser:
    recipe = Recipe()
    parser = argparse.ArgumentParser(
        prog="python -m preprocess.demo_pose",
        description="Train the demo pose network on drawn people, measure it, write its weights.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--work", type=Path, default=Path("demo/pose"), help="folder of crops and checkpoints")
    add("--out", type=Path, default=Path("demo/pose/demo-pose.pt"), help="the weights to write")
    add("--measure", type=Path, metavar="FILE", help="only measure these weights")
    add("--people", type=int, default=recipe.train_people, help="crops of people to learn from")
    add("--epochs", type=int, default=recipe.epochs, help="times that all crops are seen")
    add("--hours", type=float, help="train for so long instead of so many epochs")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train")
    add("--workers", type=int, default=2, help="processes that draw")
    return parser


if __name__ == "__main__":
    main()
