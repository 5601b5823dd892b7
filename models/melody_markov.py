"""Markov models of melody: what note followed the last few, counted; nothing is trained.

B blocks, T notes of a block, V 88 keys of the piano.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from models.melody_networks import VOCABULARY

HIGHEST_ORDER = 8  # a context and its next note as digits of one 64-bit number


@dataclass(frozen=True)
class Table:
    """What follows the contexts of one length.

    Attributes:
        contexts: Those that occurred, ascending; their notes are the digits. Shape ``[C]``.
        likelihood: Of every next note. Shape ``[C, V]``, float64.
    """

    contexts: Tensor
    likelihood: Tensor

    def find(self, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rows of contexts, and whether they occurred at all. Shape of ``wanted``."""
        rows = torch.searchsorted(self.contexts, wanted).clamp(max=len(self.contexts) - 1)
        return rows, self.contexts[rows] == wanted


class Markov(nn.Module):
    """Interpolates the contexts of 0 to ``order`` notes (Witten and Bell, 1991).

    ``p_k(w|c) = (count(c, w) + T(c) p_{k-1}(w|c')) / (N(c) + T(c))``, where N notes of T kinds
    followed c, and c' lacks the oldest note of c; a context never seen leaves ``p_{k-1}``, and
    ``p_{-1}`` is uniform.
    """

    def __init__(self, order: int) -> None:
        """Create an empty model.

        Args:
            order: Notes that the next one depends on, 0 to 8.

        Raises:
            ValueError: If the order is out of range.
        """
        super().__init__()
        if not 0 <= order <= HIGHEST_ORDER:
            raise ValueError(f"order must be 0..{HIGHEST_ORDER}, got {order}")
        self.order = order
        self.tables: list[Table] = []

    def fit(self, batch: dict[str, Tensor]) -> Self:
        """Count what follows what.

        Args:
            batch: ``inputs`` and ``target`` ``[B, T]``, -100 where no note follows. Contexts end
                at the edge of a block, so blocks had better hold whole tunes.

        Returns:
            The model itself.
        """
        scored = batch["target"] >= 0
        self.tables = []
        for length in range(self.order + 1):
            contexts, whole = _contexts(batch["inputs"], length)
            known = scored & whole
            self.tables.append(self._count(contexts[known], batch["target"][known]))
        return self

    def _count(self, contexts: Tensor, following: Tensor) -> Table:
        """Interpolate the counts of contexts one note longer than those counted so far."""
        contexts, index = torch.unique(contexts, return_inverse=True)
        pairs = torch.bincount(
            index * VOCABULARY + following, minlength=VOCABULARY * len(contexts)
        )
        times = pairs.reshape(-1, VOCABULARY).double()
        totals, kinds = times.sum(dim=1, keepdim=True), (times > 0).sum(dim=1, keepdim=True)
        shorter = torch.full_like(times, 1 / VOCABULARY)
        if self.tables:
            rows, _ = self.tables[-1].find(contexts % VOCABULARY ** (len(self.tables) - 1))
            shorter = self.tables[-1].likelihood[rows]
        return Table(contexts, (times + kinds * shorter) / (totals + kinds))

    def forward(self, inputs: Tensor) -> Tensor:
        """Predict the note that follows each note.

        Args:
            inputs: Tokens 0..87. Shape ``[B, T]``, int64.

        Returns:
            Log-likelihoods. Shape ``[B, T, V]``.
        """
        uniform = 1 / VOCABULARY
        likelihood = torch.full((*inputs.shape, VOCABULARY), uniform, dtype=torch.float64)
        for length, table in enumerate(self.tables):
            contexts, whole = _contexts(inputs, length)
            rows, occurred = table.find(contexts)
            known = whole & occurred
            likelihood[known] = table.likelihood[rows[known]]
        return likelihood.log().float()


def _contexts(inputs: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Read the last notes as digits of a number; tell where there are that many. ``[B, T]``."""
    codes = torch.zeros_like(inputs)
    for place in range(length):
        earlier = nn.functional.pad(inputs, (place, 0))[:, : inputs.shape[1]]
        codes += earlier * VOCABULARY**place
    whole = torch.arange(inputs.shape[1]) >= length - 1
    return codes, whole.expand_as(codes)
