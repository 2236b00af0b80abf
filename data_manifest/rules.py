"""The rules that the values of a shard keep, beyond type and shape.

One list of rules serves the writer (which refuses to write), the reader (which refuses to use) and
the validator (which reports).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_manifest.schema import DataSet
from shared.affine import NO_TRANSFORM, STATUS_MIRRORED, STATUS_NONE
from shared.skeleton import FIRST_LIMB

Arrays = Mapping[str, NDArray[Any]]


def broken_bounds(dataset: DataSet, values: NDArray[Any]) -> str | None:
    """Tell which bound of its own a data set breaks; None where it keeps them.

    Args:
        dataset: The entry of the schema.
        values: The array in memory.

    Returns:
        A phrase such as ``"pairs: a value below 0"``, or None.
    """
    if values.size == 0:
        return None
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            if not dataset.nan:
                return f"{dataset.name}: a value that is not finite"
            if np.isinf(values).any():
                return f"{dataset.name}: an infinite value"
    if dataset.low is not None and int(values.min()) < dataset.low:
        return f"{dataset.name}: a value below {dataset.low}"
    if dataset.high is not None and int(values.max()) > dataset.high:
        return f"{dataset.name}: a value above {dataset.high}"
    return None


def broken_rules(arrays: Arrays) -> list[str]:
    """List the rules between values that a shard breaks.

    Args:
        arrays: All data sets by name, of the right types and shapes and within their bounds.

    Returns:
        One phrase for each broken rule; empty where all is well.
    """
    return [*_image_rules(arrays), *_name_rules(arrays["names"]), *_pair_rules(arrays)]


def _image_rules(arrays: Arrays) -> Iterator[str]:
    finite = np.isfinite(arrays["joints"])
    if (finite.any(axis=-1) != finite.all(axis=-1)).any():
        yield "joints: half a point"
    if (finite.all(axis=-1) != arrays["present"]).any():
        yield "present: does not say where joints are known"
    corners = np.isfinite(arrays["quads"]).reshape(*arrays["quads"].shape[:2], -1)
    if (corners.any(axis=-1) != corners.all(axis=-1)).any():
        yield "quads: part of a quad"


def _name_rules(names: NDArray[np.bytes_]) -> Iterator[str]:
    bad = next((name for name in names.tolist() if not is_plain_name(name)), None)
    if bad is not None:
        yield f"names: {bad[:60]!r} is no plain file name"
    if len(np.unique(names)) != len(names):
        yield "names: one name twice"


def _pair_rules(arrays: Arrays) -> Iterator[str]:
    pairs, status = arrays["pairs"], arrays["status"]
    if pairs.size == 0:
        return
    if int(pairs.max()) >= len(arrays["images"]):
        yield "pairs: a row that no image has"
        return
    if (pairs[:, 0] == pairs[:, 1]).any():
        yield "pairs: an image paired with itself"
    identities = arrays["identities"][pairs]
    if (identities[:, 0] != identities[:, 1]).any():
        yield "pairs: images of two identities"
    if len(np.unique(arrays["pair_order"])) != len(pairs):
        yield "pair_order: one position twice"
    if (status[:, :FIRST_LIMB] == STATUS_MIRRORED).any():
        yield "status: torso or head from a mirrored limb"
    nowhere = np.asarray(NO_TRANSFORM, np.float32)
    if (arrays["transforms"][status == STATUS_NONE] != nowhere).any():
        yield "transforms: a part without a transform that samples inside the image"


def is_plain_name(name: bytes) -> bool:
    """Tell whether bytes are a file name that cannot lead out of its folder."""
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return (
        bool(text)
        and text not in {".", ".."}
        and text.isprintable()
        and not any(sign in text for sign in "/\\")
    )
