"""Every random number of a sweep comes from its seed, by name of what it is for."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


def derive(*path: int) -> int:
    """Derive a seed of 63 bits from a path such as (sweep seed, trial number)."""
    return int(np.random.SeedSequence(path).generate_state(1, np.uint64)[0] >> np.uint64(1))


@contextmanager
def seeded(*path: int) -> Iterator[None]:
    """Seed torch's global generators for a block, and put their state back after it."""
    import torch  # here, since the driver derives seeds and never needs torch

    devices = range(torch.cuda.device_count())
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(derive(*path))
        yield
