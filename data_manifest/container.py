"""The HDF5 file around a shard: how it is written, and what is checked before it is read.

A reader must not trust an HDF5 file. A link can lead into another file, a data set can keep its
values in another file or be glued together from others, a filter can load a plug-in, and a few
bytes can claim terabytes. All of that is looked for, in the file's own description, before the
first value is read; what is left is plain chunks with a checksum each.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from data_manifest import schema
from data_manifest.schema import DataSet
from shared.errors import DamagedError

Header = dict[str, int | str]


def file_image(header: Header, arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Build a shard in memory and return the bytes of its file.

    The bytes depend on the arguments only. A full disk cannot harm them: HDF5 itself never sees
    a disk here.

    Args:
        header: Attributes by name.
        arrays: Data sets by name, in the types and shapes of the schema.

    Returns:
        The file.
    """
    stream = io.BytesIO()
    with _new_file(stream) as file:
        for attribute in schema.ATTRIBUTES:
            value = header[attribute.name]
            scalar = np.bytes_(value.encode()) if isinstance(value, str) else np.int64(value)
            file.attrs.create(attribute.name, scalar)
        for entry in schema.DATASETS:
            _write(file, entry, np.ascontiguousarray(arrays[entry.name]))
    return stream.getvalue()


def _new_file(stream: io.BytesIO) -> h5py.File:
    """Open a new file in memory, without times and with checksums on all its descriptions.

    HDF5's own driver for files in memory (core) cannot be used: HDF5 1.14 writes a wrong checksum
    with it, and two threads that open files of the same name share one file. Besides, only these
    low-level calls can leave the creation time out of the root group.
    """
    plan = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    plan.set_obj_track_times(False)
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_libver_bounds(h5py.h5f.LIBVER_V110, h5py.h5f.LIBVER_V110)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    access.set_fileobj_driver(h5py.h5fd.fileobj_driver, stream)
    return h5py.File(h5py.h5f.create(b"shard", h5py.h5f.ACC_TRUNC, plan, access))


def _write(file: h5py.File, entry: DataSet, values: NDArray[Any]) -> None:
    """Write one data set and close it at once.

    HDF5 lays a data set's last chunk down when it is closed. Left to the object's end, that moment
    is not ours: whoever looks at the frames of a running program, as dask's profiler does, keeps
    their objects alive, and the same content gets other bytes.
    """
    stored = values.astype(np.uint8) if entry.dtype == "bool" else values
    chunks = entry.chunks(stored.shape, stored.dtype.itemsize)
    made = file.create_dataset(
        entry.name,
        data=stored,
        chunks=chunks,
        fletcher32=chunks is not None,
        track_times=False,
    )
    h5py.h5i.dec_ref(made.id)


def verified_header(file: h5py.File) -> Header:
    """Read a shard's attributes after checking their types.

    Args:
        file: An open HDF5 file.

    Returns:
        Attribute name to value.

    Raises:
        DamagedError: They are not those of a shard that this version can read; the message is
            a phrase without the file's name.
    """
    if file.id.get_create_plist().get_userblock():
        raise DamagedError("bytes before the HDF5 file")
    wanted = {attribute.name: attribute.dtype for attribute in schema.ATTRIBUTES}
    if h5py.h5a.get_num_attrs(file.id) != len(wanted):
        raise DamagedError("not the attributes of a shard")
    header = {name: _scalar(file, name, dtype) for name, dtype in wanted.items()}
    if header["format"] != schema.FORMAT:
        raise DamagedError(f"format {header['format']!r}")
    if not 1 <= int(header["version"]) <= schema.VERSION:
        raise DamagedError(f"version {header['version']} of the format")
    if header["split"] not in schema.SPLITS:
        raise DamagedError(f"split {header['split']!r}")
    if min(int(header[name]) for name in ("num_images", "height", "width")) < 1:
        raise DamagedError("no images")
    return header


def _scalar(file: h5py.File, name: str, dtype: str) -> int | str:
    if not h5py.h5a.exists(file.id, name.encode()):
        raise DamagedError(f"no attribute {name}")
    attribute = h5py.h5a.open(file.id, name.encode())
    is_text = dtype == "S"
    kind = attribute.get_type()
    right = (
        isinstance(kind, h5py.h5t.TypeStringID) and not kind.is_variable_str()
        if is_text
        else isinstance(kind, h5py.h5t.TypeIntegerID)
    )
    if not right or attribute.shape != () or kind.get_size() > schema.MAX_NAME_BYTES:
        raise DamagedError(f"attribute {name} of another type")
    value = np.empty((), attribute.dtype)
    attribute.read(value)
    return value.item().decode("ascii") if is_text else int(value)


def verified_datasets(file: h5py.File, header: Header) -> dict[str, h5py.Dataset]:
    """Open a shard's data sets after checking that reading them is safe.

    Args:
        file: An open HDF5 file.
        header: Its verified attributes.

    Returns:
        Name to data set, all as the schema says, stored in this file, complete and checksummed.

    Raises:
        DamagedError: Anything else; the message is a phrase without the file's name.
    """
    symbols = {
        "n": int(header["num_images"]),
        "m": int(header["num_pairs"]),
        "H": int(header["height"]),
        "W": int(header["width"]),
    }
    wanted = {entry.name: entry for entry in schema.datasets_of(int(header["version"]))}
    links = file.id.links
    if file.id.get_num_objs() != len(wanted):
        raise DamagedError("not the data sets of a shard")
    for name in wanted:
        if not links.exists(name.encode()):
            raise DamagedError(f"no data set {name}")
        if links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
            raise DamagedError(f"{name} leads elsewhere")
    size = file.id.get_filesize()
    return {name: _verified(file, entry, symbols, size) for name, entry in wanted.items()}


def _verified(
    file: h5py.File, entry: DataSet, symbols: Mapping[str, int], file_bytes: int
) -> h5py.Dataset:
    identifier = h5py.h5o.open(file.id, entry.name.encode())
    if not isinstance(identifier, h5py.h5d.DatasetID):
        raise DamagedError(f"{entry.name} is no data set")
    # The layout comes first: asking a virtual data set for its shape opens other files.
    plan = identifier.get_create_plist()
    layout = plan.get_layout()
    if layout not in (h5py.h5d.CHUNKED, h5py.h5d.CONTIGUOUS) or plan.get_external_count():
        raise DamagedError(f"{entry.name} keeps its values elsewhere")
    kind = identifier.get_type()
    plain = (h5py.h5t.TypeIntegerID, h5py.h5t.TypeFloatID, h5py.h5t.TypeStringID)
    if not isinstance(kind, plain) or not entry.fits_stored_type(identifier.dtype):
        raise DamagedError(f"{entry.name} is of another type")
    shape = entry.sizes(symbols)
    if identifier.shape != shape:
        raise DamagedError(f"{entry.name} has the shape {identifier.shape} and not {shape}")
    if identifier.get_space().get_simple_extent_dims(True) != shape:
        raise DamagedError(f"{entry.name} has no fixed shape")
    filters = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    chunks = entry.chunks(shape, kind.get_size())
    if filters != ([h5py.h5z.FILTER_FLETCHER32] if chunks else []):
        raise DamagedError(f"{entry.name} has other filters than a checksum")
    if chunks != (plan.get_chunk() if layout == h5py.h5d.CHUNKED else None):
        raise DamagedError(f"{entry.name} has other chunks")
    _check_stored_bytes(identifier, entry.name, shape, chunks, file_bytes)
    return h5py.Dataset(identifier)


def _check_stored_bytes(
    identifier: h5py.h5d.DatasetID,
    name: str,
    shape: tuple[int, ...],
    chunks: tuple[int, ...] | None,
    file_bytes: int,
) -> None:
    item = identifier.get_type().get_size()
    needed = 0
    if chunks:
        checksum = 4
        needed = -(-shape[0] // chunks[0]) * (math.prod(chunks) * item + checksum)
    if needed > file_bytes or identifier.get_storage_size() != needed:
        raise DamagedError(f"{name} is not stored whole")


def read_values(dataset: h5py.Dataset, entry: DataSet) -> NDArray[Any]:
    """Read one verified data set whole, as one slab, into an array of its type in memory."""
    values = np.empty(dataset.shape, dataset.dtype)
    if values.size:
        dataset.read_direct(values)
    if entry.dtype == "bool":
        if values.size and int(values.max()) > 1:
            raise DamagedError(f"{entry.name}: a value above 1")
        return values.view(np.bool_)
    return values
