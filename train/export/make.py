"""Exporting a generator: read it out of its run, describe it, publish the folder."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

from data_manifest.manifest import open_manifest
from data_manifest.remote.folder import opened
from data_manifest.settings import CacheSettings
from shared.console import Console
from shared.errors import DamagedError, PoseGanError, UsageError, problem
from shared.files import Disk, publish, publish_json, read_json
from shared.owned_folder import OwnedFolder, owned_folder, require_own
from shared.provenance import versions
from train.export.card import CARD_NAME, CardFacts, card_text, graph_text
from train.export.familiar_pictures import familiar_pictures
from train.export.formats import GRAPH_FILES, GraphFile, graph_file, require_format
from train.export.settings import ExportSettings
from train.inference.exported import (
    CONFIG_NAME,
    WEIGHTS_NAME,
    config_of,
    file_note,
    is_exported,
    read_config,
    weights_bytes,
)
from train.inference.familiar import FAMILIAR_NAME
from train.inference.from_run import is_run, read_run
from train.inference.trained import Trained
from train.run_folder import read_settings, shards_fingerprint
from train.scoring.folder import ORIGIN
from train.scoring.tables import markdown
from train.settings.tree import TrainSettings

COMMAND: Final = "export-generator"
FILES: Final = (WEIGHTS_NAME, FAMILIAR_NAME, *GRAPH_FILES.values(), CARD_NAME, CONFIG_NAME)
"""All that an export may hold, in the order in which it is published."""

_LICENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}", re.ASCII)
_NO_SCORES: Final = "Not scored. `eval-gan --run` scores a run; export it again afterwards."
_NO_DATA: Final = "Not described: the export was made without `--shards`."


def export_generator(
    settings: ExportSettings,
    console: Console,
    disk: Disk | None = None,
    cache: CacheSettings | None = None,
) -> Path:
    """Export the generator of a run.

    Args:
        settings: What to export, and where to.
        console: Told what goes on.
        disk: The calls to the operating system by which files are published.
        cache: Where shards are kept that lie elsewhere.

    Returns:
        The folder.

    Raises:
        UsageError: No run, other shards or scores than the run's, or a folder that holds another
            generator or something else.
        DamagedError: The run's checkpoint is damaged.
        LockedError: Another process writes into the folder.
    """
    _check_licence(settings.licence)
    require_format(settings.format)
    if not is_run(settings.run):
        remedy = "give the --out of train-gan"
        raise UsageError(problem(settings.run, "a training run", "none", remedy))
    trained = read_run(settings.run, raw_weights=settings.raw_weights, console=console)
    run = settings.run.parent if settings.run.is_file() else settings.run
    trained_by = read_settings(run)
    weights = weights_bytes(trained)
    config = config_of(
        trained, weights, _training(trained_by), versions("torch", "safetensors", "numpy")
    )
    card = card_text(_facts(settings, trained, trained_by, run, cache))
    if settings.dry_run:
        require_own(settings.out, COMMAND)
        _refuse_another(settings, config)
        console.result(f"{settings.out}: would hold {len(weights):,} bytes of weights")
        return settings.out
    with owned_folder(settings.out, COMMAND, disk=disk) as folder:
        _refuse_another(settings, config)
        folder.remove_temporaries()
        contents = {WEIGHTS_NAME: weights, CARD_NAME: card.encode()}
        familiar = _familiar(settings, cache)
        if familiar is not None:
            contents[FAMILIAR_NAME] = familiar
            config["familiar"] = file_note(FAMILIAR_NAME, familiar)
        graph = _graph(settings, trained, console)
        if graph is not None:
            contents[graph.name] = graph.content
            note = file_note(graph.name, graph.content)
            config["graph"] = {"format": settings.format, **note}
        _publish(folder, contents, config)
    console.result(f"generator: {settings.out}")
    return settings.out


def _publish(folder: OwnedFolder, contents: dict[str, bytes], config: dict[str, Any]) -> None:
    """Publish the configuration last: a folder without one is no export."""
    folder.intend([*contents, CONFIG_NAME])
    (folder.path / CONFIG_NAME).unlink(missing_ok=True)
    folder.remove(folder.files - {*contents, CONFIG_NAME})  # of an earlier export's format
    for name in (each for each in FILES if each in contents):
        publish(folder.path / name, contents[name], folder.disk)
    publish_json(folder.path / CONFIG_NAME, config, folder.disk)


def _familiar(settings: ExportSettings, cache: CacheSettings | None) -> bytes | None:
    """Return features of the training data, where the shards are at hand."""
    if settings.shards is None:
        return None
    shards = opened(settings.shards, cache)
    found = familiar_pictures(shards, open_manifest(shards))
    return None if found is None else found.content


def _graph(settings: ExportSettings, trained: Trained, console: Console) -> GraphFile | None:
    """Make the graph that is asked for; it takes minutes, the comparison included."""
    if settings.format in GRAPH_FILES:
        console.say(f"recording the generator as {settings.format}, then comparing the two")
    graph = graph_file(trained, settings.format)
    if graph is not None:
        console.say(f"{graph.name}: within {graph.difference:.1e} of the generator")
    return graph


def _refuse_another(settings: ExportSettings, config: dict[str, Any]) -> None:
    """Refuse a folder with another generator; the same one may be exported once more."""
    if settings.overwrite or not is_exported(settings.out):
        return
    try:
        present = read_config(settings.out).get("weights")
    except PoseGanError:
        present = "one that cannot be read"
    if present != config["weights"]:
        remedy = "choose another --out, or add --overwrite"
        raise UsageError(problem(settings.out, "this generator", "another one", remedy))


def _check_licence(licence: str) -> None:
    if not _LICENCE.fullmatch(licence):
        remedy = "write it as model hubs do, such as agpl-3.0 or other"
        raise UsageError(problem("--licence", "a short name", repr(licence[:40]), remedy))


def _training(settings: TrainSettings) -> dict[str, Any]:
    """Return the run's settings without the places of its machine."""
    return {**settings.lasting, "init_from": Path(settings.init_from).name}


def _facts(
    settings: ExportSettings,
    trained: Trained,
    trained_by: TrainSettings,
    run: Path,
    cache: CacheSettings | None,
) -> CardFacts:
    parameters = sum(value.numel() for value in trained.generator.parameters())
    images = re.search(r"\d+", trained.origin["checkpoint"])
    return CardFacts(
        name=_folder_name(settings.out),
        image_size=trained.image_size,
        facts={
            "preset": trained_by.preset,
            "skips": trained_by.generator.skips,
            "parameters": f"{parameters:,}",
            "trained on": f"{int(images[0]):,} images (samples)" if images else "unknown",
            "seed": trained_by.seed,
            "weights": trained.origin["weights"],
            "checkpoint's SHA-256": trained.origin["sha256"],
        },
        data=_data(settings, trained_by, cache),
        scores=_scores(settings, trained, run),
        licence=settings.licence,
        graph=_graph_text(settings, trained),
    )


def _graph_text(settings: ExportSettings, trained: Trained) -> str:
    file = GRAPH_FILES.get(settings.format)
    return graph_text(settings.format, file, trained.image_size) if file else ""


def _folder_name(folder: Path) -> str:
    """Return a folder's own name in signs that a text can hold; links are not followed."""
    name = Path(os.path.abspath(folder)).name  # noqa: PTH100 - resolve() trips over odd links
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _data(settings: ExportSettings, trained_by: TrainSettings, cache: CacheSettings | None) -> str:
    """Describe the shards, having made sure that the run learned from them."""
    if settings.shards is None:
        return _NO_DATA
    manifest = open_manifest(opened(settings.shards, cache))
    found = shards_fingerprint(manifest)
    if found != trained_by.shards:
        remedy = "name the shards that the run learned from"
        raise UsageError(
            problem(settings.shards, f"the run's shards {trained_by.shards}", found, remedy)
        )
    counts = f"{manifest.num_images('train'):,} images, {manifest.num_pairs('train'):,} train pairs"
    return f"Shards `{found}`: {counts}."


def _scores(settings: ExportSettings, trained: Trained, run: Path) -> str:
    """Return the table of scores of this very checkpoint, or say that there is none."""
    folder = settings.scores or run / "scores"
    report, origin = folder / "metrics.json", folder / ORIGIN
    if settings.scores is None and not (report.is_file() and origin.is_file()):
        return _NO_SCORES
    drawn: Any = read_json(origin)
    wanted = {key: trained.origin[key] for key in ("sha256", "weights")}
    if not isinstance(drawn, dict) or {key: drawn.get(key) for key in wanted} != wanted:
        if settings.scores is None:
            return _NO_SCORES
        remedy = "score this checkpoint by eval-gan --run, or leave --scores out"
        raise UsageError(problem(folder, "scores of this checkpoint", "of another one", remedy))
    try:
        return markdown(read_json(report))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        found = f"a file without {error}" if isinstance(error, KeyError) else "something else"
        raise DamagedError(
            problem(report, "what eval-gan wrote", found, "score it again")
        ) from error
