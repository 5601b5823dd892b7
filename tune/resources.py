"""What one trial gets, and how many run side by side."""

import os
from dataclasses import dataclass

from tune.errors import UserError

AUTO_GPU_SHARE = 0.25


@dataclass(frozen=True)
class Resources:
    """Shares of one trial and the number of slots; ``note`` says what was chosen for the user."""

    cpus: float
    gpus: float
    slots: int
    note: str = ""


def choose(
    cpus: float | None, gpus: float | None, concurrent: int | None, have: dict[str, float]
) -> Resources:
    """Choose a trial's shares and how many fit.

    Args:
        cpus: Cores of a trial, or None for automatic.
        gpus: Share of a GPU of a trial, or None for automatic.
        concurrent: Most trials at a time, or None for as many as fit.
        have: What the machine or cluster has: ``CPU`` and ``GPU``.

    Returns:
        The choice; never more than fits.

    Raises:
        UserError: If an explicit request cannot be met.
    """
    available = have.get("GPU", 0.0)
    if gpus is not None and gpus > available:
        found = f"{available:g} GPU" if available else "no GPU"
        raise UserError(
            f"--gpus-per-trial {gpus:g} needs a GPU, but this machine has {found}; "
            f"leave the option out to train on CPU"
        )
    note = "no GPU found, training on CPU" if gpus is None and not available else ""
    share = gpus if gpus is not None else min(AUTO_GPU_SHARE, available)
    cores = cpus if cpus is not None else 1.0
    if cores > have["CPU"]:
        raise UserError(
            f"--cpus-per-trial {cores:g} must be at most {have['CPU']:g}, the cores here"
        )
    slots = int(have["CPU"] // cores)
    if share > 0:
        slots = min(slots, int(available / share + 1e-9))
    return Resources(cores, share, min(slots, concurrent or slots), note)


def machine() -> dict[str, float]:
    """Return this machine's usable cores and, as Ray finds them, its GPUs."""
    from ray._private.accelerators import NvidiaGPUAcceleratorManager

    gpus = NvidiaGPUAcceleratorManager.get_current_node_num_accelerators()
    return {"CPU": float(len(os.sched_getaffinity(0))), "GPU": float(gpus)}
