"""Numbers read at call time, shared by the models and losses of all workloads.

A searched number that changes no shape is a float, a 0-d tensor, or a ``[B, 1]`` tensor with one
value a row (the rows of several trials in one batch). B batch.
"""

import torch
from torch import Tensor

Number = float | Tensor


def rowwise(value: Number, x: Tensor) -> Tensor:
    """Shape a number so that it multiplies ``x`` row by row.

    Args:
        value: A float, a 0-d tensor or a ``[B, 1]`` tensor.
        x: Rows of any rank. Shape ``[B, ...]``.

    Returns:
        The value, broadcastable to ``x``. On its device.
    """
    tensor = torch.as_tensor(value, device=x.device)
    return tensor.reshape(tensor.shape[:1] + (1,) * (x.dim() - 1))


def dropout(x: Tensor, p: Number, training: bool) -> Tensor:
    """Zero each element with probability ``p`` and scale up the others, in training only.

    Args:
        x: Activations. Shape ``[B, ...]``.
        p: Probability of zeroing, in [0, 1).
        training: Whether the module is in training mode; otherwise ``x`` is returned.

    Returns:
        Activations with the same expectation. Shape and type of ``x``.
    """
    if not training:
        return x
    rate = rowwise(p, x)
    keep = (torch.rand(x.shape, device=x.device) >= rate) / (1 - rate)
    return x * keep.to(x.dtype)
