"""A user's own files: which layout a directory holds, and ready windows (layout A).

K tones, L steps of a window, n windows. Nothing is unpickled.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib.npyio import NpzFile

from datasets import damage
from datasets.contract import DataFormatError
from datasets.frequency_filter_signal import Array, Columns

WINDOWS_FILE = "training_data.npz"
SERIES_FILES = {"train": "frequency_data_train.npz", "test": "frequency_data_test.npz"}
SUFFIXES = {"train": "train", "validation": "val", "test": "test"}


def has_windows(root: Path) -> bool:
    """Tell which layout a directory holds.

    Args:
        root: The directory.

    Returns:
        True for ready windows, False for raw series.

    Raises:
        FileNotFoundError: If it holds neither.
    """
    if (root / WINDOWS_FILE).is_file():
        return True
    if all((root / name).is_file() for name in SERIES_FILES.values()):
        return False
    raise FileNotFoundError(
        f"{root} must hold {WINDOWS_FILE}, or {' and '.join(SERIES_FILES.values())}; leave the "
        "data root out to use the embedded data"
    )


def read_windows(root: Path) -> dict[str, Columns]:
    """Read and check ``training_data.npz``.

    Args:
        root: Directory of the file.

    Returns:
        For ``train``, ``validation`` and ``test``: ``inputs`` ``[n, L, 1 + K]``, ``target``
        ``[n, L, 1]``, both float32, and ``selector`` and ``block`` ``[n]``, int64. All windows lie
        in one block, since nothing says which of them overlap.

    Raises:
        DataFormatError: If the file breaks a rule of the format.
    """
    keys = [f"{letter}_{suffix}" for suffix in SUFFIXES.values() for letter in "Xy"]
    arrays = read_arrays(root / WINDOWS_FILE, [*keys, "sequence_length", "selectors"])
    selectors = np.atleast_1d(arrays["selectors"])
    seq_len, num_tones = scalar(arrays, "sequence_length", WINDOWS_FILE), len(selectors)
    if not np.array_equal(np.unique(selectors, axis=0)[::-1], np.eye(num_tones)):
        raise DataFormatError(
            f"selectors must be the rows of the identity in any order, got {selectors.tolist()} "
            f"in {WINDOWS_FILE}"
        )
    columns = {}
    for part, suffix in SUFFIXES.items():
        inputs, target = arrays[f"X_{suffix}"], arrays[f"y_{suffix}"]
        _check_shapes(suffix, inputs.shape, target.shape, num_tones)
        if inputs.shape[1] != seq_len:
            raise DataFormatError(
                f"sequence_length must be the {inputs.shape[1]} steps of X_{suffix}, got "
                f"{seq_len:g} in {WINDOWS_FILE}"
            )
        columns[part] = {
            "inputs": inputs.astype(np.float32),
            "target": target.astype(np.float32),
            "selector": _selector(inputs[..., 1:], f"X_{suffix}"),
            "block": np.zeros(len(inputs), dtype=np.int64),
        }
    return columns


def _check_shapes(
    suffix: str, inputs: tuple[int, ...], target: tuple[int, ...], num_tones: int
) -> None:
    """Reject windows that are none, that do not belong together, or have other channels."""
    expected = (*inputs[:2], 1 + num_tones), (*inputs[:2], 1)
    if len(inputs) != 3 or 0 in inputs or (inputs, target) != expected:
        raise DataFormatError(
            f"X_{suffix} and y_{suffix} must have shapes (n, L, {1 + num_tones}) and (n, L, 1), "
            f"got {inputs} and {target} in {WINDOWS_FILE}"
        )


def _selector(channels: Array, name: str) -> Array:
    """Return the tone that each window asks for.

    Args:
        channels: The selector channels. Shape ``[n, L, K]``.
        name: Of the array, for the message.

    Returns:
        Indices below K. Shape ``[n]``, int64.

    Raises:
        DataFormatError: If a selector is not one-hot or changes inside a window.
    """
    binary = np.isin(channels, (0, 1)).all(axis=-1)
    one_hot = binary & (channels.sum(axis=-1) == 1)
    wrong = np.argwhere(~(one_hot & (channels == channels[:, :1]).all(axis=-1)))
    if len(wrong):
        row, step = wrong[0]
        raise DataFormatError(
            f"selector channels must be one-hot and constant in a window, got "
            f"{channels[row, step].tolist()} at row {row}, step {step} of {name} in {WINDOWS_FILE}"
        )
    selector: Array = channels[:, 0].argmax(axis=-1)
    return selector


def read_arrays(path: Path, keys: Iterable[str]) -> dict[str, Array]:
    """Read finite numbers from an ``.npz`` file.

    Args:
        path: The file.
        keys: Names of the arrays to read; others are ignored.

    Returns:
        The arrays by name, as stored.

    Raises:
        DataFormatError: If the file is no archive, lacks a key, or holds anything but finite
            numbers under one.
    """
    with path.open("rb") as file:
        archive = _archive(file, path.name)
        return {key: _array(archive, key, path.name) for key in keys}


def _archive(file: BinaryIO, name: str) -> NpzFile:
    """Open an archive; its arrays are read from ``file`` when they are asked for."""
    try:
        archive = np.load(file, allow_pickle=False)
    except damage.ARRAYS as error:
        what = str(error).partition("\n")[0]
        raise DataFormatError(f"{name} must be an .npz archive, got {what}") from error
    if not isinstance(archive, NpzFile):
        raise DataFormatError(f"{name} must be an .npz archive, got one array")
    return archive


def _array(archive: NpzFile, key: str, file: str) -> Array:
    """Read one array of finite numbers."""
    if key not in archive.files:
        raise DataFormatError(f"{file} must contain '{key}', got keys {sorted(archive.files)}")
    try:
        array: Array = archive[key]
    except damage.ARRAYS as error:
        what = str(error).partition("\n")[0]
        raise DataFormatError(f"{key} must be an array of numbers in {file}: {what}") from error
    if array.dtype.kind not in "iuf":
        raise DataFormatError(f"{key} must hold numbers, got {array.dtype} in {file}")
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        index = tuple(wrong[0].tolist())
        place = ", ".join(map(str, index))
        raise DataFormatError(
            f"{key} must be finite, got {array[index]} at index {place} of {file}"
        )
    return array


def scalar(arrays: dict[str, Array], key: str, file: str) -> float:
    """Return the one number stored under a key.

    Args:
        arrays: Arrays by name, of any shape.
        key: One of the names.
        file: Name of the file that they come from, for the message.

    Returns:
        The number.

    Raises:
        DataFormatError: If there are several, or none.
    """
    if arrays[key].size != 1:
        raise DataFormatError(f"{key} must be one number, got shape {arrays[key].shape} in {file}")
    return float(arrays[key].item())
