"""How much memory a run will take: counted on one sample before it begins.

What a step keeps for its way back is counted tensor by tensor while one sample of a stand-in person
is learnt from; it grows with the batch. What a library takes for a moment inside of an operation is
not in it, so the figures are called "about".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shared.pair_geometry import pair_geometry
from shared.skeleton import JOINTS
from train.data.batch import Batch, make_batch
from train.data.store import Samples
from train.losses.objective import Objective
from train.settings.tree import TrainSettings
from train.state import TrainState
from train.step import train_step

_STANDING: Final = {
    "nose": (0.50, 0.12), "neck": (0.50, 0.21), "RSho": (0.35, 0.22), "RElb": (0.29, 0.35),
    "RWri": (0.27, 0.47), "LSho": (0.65, 0.22), "LElb": (0.71, 0.35), "LWri": (0.73, 0.47),
    "RHip": (0.41, 0.50), "RKne": (0.40, 0.69), "RAnk": (0.40, 0.89), "LHip": (0.59, 0.50),
    "LKne": (0.60, 0.69), "LAnk": (0.60, 0.89), "REye": (0.47, 0.10), "LEye": (0.53, 0.10),
    "REar": (0.43, 0.11), "LEar": (0.57, 0.11),
}  # fmt: skip
"""(x, y) of a person who stands, as shares of the picture's width and height."""


@dataclass(frozen=True)
class StepMemory:
    """Bytes that training takes.

    Attributes:
        networks: Weights, gradients, the optimisers' moments and new values, and the average.
        sample: What each sample of a batch keeps for the way back.
    """

    networks: int
    sample: int


def step_memory(settings: TrainSettings, state: TrainState, objective: Objective) -> StepMemory:
    """Count what a step takes.

    Args:
        settings: The run's settings.
        state: The networks. They are moved by a step, so this must be a state that nobody keeps.
        objective: The losses.

    Returns:
        The bytes, on the state's device and in its precision.
    """
    networks = [*state.generator.parameters(), *state.discriminator.parameters()]
    features = [] if objective.features is None else list(objective.features.parameters())
    owned = {parameter.untyped_storage().data_ptr() for parameter in (*networks, *features)}
    found: dict[int, torch.UntypedStorage] = {}  # held, so that no address is used twice

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in owned:
            found[storage.data_ptr()] = storage
        return tensor

    batch = stand_in(settings, state.device)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        train_step(state, objective, lambda: batch)
    once = sum(parameter.nbytes for parameter in networks)
    return StepMemory(
        networks=state.num_bytes + 2 * once + sum(parameter.nbytes for parameter in features),
        sample=sum(storage.nbytes() for storage in found.values()),
    )


def stand_in(settings: TrainSettings, device: torch.device) -> Batch:
    """Make a batch of one sample: grey pictures of somebody who stands and lifts an arm."""
    height, width = settings.generator.image_size
    standing = np.array([_STANDING[joint] for joint in JOINTS]) * (width, height)
    lifted = _with_arm_lifted(standing)
    geometry = pair_geometry(standing[None], lifted[None], (height, width))
    grey = torch.full((1, height, width, 3), 128, dtype=torch.uint8)
    samples = Samples(
        source_images=grey,
        target_images=grey.clone(),
        source_joints=torch.from_numpy(standing[None].astype(np.float32)),
        target_joints=torch.from_numpy(lifted[None].astype(np.float32)),
        target_quads=torch.from_numpy(geometry.target_quads),
        transforms=torch.from_numpy(geometry.transforms),
        status=torch.from_numpy(geometry.status),
    )
    there = Samples(**{name: value.to(device) for name, value in samples.tensors().items()})
    return make_batch(there, None, **settings.seen)


def _with_arm_lifted(joints: NDArray[np.float64]) -> NDArray[np.float64]:
    moved = joints.copy()
    shoulder = joints[JOINTS.index("LSho")]
    for name in ("LElb", "LWri"):
        row = JOINTS.index(name)
        moved[row, 1] = 2 * shoulder[1] - joints[row, 1]
    return moved
