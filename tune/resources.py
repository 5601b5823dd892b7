"""What one trial gets, and how many run side by side."""

import os
from dataclasses import dataclass
from typing import Literal

from tune import arguments
from tune.errors import UserError
from tune.sharing import Sharing

AUTO: Literal["auto"] = "auto"
Share = float | Literal["auto"] | None
DEFAULT_CORES = 1.0
DEFAULT_GPU_SHARE = 0.25


@dataclass(frozen=True)
class Resources:
    """Shares of one trial and the number of slots; ``note`` says what was chosen for the user."""

    cpus: float
    gpus: float
    slots: int
    note: str = ""


def share(text: str) -> Share:
    """Read a share such as 0.25, or ``auto``."""
    return AUTO if text == AUTO else arguments.share(text)


def choose(
    cpus: Share,
    gpus: Share,
    concurrent: int | None,
    have: dict[str, float],
    measured: Sharing | None = None,
) -> Resources:
    """Choose a trial's shares and how many fit.

    Args:
        cpus: Cores of a trial; None for one.
        gpus: Share of a GPU of a trial; None for a quarter, if there is one.
        concurrent: Most trials at a time, or None for as many as fit.
        have: What the machine or cluster has: ``CPU`` and ``GPU``.
        measured: What ``auto`` stands for; without it, for the same as None.

    Returns:
        The choice; never more than fits.

    Raises:
        UserError: If an explicit request cannot be met.
    """
    available = have.get("GPU", 0.0)
    if isinstance(gpus, int | float) and gpus > available:
        found = f"{available:g} GPU" if available else "no GPU"
        raise UserError(
            f"--gpus-per-trial {gpus:g} needs a GPU, but this machine has {found}; "
            f"leave the option out to train on CPU"
        )
    cores = _settled(cpus, DEFAULT_CORES, measured.threads if measured else None)
    if cores > have["CPU"]:
        raise UserError(
            f"--cpus-per-trial {cores:g} must be at most {have['CPU']:g}, the cores here"
        )
    share = _settled(gpus, DEFAULT_GPU_SHARE, measured.gpu_share if measured else None)
    share = min(share, available)
    slots = int(have["CPU"] // cores)
    if share > 0:
        slots = min(slots, int(available / share + 1e-9))
    if measured:
        slots = min(slots, measured.count * max(int(available), 1))
    asked = isinstance(gpus, int | float)
    note = "" if available or asked else "no GPU found, training on CPU"
    return Resources(cores, share, min(slots, concurrent or slots), note)


def _settled(asked: Share, default: float, measured: float | None) -> float:
    """Return the number asked for; ``auto`` is what was measured, and nothing the default."""
    if isinstance(asked, int | float):
        return asked
    return measured if asked == AUTO and measured is not None else default


def machine() -> dict[str, float]:
    """Return this machine's usable cores and, as Ray finds them, its GPUs."""
    from ray._private.accelerators import NvidiaGPUAcceleratorManager

    gpus = NvidiaGPUAcceleratorManager.get_current_node_num_accelerators()
    return {"CPU": float(len(os.sched_getaffinity(0))), "GPU": float(gpus)}
