"""Promise: nothing in a data file runs code or reads another file."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from corruption import outcomes
from shard_folders import small_arrays

from data_manifest import schema
from data_manifest.manifest import MANIFEST_FILE, _own_hash, open_manifest
from data_manifest.shard import open_shard, read_shard, shard_bytes
from shared.errors import DamagedError

Attack = Callable[[h5py.File, Path], None]


class Evil:
    """Pickled, it makes a file when somebody loads it."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def replace(file: h5py.File, name: str, **settings: object) -> None:
    values = file[name][:]
    del file[name]
    file.create_dataset(
        name, **{"data": values, "fletcher32": True, "chunks": values.shape, **settings}
    )


def soft_link(file: h5py.File, trap: Path) -> None:
    del file["scores"]
    file["scores"] = h5py.SoftLink("/margins")


def external_link(file: h5py.File, trap: Path) -> None:
    del file["images"]
    file["images"] = h5py.ExternalLink(str(trap), "/images")


def external_storage(file: h5py.File, trap: Path) -> None:
    shape = file["images"].shape
    del file["images"]
    file.create_dataset("images", shape, "u1", external=[(str(trap), 0, int(np.prod(shape)))])


def virtual_data_set(file: h5py.File, trap: Path) -> None:
    shape = file["images"].shape
    del file["images"]
    layout = h5py.VirtualLayout(shape, "u1")
    layout[:] = h5py.VirtualSource(str(trap), "images", shape)
    file.create_virtual_dataset("images", layout)


def growing_virtual_data_set(file: h5py.File, trap: Path) -> None:
    shape = file["images"].shape
    del file["images"]
    layout = h5py.VirtualLayout(shape, "u1", maxshape=(None, *shape[1:]))
    source = h5py.VirtualSource(str(trap), "images", shape, maxshape=(None, *shape[1:]))
    layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    file.create_virtual_dataset("images", layout)


def huge_shape(file: h5py.File, trap: Path) -> None:
    count = 1 << 40
    for name in ("images", "pairs"):
        row = file[name].shape[1:]
        dtype = file[name].dtype
        del file[name]
        file.create_dataset(name, (count, *row), dtype, chunks=(1, *row), fletcher32=True)
    file.attrs.modify("num_images", np.int64(count))
    file.attrs.modify("num_pairs", np.int64(count))


def unwritten_chunks(file: h5py.File, trap: Path) -> None:
    shape, chunks = file["images"].shape, file["images"].chunks
    del file["images"]
    file.create_dataset("images", shape, "u1", chunks=chunks, fletcher32=True)


def compressed(file: h5py.File, trap: Path) -> None:
    replace(file, "images", compression="gzip", chunks=(1, 24, 16, 3))


def without_checksum(file: h5py.File, trap: Path) -> None:
    replace(file, "joints", fletcher32=False)


def contiguous(file: h5py.File, trap: Path) -> None:
    replace(file, "joints", fletcher32=False, chunks=None)


def other_chunks(file: h5py.File, trap: Path) -> None:
    replace(file, "joints", chunks=(1, 18, 2))


def unlimited(file: h5py.File, trap: Path) -> None:
    replace(file, "joints", maxshape=(None, 18, 2))


def variable_strings(file: h5py.File, trap: Path) -> None:
    names = file["names"][:].astype(object)
    del file["names"]
    file.create_dataset("names", data=names, dtype=h5py.string_dtype())


def pickled_object(file: h5py.File, trap: Path) -> None:
    payload = np.frombuffer(pickle.dumps(Evil(trap.with_name("marker"))), np.uint8)
    names = np.empty(len(file["names"]), object)
    names[:] = [payload] * len(names)
    del file["names"]
    file.create_dataset("names", data=names, dtype=h5py.vlen_dtype(np.uint8))


def opaque_pickle(file: h5py.File, trap: Path) -> None:
    payload = pickle.dumps(Evil(trap.with_name("marker")))
    values = np.full(len(file["names"]), np.void(payload))
    replace(file, "names", data=values.astype(h5py.opaque_dtype(values.dtype)))


def compound(file: h5py.File, trap: Path) -> None:
    replace(file, "people", data=np.zeros(6, [("a", "i1"), ("b", "i1")]))


def references(file: h5py.File, trap: Path) -> None:
    values = np.array([file["images"].ref] * 6, h5py.ref_dtype)
    replace(file, "people", data=values)


def other_byte_order(file: h5py.File, trap: Path) -> None:
    replace(file, "pairs", data=file["pairs"][:].astype(">i4"))


def doubles(file: h5py.File, trap: Path) -> None:
    replace(file, "transforms", data=file["transforms"][:].astype("f8"))


def other_shape(file: h5py.File, trap: Path) -> None:
    replace(file, "joints", data=file["joints"][:, :17], chunks=(6, 17, 2))


def group_in_place(file: h5py.File, trap: Path) -> None:
    del file["joints"]
    file.create_group("joints")


def named_type_in_place(file: h5py.File, trap: Path) -> None:
    del file["joints"]
    file["joints"] = np.dtype("f4")


def one_more_data_set(file: h5py.File, trap: Path) -> None:
    file["payload"] = np.zeros(3)


def one_less_data_set(file: h5py.File, trap: Path) -> None:
    del file["margins"]


def later_version(file: h5py.File, trap: Path) -> None:
    file.attrs.modify("version", np.int64(schema.VERSION + 1))


def other_format(file: h5py.File, trap: Path) -> None:
    file.attrs["format"] = np.bytes_(b"somebody's")


def strange_split(file: h5py.File, trap: Path) -> None:
    file.attrs["split"] = np.bytes_(b"../..")


def variable_attribute(file: h5py.File, trap: Path) -> None:
    del file.attrs["split"]
    file.attrs["split"] = "train"


def array_attribute(file: h5py.File, trap: Path) -> None:
    file.attrs["height"] = np.zeros(1000, np.int64)


def missing_attribute(file: h5py.File, trap: Path) -> None:
    del file.attrs["height"]


def another_attribute(file: h5py.File, trap: Path) -> None:
    file.attrs["note"] = np.bytes_(b"x")


def negative_count(file: h5py.File, trap: Path) -> None:
    file.attrs["num_pairs"] = np.int64(-1)


def path_as_name(file: h5py.File, trap: Path) -> None:
    names = file["names"][:]
    names[0] = b"../../etc/passwd"
    file["names"][:] = names


def not_a_number(file: h5py.File, trap: Path) -> None:
    file["transforms"][0, 0, 0, 0] = np.nan


def row_outside(file: h5py.File, trap: Path) -> None:
    file["pairs"][0, 0] = 1_000_000


def two_as_truth(file: h5py.File, trap: Path) -> None:
    file["present"][0, 0] = 2


ATTACKS = [
    value for value in list(globals().values()) if getattr(value, "__annotations__", {}).get("trap")
]


def hostile_shard(folder: Path, attack: Attack) -> Path:
    """A shard after an attack; the trap is a pipe: whoever opens it hangs."""
    trap, path = folder / "trap", folder / "train-00000.h5"
    os.mkfifo(trap)
    path.write_bytes(shard_bytes(small_arrays(1, (4, 5)), "train"))
    with h5py.File(path, "r+", libver=("v110", "v110")) as file:
        attack(file, trap)
    return path


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
@pytest.mark.process
def test_a_hostile_shard_is_refused_without_reading_anything_else(tmp_path: Path, attack: Attack):
    path = hostile_shard(tmp_path, attack)
    faults = tmp_path / "found"

    def judge(_: int) -> str:
        found = []
        for read in (read_shard, lambda path: open_shard(path).arrays()):
            try:
                read(path)
            except DamagedError as error:
                found.append(error.message)
        faults.write_text("\n".join(found))
        return "refused" if len(found) == 2 else "silent"

    counts, _ = outcomes(judge, range(1))
    assert counts == {"refused": 1}, faults.read_text() if faults.exists() else counts
    assert not (tmp_path / "marker").exists()


def test_there_are_enough_attacks():
    assert len(ATTACKS) >= 30


def test_bytes_before_the_hdf5_file_are_refused(tmp_path: Path):
    path = tmp_path / "train-00000.h5"
    path.write_bytes(
        b"#!/bin/sh\n".ljust(512, b"\n") + shard_bytes(small_arrays(1, (4, 5)), "train")
    )
    with pytest.raises(DamagedError):
        read_shard(path)


@pytest.mark.process
def test_a_pipe_is_no_shard(tmp_path: Path):
    os.mkfifo(tmp_path / "train-00000.h5")
    counts, _ = outcomes(lambda _: _refused(tmp_path / "train-00000.h5"), range(1))
    assert counts == {"refused": 1}


def _refused(path: Path) -> str:
    try:
        read_shard(path)
    except Exception:
        return "refused"
    return "silent"


@pytest.mark.parametrize(
    "name",
    ["../train-00000.h5", "/etc/passwd", "train-0.h5", "train-00000.h5\n", "test-00000.h5", ""],
)
def test_a_manifest_names_files_of_its_own_folder_only(folder: Path, name: str):
    plain = json.loads((folder / MANIFEST_FILE).read_text())
    plain["shards"][0]["file"] = name
    del plain["sha256"]
    (folder / MANIFEST_FILE).write_text(json.dumps({**plain, "sha256": _own_hash(plain)}))
    with pytest.raises(DamagedError):
        open_manifest(folder)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a": ' * 50_000,
        "1" * 10_000,
        '"\\ud800"',
        "NaN",
        '{"sha256": NaN}',
        "\x00",
        struct.pack("<d", 1.5).hex(),
    ],
)
def test_a_hostile_manifest_is_refused(folder: Path, text: str):
    (folder / MANIFEST_FILE).write_text(text)
    with pytest.raises(DamagedError):
        open_manifest(folder)
