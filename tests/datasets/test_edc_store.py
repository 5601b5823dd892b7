"""The prepared file: what is written comes back mapped, and a damaged file is refused."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from datasets.contract import DataFormatError
from datasets.edc_rooms import generate
from datasets.edc_store import read, write
from datasets.edc_table import Table


@pytest.fixture(scope="module")
def table() -> Table:
    return generate("tiny")


@pytest.fixture
def path(tmp_path: Path, table: Table) -> Path:
    write(tmp_path / "rooms.h5", table)
    return tmp_path / "rooms.h5"


def test_a_table_comes_back_as_it_was_written(path: Path, table: Table) -> None:
    back = read(path)
    for name in ("features", "curves", "geometry", "material"):
        assert (getattr(back, name) == getattr(table, name)).all()
    assert back.ids == table.ids
    assert back.sample_rate_hz == table.sample_rate_hz
    assert back.config == table.config


def test_arrays_are_mapped_and_writing_to_them_leaves_the_file_alone(path: Path) -> None:
    before = path.read_bytes()
    curves = torch.from_numpy(read(path).curves)
    curves[0] = 7
    assert isinstance(read(path).curves, np.memmap)
    assert path.read_bytes() == before


def test_an_unchanged_file_is_opened_once_and_a_changed_one_again(
    path: Path, table: Table
) -> None:
    first = read(path)
    assert read(path) is first
    write(path, table.head(6))
    os.utime(path, ns=(0, 1))
    assert len(read(path)) == 6
    assert read(path).digest != first.digest


def test_digest_changes_with_a_single_value(path: Path, tmp_path: Path, table: Table) -> None:
    other = Table.of(table.ids, table.features, table.curves.copy(), 250, {})
    other.curves[-1, -1] = 0
    write(tmp_path / "other.h5", other)
    assert read(tmp_path / "other.h5").digest != read(path).digest


def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.h5 .*python -m datasets\.edc"):
        read(tmp_path / "none.h5")


def test_a_truncated_file_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(DataFormatError, match=r"rooms\.h5 must be a complete HDF5 file"):
        read(path)


def test_a_file_that_is_not_hdf5_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("ID,Length\n")
    with pytest.raises(DataFormatError, match=r"text\.h5 must be a complete HDF5 file"):
        read(tmp_path / "text.h5")


@pytest.mark.parametrize("key", ["features", "curves", "geometry", "material", "id"])
def test_a_missing_data_set_is_named_beside_those_found(path: Path, key: str) -> None:
    with h5py.File(path, "a") as file:
        del file[key]
        file["strange"] = [1]
    with pytest.raises(DataFormatError, match=rf"got no {key} among .*strange"):
        read(path)


def test_a_missing_attribute_is_named(path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file.attrs["sample_rate_hz"]
    with pytest.raises(DataFormatError, match="got no sample_rate_hz among"):
        read(path)


def test_a_file_of_another_version_is_refused(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file.attrs["version"] = 99
    with pytest.raises(DataFormatError, match="must be of version 1, got 99"):
        read(path)


@pytest.mark.parametrize(
    ("key", "shape", "expected"),
    [
        ("features", (48, 15), r"\(48, 16\)"),
        ("features", (47, 16), r"\(48, 16\)"),
        ("curves", (48,), r"\(48, 1\)"),
        ("curves", (40, 500), r"\(48, 416\)"),
        ("geometry", (12,), r"\(48,\)"),
        ("material", (48, 2), r"\(48,\)"),
    ],
)
def test_a_wrong_shape_is_named_beside_the_right_one(
    path: Path, key: str, shape: tuple[int, ...], expected: str
) -> None:
    with h5py.File(path, "a") as file:
        del file[key]
        file[key] = np.ones(shape, dtype=np.float32)
    with pytest.raises(
        DataFormatError, match=rf"{key} must have shape {expected}, got \({shape[0]}"
    ):
        read(path)


@pytest.mark.parametrize("options", [{"dtype": np.float64}, {"chunks": (6, 500)}])
def test_curves_that_cannot_be_mapped_are_refused(
    path: Path, table: Table, options: dict[str, object]
) -> None:
    with h5py.File(path, "a") as file:
        del file["curves"]
        file.create_dataset("curves", data=table.curves, **options)
    with pytest.raises(DataFormatError, match="curves must be float32 in one piece"):
        read(path)


def test_values_that_break_a_rule_are_named_with_their_row(path: Path, table: Table) -> None:
    with h5py.File(path, "a") as file:
        file["features"][2, 0] = -1
        file["curves"][5, 100] = np.nan
    with pytest.raises(DataFormatError) as caught:
        read(path)
    message = str(caught.value)
    assert f"Length of {table.ids[2]} must be above 0 m, got -1" in message
    assert f"{table.ids[5]} is not a decay curve: sample 100 must be finite" in message
    assert "\n" not in message
