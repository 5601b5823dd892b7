"""The prepared file of ``edc``: one table as HDF5, of generated and of measured data alike.

Its arrays are stored in one piece, so that every process maps the same pages of memory instead of
reading a copy.
"""

import functools
import hashlib
import json
from pathlib import Path

import h5py
import numpy as np

from datasets import damage
from datasets.contract import DataFormatError
from datasets.edc_table import ARRAYS, FEATURES, Table, complain, curve_problems, feature_problems

VERSION = 1

_KEYS = (*ARRAYS, "id")
_ATTRIBUTES = ("version", "sample_rate_hz", "config")
_COMMAND = "python -m datasets.edc CURVES_DIR FEATURES_CSV OUT.h5"


def write(path: Path, table: Table) -> None:
    """Write a table as HDF5, every array in one piece.

    Args:
        path: File to write.
        table: What to write.
    """
    with h5py.File(path, "w") as file:
        for name in ARRAYS:
            file[name] = getattr(table, name)
        file["id"] = np.array(table.ids, dtype="S")
        file.attrs["version"] = VERSION
        file.attrs["sample_rate_hz"] = table.sample_rate_hz
        file.attrs["config"] = json.dumps(dict(table.config))


def read(path: Path) -> Table:
    """Open a prepared file; its features and curves stay on disk, mapped into memory.

    A file that has not changed is checked and opened once per process.

    Args:
        path: File that ``write`` made.

    Returns:
        The table.

    Raises:
        FileNotFoundError: If there is no such file.
        DataFormatError: If the file is damaged or breaks a rule of the table.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} must be a prepared file; make it with {_COMMAND}")
    return _read(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _read(path: Path, _modified_ns: int) -> Table:
    damage.check_hdf5(path)
    try:
        with h5py.File(path, "r") as file:
            _check_layout(path, file)
            table = _mapped_table(path, file)
    except DataFormatError:
        raise
    except damage.HDF5 as error:
        what = str(error).partition("\n")[0]
        raise DataFormatError(f"{path} must be a complete HDF5 file, got: {what}") from error
    problems = feature_problems(table.ids, table.features)
    complain(str(path), problems + curve_problems(table.ids, table.curves))
    return table


def _check_layout(path: Path, file: h5py.File) -> None:
    """Refuse a file that lacks a data set, or holds one of another shape or type."""
    missing = [name for name in _KEYS if not isinstance(file.get(name), h5py.Dataset)]
    missing += [name for name in _ATTRIBUTES if name not in file.attrs]
    if missing:
        raise DataFormatError(
            f"{path} must hold {', '.join(_KEYS + _ATTRIBUTES)}, got no {', '.join(missing)} "
            f"among {', '.join([*file, *file.attrs]) or 'nothing'}; make it with {_COMMAND}"
        )
    if file.attrs["version"] != VERSION:
        raise DataFormatError(
            f"{path} must be of version {VERSION}, got {file.attrs['version']}; "
            f"make it again with {_COMMAND}"
        )
    num_rows = max(1, file["id"].size)
    columns = {"features": (len(FEATURES),), "curves": (file["curves"].size // num_rows,)}
    shapes = {name: (num_rows, *columns.get(name, ())) for name in _KEYS}
    problems = [
        f"{name} must have shape {shape}, got {file[name].shape}"
        for name, shape in shapes.items()
        if file[name].shape != shape
    ]
    problems += [
        f"{name} must be float32 in one piece, got {file[name].dtype} in {file[name].chunks}"
        for name in ("features", "curves")
        if file[name].dtype != np.float32 or file[name].id.get_offset() is None
    ]
    complain(str(path), problems)


def _mapped_table(path: Path, file: h5py.File) -> Table:
    features, curves = (
        # copy-on-write, since torch warns of read-only memory
        np.memmap(path, np.float32, "c", file[name].id.get_offset(), file[name].shape)
        for name in ("features", "curves")
    )
    digest = hashlib.blake2b(features.data, digest_size=8)
    digest.update(curves.data)
    return Table(
        ids=file["id"].asstr()[:].tolist(),
        features=features,
        curves=curves,
        geometry=file["geometry"][:],
        material=file["material"][:],
        sample_rate_hz=int(file.attrs["sample_rate_hz"]),
        config=json.loads(file.attrs["config"]),
        digest=digest.hexdigest(),
    )
