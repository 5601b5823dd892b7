"""Training, validation and test tunes; a tune is never divided."""

import random
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from datasets.contract import DataFormatError
from datasets.melody_tunes import Tune

SPLITS = ("honest", "source")
SEED = 42  # of the original project
COMPARED_INTERVALS = 24
Parts = Mapping[str, Sequence[int]]


def split_tunes(tunes: Sequence[Tune], kind: str) -> tuple[Parts, int]:
    """Deal the tunes 80/10/10 %.

    Args:
        tunes: All of them, in order.
        kind: ``honest`` moves a validation or test tune that begins as a training tune does, in
            whatever key, into training. ``source``, as published, does not.

    Returns:
        Places in ``tunes`` by part, and how many were moved.

    Raises:
        DataFormatError: If no tune of a part remains there.
        ValueError: If ``kind`` is unknown.
    """
    if kind not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {kind}")
    ids = list(range(len(tunes)))
    random.Random(SEED).shuffle(ids)
    first, second = int(0.8 * len(ids)), int(0.8 * len(ids)) + int(0.1 * len(ids))
    parts = {"train": ids[:first], "validation": ids[first:second], "test": ids[second:]}
    if kind == "source":
        return parts, 0
    known = {_beginning(tunes[place]) for place in parts["train"]}
    moved = [place for place in ids[first:] if _beginning(tunes[place]) in known]
    parts = {name: [p for p in places if p not in moved] for name, places in parts.items()}
    for name, places in parts.items():
        if not places:
            raise DataFormatError(
                f"tunes must differ in their first {COMPARED_INTERVALS} intervals, but all of the "
                f"{name} part begin as training tunes do; choose data/split=source to keep them"
            )
    return parts | {"train": ids[:first] + moved}, len(moved)


def variants(tunes: Sequence[Tune]) -> NDArray[np.int64]:
    """Number the tunes; those that begin alike, in whatever key, bear one number.

    Args:
        tunes: N of them.

    Returns:
        Shape ``[N]``.
    """
    beginnings = [str(_beginning(tune)) for tune in tunes]
    numbers: NDArray[np.int64] = np.unique(beginnings, return_inverse=True)[1]
    return numbers


def in_order(count: int) -> Parts:
    """Deal 80/20 % in order, as the original project deals its random walks; none is for tests."""
    ids = list(range(count))
    first = int(0.8 * count)
    return {"train": ids[:first], "validation": ids[first:], "test": []}


def _beginning(tune: Tune) -> tuple[int, ...]:
    """Return the first intervals, which do not depend on the key."""
    head = tune.tokens[: COMPARED_INTERVALS + 1]
    return tuple(b - a for a, b in zip(head, head[1:], strict=False))
