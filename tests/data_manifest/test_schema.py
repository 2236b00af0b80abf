from __future__ import annotations

import dataclasses
import inspect

import numpy as np

from data_manifest import schema
from data_manifest.arrays import ShardArrays
from data_manifest.specification import FORMAT_FILE, tables, with_tables


def test_every_data_set_is_a_field_of_the_arrays_in_the_same_order():
    fields = [field.name for field in dataclasses.fields(ShardArrays)]
    assert fields == [entry.name for entry in schema.DATASETS]


def test_the_arrays_docstring_names_every_field():
    text = inspect.getdoc(ShardArrays)
    assert all(f"\n    {entry.name}: " in text for entry in schema.DATASETS)


def test_pair_tables_begin_with_from_and_to():
    assert [column.name for column in schema.PAIR_COLUMNS[:2]] == ["from", "to"]


def test_every_joint_has_a_column_in_the_image_table():
    assert sum(column.name.startswith("has_") for column in schema.IMAGE_COLUMNS) == 18


def test_images_have_a_chunk_each_and_other_data_sets_chunks_of_64_kib():
    by_name = {entry.name: entry for entry in schema.DATASETS}
    assert by_name["images"].chunks((9, 24, 16, 3), 1) == (1, 24, 16, 3)
    assert by_name["transforms"].chunks((5000, 10, 2, 3), 4) == (273, 10, 2, 3)
    assert by_name["transforms"].chunks((7, 10, 2, 3), 4) == (7, 10, 2, 3)
    assert by_name["transforms"].chunks((0, 10, 2, 3), 4) is None


def test_a_row_larger_than_a_chunk_is_a_chunk():
    wide = dataclasses.replace(schema.DATASETS[1], shape=("n", 40000))
    assert wide.chunks((3, 40000), 4) == (1, 40000)


def test_booleans_are_stored_as_bytes():
    present = next(entry for entry in schema.DATASETS if entry.dtype == "bool")
    assert present.fits_type(np.bool_) and present.fits_stored_type(np.uint8)
    assert not present.fits_stored_type(np.bool_)


def test_other_byte_order_is_another_type():
    pairs = next(entry for entry in schema.DATASETS if entry.name == "pairs")
    assert pairs.fits_stored_type("<i4") and not pairs.fits_stored_type(">i4")


def test_the_specification_has_the_tables_of_the_schema():
    text = FORMAT_FILE.read_text("utf-8")
    assert with_tables(text) == text
    for table in tables().values():
        assert table in text


def test_the_specification_names_the_present_version():
    assert FORMAT_FILE.read_text("utf-8").startswith(
        f"# The shard format, version {schema.VERSION}\n"
    )
