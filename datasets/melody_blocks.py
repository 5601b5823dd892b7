"""Tunes cut into blocks: notes in, and at every place the note that follows.

B blocks, T notes of a block.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

IGNORED = -100  # as a target: not scored


def blocks(
    tunes: Sequence[Sequence[int]], context: int, stride: int | None = None
) -> dict[str, Tensor]:
    """Cut tunes; every note but the first of a tune is a target, exactly once at full stride.

    Args:
        tunes: Tokens 0..87 of each tune.
        context: T. The last block of a tune is padded on the right, inputs with 0 and targets
            with -100; nothing that is scored can depend on that.
        stride: Notes between the starts of neighbouring blocks; T if None. With 1 there is a
            block for every note that T others precede.

    Returns:
        ``inputs`` and ``target`` ``[B, T]``, and ``tune`` ``[B]``, the place of each block's tune
        in ``tunes``. All int64.

    Raises:
        ValueError: If context or stride is out of range.
    """
    stride = context if stride is None else stride
    if not 1 <= stride <= context:
        raise ValueError(f"must have 1 <= stride <= context, got {stride} and {context}")
    cuts = [
        (place, tune[start : start + context + 1])
        for place, tune in enumerate(tunes)
        for start in range(0, max(len(tune) - 1 - context + stride, 1), stride)
    ]
    inputs = np.zeros((len(cuts), context), dtype=np.int64)
    target = np.full((len(cuts), context), IGNORED, dtype=np.int64)
    for row, (_, notes) in enumerate(cuts):
        inputs[row, : len(notes) - 1] = notes[:-1]
        target[row, : len(notes) - 1] = notes[1:]
    return {
        "inputs": torch.from_numpy(inputs),
        "target": torch.from_numpy(target),
        "tune": torch.tensor([place for place, _ in cuts]),
    }
