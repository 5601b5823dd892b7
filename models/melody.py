"""Model of ``melody``: the next note of a tune.

B blocks, T notes of a block, V 88 keys of the piano.
"""

import torch
from torch import Tensor, nn

from models.functional import Number, rowwise
from models.melody_figure import draw as draw
from models.melody_metrics import IGNORED, aligned
from models.melody_metrics import metrics as metrics
from models.melody_networks import CELLS, INITS, VOCABULARY, RecurrentMelody, TransformerMelody
from models.melody_sampling import sample as sample  # part of the contract

Batch = dict[str, Tensor]

KINDS = (*CELLS, "transformer")
OBJECTIVES = ("all", "last")
LOWEST_SHIFT, HIGHEST_SHIFT = -5, 6  # semitones: all twelve keys


def build(  # noqa: PLR0913  the keywords are the schema of model/
    *,
    kind: str = "lstm",
    embedding_dim: int = 64,
    hidden_size: int = 128,
    num_layers: int = 2,
    num_heads: int = 8,
    feedforward_dim: int = 512,
    norm_first: bool = False,
    init: str = "published",
) -> RecurrentMelody | TransformerMelody:
    """Build the network; the defaults are the published LSTM.

    Args:
        kind: ``lstm``, ``gru``, ``rnn`` or ``transformer``.
        embedding_dim: Width of the embedding; of the whole Transformer.
        hidden_size: Units of a recurrent layer.
        num_layers: Recurrent or encoder layers.
        num_heads: Of the Transformer; must divide its width.
        feedforward_dim: Units between the layers of the Transformer.
        norm_first: Whether the Transformer normalises before its blocks.
        init: ``published`` or ``small``; see ``TransformerMelody``.

    Returns:
        The network, from ``[B, T]`` int64 to logits ``[B, T, V]``.

    Raises:
        ValueError: If a choice is unknown, a size below 1, or the heads do not divide the width.
    """
    _check_choice("kind", kind, KINDS)
    _check_choice("init", init, tuple(INITS))
    sizes = {"embedding_dim": embedding_dim, "hidden_size": hidden_size, "num_layers": num_layers}
    for name, size in (sizes | {"num_heads": num_heads}).items():
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size}")
    if kind != "transformer":
        return RecurrentMelody(kind, **sizes)
    if embedding_dim % num_heads:
        raise ValueError(
            f"embedding_dim must be a multiple of num_heads, got {embedding_dim} and {num_heads}"
        )
    layer = nn.TransformerEncoderLayer(
        embedding_dim,
        num_heads,
        feedforward_dim,
        dropout=0.0,
        batch_first=True,
        norm_first=norm_first,
    )
    return TransformerMelody(layer, num_layers, init)


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, got {value}")


def loss(
    output: Tensor, batch: Batch, *, objective: str = "all", label_smoothing: Number = 0.0
) -> Tensor:
    """Take the negative log-likelihood of the notes that follow.

    Args:
        output: Logits ``[B, T, V]``; or ``[B, V]`` of a network that predicts only the note
            after the last.
        batch: With ``target`` ``[B, T]``, -100 where nothing is scored.
        objective: ``all`` notes of a block, or only its ``last``, as published; that needs blocks
            at ``data/stride=1``.
        label_smoothing: Share of the target spread over all keys.

    Returns:
        Losses of the scored notes in nats. One-dimensional.

    Raises:
        ValueError: If ``objective`` is unknown.
    """
    _check_choice("objective", objective, OBJECTIVES)
    output, target = aligned(output, batch["target"])
    scored = target != IGNORED
    if objective == "last":
        scored &= scored.cumsum(dim=1) == scored.sum(dim=1, keepdim=True)
    log_likelihood = output.log_softmax(dim=-1)
    nll = -log_likelihood.gather(-1, target.clamp(min=0)[..., None])[..., 0]
    share = rowwise(label_smoothing, nll)
    return ((1 - share) * nll - share * log_likelihood.mean(dim=-1))[scored]


def augment(batch: Batch, *, transpose: bool = False) -> Batch:
    """Optionally move every block by -5 to 6 semitones.

    Each block draws its own shift, anew in every epoch. The blocks of a tune need not agree, since
    the network reads each from a blank state. A block moves as a whole and stays on the keyboard.

    Args:
        batch: With ``inputs`` and ``target`` ``[B, T]``.
        transpose: Whether to move them.

    Returns:
        The batch, moved if asked for.
    """
    if not transpose:
        return batch
    inputs, target = batch["inputs"], batch["target"]
    scored = target != IGNORED
    notes, real = torch.cat([inputs, target], dim=1), torch.cat([scored, scored], dim=1)
    lowest = notes.where(real, VOCABULARY - 1).amin(dim=1, keepdim=True)
    highest = notes.where(real, 0).amax(dim=1, keepdim=True)
    shift = torch.randint(LOWEST_SHIFT, HIGHEST_SHIFT + 1, lowest.shape, device=notes.device)
    shift = shift.clamp(min=-lowest, max=VOCABULARY - 1 - highest)
    moved = torch.where(real, notes + shift, notes)
    return batch | dict(zip(("inputs", "target"), moved.chunk(2, dim=1), strict=True))
