"""Losses of the companion networks, one value a row. B batch, M outputs."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

Batch = dict[str, Tensor]

SMALLEST = 1e-8  # keeps the logarithm of a probability finite


def squared_error(output: Tensor, batch: Batch) -> Tensor:
    """Return the mean squared error of every row.

    Args:
        output: Prediction. Shape ``[B, M]``.
        batch: With ``target`` of the same shape.

    Returns:
        Losses. Shape ``[B]``.
    """
    return (output - batch["target"]).square().mean(dim=1)


def cross_entropy(output: Tensor, batch: Batch) -> Tensor:
    """Return the mean binary cross-entropy of every row; no logarithm is below -100.

    Args:
        output: Probabilities. Shape ``[B, M]``.
        batch: With ``target`` of 0 and 1, of the same shape.

    Returns:
        Losses. Shape ``[B]``.
    """
    return binary_cross_entropy(output, batch["target"], reduction="none").mean(dim=1)


def divergence(output: Tensor, batch: Batch) -> Tensor:
    """Return the Kullback-Leibler divergence of every row from its target.

    Args:
        output: Distributions. Shape ``[B, M]``.
        batch: With ``target``, distributions of the same shape.

    Returns:
        ``sum_c y_c (log y_c - log(p_c + 1e-8))``, terms with y = 0 being 0. Shape ``[B]``.
    """
    target = batch["target"]
    entropy = torch.xlogy(target, target)
    return (entropy - target * torch.log(output + SMALLEST)).sum(dim=1)
