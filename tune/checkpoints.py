"""Checkpoints of one trial: ``last.pt`` to continue from, ``best.pt`` to keep.

Each is a zip file whose members carry checksums, which torch itself does not look at.
"""

import os
import struct
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch

from tune.errors import StorageFailure, UserError

BEST = "best.pt"
TO_CONTINUE = ("last.pt", "previous.pt")  # the newer one first
#: What ``zipfile`` and ``torch`` raise for a file that is cut, flipped or made by a stranger;
#: the last but one is torch's word for a file with code in it, though nothing is unpickled.
FILE_DAMAGES = (BadZipFile, EOFError, OSError, UnpicklingError, struct.error)
CONTENT_DAMAGES = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError)


def save(path: Path, state: dict[str, Any], previous: Path | None = None) -> None:
    """Write a checkpoint so that a crash leaves the old one or the new one, never half of one.

    Args:
        path: Where to.
        state: Tensors and plain values.
        previous: Where the checkpoint that lay there goes; without it, it is replaced.

    Raises:
        StorageFailure: If it cannot be written, for instance to a full disk.
    """
    partial = path.with_suffix(f".{os.getpid()}.part")  # a dying process may still write its own
    try:
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        if previous is not None and path.exists():
            path.replace(previous)
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        partial.unlink(missing_ok=True)
        # torch tells a full disk as its own error, about a position in the file
        cause = error.__context__ if isinstance(error, RuntimeError) else error
        if not isinstance(cause, OSError):
            raise
        raise StorageFailure(f"{path} cannot be written: {cause.strerror}") from error


def load(path: Path, device: str = "cpu") -> dict[str, Any]:
    """Read a checkpoint; only tensors and plain values, never code.

    Args:
        path: The checkpoint.
        device: Where its tensors go.

    Returns:
        What was saved.

    Raises:
        UserError: If a single bit of it is not as it was written; names the file.
    """
    try:
        with ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise BadZipFile(f"wrong checksum of {damaged}")
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (*FILE_DAMAGES, *CONTENT_DAMAGES, ValueError) as error:
        what = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise UserError(f"{path} must be a whole checkpoint, but is damaged ({what})") from error
    return state


def load_last(directory: Path, device: str) -> tuple[dict[str, Any] | None, list[str]]:
    """Read what a trial is to continue from.

    A trial whose ``best.pt`` is damaged begins anew: no later epoch would write it again.

    Args:
        directory: Of the trial.
        device: Where the tensors go.

    Returns:
        The newest whole state, or None to begin anew; and the names of damaged checkpoints.
    """
    if (directory / BEST).exists() and _whole(directory / BEST, "cpu") is None:
        return None, [BEST]
    damaged: list[str] = []
    for name in TO_CONTINUE:
        if (directory / name).exists():
            state = _whole(directory / name, device)
            if state is not None:
                return state, damaged
            damaged.append(name)
    return None, damaged


def _whole(path: Path, device: str) -> dict[str, Any] | None:
    try:
        return load(path, device)
    except UserError:
        return None
