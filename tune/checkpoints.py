"""Checkpoints of one trial: ``last.pt`` to continue from, ``best.pt`` to keep."""

import os
from pathlib import Path
from typing import Any

import torch


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a crash leaves the old one or the new one, never half of one."""
    partial = path.with_suffix(f".{os.getpid()}.part")  # a dying process may still write its own
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load(path: Path, device: str = "cpu") -> dict[str, Any]:
    """Read a checkpoint; only tensors and plain values, never code."""
    state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return state
