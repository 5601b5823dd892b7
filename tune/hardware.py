"""What this machine has for trials: cores, free memory, and the freest GPU."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

KIB = 1024


@dataclass(frozen=True)
class Card:
    """One GPU, as torch numbers it."""

    index: int
    name: str
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True)
class Machine:
    """What trials may use; ``card`` is the one they share, or None."""

    cores: int
    memory_bytes: int
    card: Card | None = None


def inspect() -> Machine:
    """Return what this machine has free.

    Asking for a GPU's memory takes some of it for as long as the process lives, so a process that
    lives on lets a short-lived one ask (``tune.measurement.in_process``).
    """
    import torch  # here, since all that needs no GPU needs no torch

    cards = []
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        cards.append(Card(index, torch.cuda.get_device_name(index), total, free))
    return Machine(len(os.sched_getaffinity(0)), _available_memory_bytes(), freest(cards))


def freest(cards: Sequence[Card]) -> Card | None:
    """Return the card with the most free memory: the last one listed may be busy."""
    return max(cards, key=lambda card: card.free_bytes, default=None)


def _available_memory_bytes() -> int:
    """Return what the system could still give, at most what this container may have."""
    available = field_bytes(Path("/proc/meminfo"), "MemAvailable")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.exists() else "max"
    return available if text == "max" else min(available, int(text))


def peak_memory_bytes() -> int:
    """Return the most memory that this process has had at a time.

    Not ``ru_maxrss``: across the start of a program Linux keeps the peak of the process that
    started it, so that a small training would seem as large as its driver.
    """
    return field_bytes(Path("/proc/self/status"), "VmHWM")


def field_bytes(file: Path, name: str) -> int:
    """Read a line such as ``VmHWM:  15948 kB`` of a file of ``/proc``."""
    for line in file.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * KIB
    raise LookupError(f"{file} must have a line {name}, but has none")
