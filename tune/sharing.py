"""How many trials share a machine: as many as fit, and of those the number that is fastest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

#: What a trial may need beyond what was measured. Of three trials the published rule calls
#: 24,000 MiB enough and 20,000 MiB tight, which is this ratio.
ROOM = 1.2
SEVERAL = 3


class Verdict(IntEnum):
    """Whether several trials fit into a GPU's memory; the exit code of ``tune.plan``."""

    SEVERAL = 0
    TIGHT = 1
    ONE_AT_A_TIME = 2
    NO_GPU = 3


@dataclass(frozen=True)
class Sharing:
    """Trials side by side, and what was measured of them.

    Attributes:
        count: How many.
        threads: Cores of each.
        epoch_s: Seconds an epoch of each, while the others run.
    """

    count: int
    threads: int
    epoch_s: float

    @property
    def epochs_per_s(self) -> float:
        """Epochs of all of them together in a second."""
        return self.count / self.epoch_s

    @property
    def gpu_share(self) -> float:
        """Share of a GPU of each; rounded down to Ray's four digits, so that all of them fit."""
        return int(10_000 / self.count) / 10_000


def verdict(free_bytes: float, trial_bytes: float) -> Verdict:
    """Say whether several trials fit.

    Args:
        free_bytes: Free memory of the GPU.
        trial_bytes: Peak memory of one trial there.

    Returns:
        ``SEVERAL`` if three fit with room, ``TIGHT`` if they fit only just, else
        ``ONE_AT_A_TIME``.
    """
    if free_bytes >= SEVERAL * ROOM * trial_bytes:
        return Verdict.SEVERAL
    if free_bytes >= SEVERAL * trial_bytes:
        return Verdict.TIGHT
    return Verdict.ONE_AT_A_TIME


def fitting(free_bytes: float, trial_bytes: float) -> int:
    """Count the trials that fit with room; at least one, which was measured after all."""
    return max(int(free_bytes / (ROOM * trial_bytes)), 1)


def on_cores(cores: int, most: int) -> list[tuple[int, int]]:
    """Return the ways to share the cores: the wider the trials, the fewer.

    Args:
        cores: Of the machine.
        most: How many trials fit into memory.

    Returns:
        Count and cores of each; the cores of one are powers of two, and all of them.
    """
    threads = {2**power for power in range(cores.bit_length())} | {cores}
    return [(min(cores // each, most), each) for each in sorted(threads)]


def on_card(most: int) -> list[int]:
    """Return the numbers of trials to try on a GPU: doubling up to as many as fit."""
    return sorted({2**power for power in range(most.bit_length())} | {most})


def fastest(sharings: Iterable[Sharing]) -> Sharing:
    """Return the sharing with the most epochs in a second; of equals the one of fewer trials."""
    return max(sharings, key=lambda sharing: (sharing.epochs_per_s, -sharing.count))


def sweep_s(sharing: Sharing, trials: int, epochs: Sequence[int]) -> tuple[float, float]:
    """Return the least and the most time that a sweep may take, in seconds.

    Args:
        sharing: How its trials share the machine.
        trials: How many there are.
        epochs: The first at which ASHA may stop a trial, and the last.

    Returns:
        The time if ASHA stops all but the baseline at once, and if it stops none.
    """
    grace, last = min(epochs), max(epochs)
    least = (trials - 1) * grace + last  # ASHA never stops the baseline
    return least / sharing.epochs_per_s, trials * last / sharing.epochs_per_s
