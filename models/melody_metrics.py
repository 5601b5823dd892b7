"""How well the notes of a part are predicted.

B blocks, T notes of a block, V 88 keys of the piano.
"""

from torch import Tensor
from torch.nn.functional import cross_entropy

IGNORED = -100  # as a target: not scored


def aligned(output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Give the output of a network that predicts one note a block the axis of notes.

    Args:
        output: Logits ``[B, T, V]``; or ``[B, V]`` of the note after the last.
        target: Shape ``[B, T]``.

    Returns:
        Logits and target of the predicted notes: ``[B, T, V]`` and ``[B, T]``, or with T = 1.
    """
    if output.dim() == 2:
        return output[:, None], target[:, -1:]
    return output, target


def metrics(output: Tensor, batch: dict[str, Tensor]) -> dict[str, float]:
    """Score the notes of a whole part, each once.

    Args:
        output: Logits ``[B, T, V]`` or ``[B, V]``; see ``aligned``.
        batch: With ``target`` ``[B, T]``, -100 where nothing is scored.

    Returns:
        ``nll`` in nats a note, ``perplexity`` ``exp(nll)``, and ``accuracy`` of the likeliest
        note.
    """
    output, target = aligned(output, batch["target"])
    scored = target != IGNORED
    logits, notes = output.detach()[scored], target[scored]
    nll = cross_entropy(logits, notes, reduction="none").double().mean()
    return {
        "nll": float(nll),
        "perplexity": float(nll.exp()),
        "accuracy": float((logits.argmax(dim=-1) == notes).double().mean()),
    }
