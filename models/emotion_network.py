"""Network of ``emotion``: Cnn6 hears a clip second by second, with or without feedback.

B clips, K 6 segments, T 101 frames, M 64 mel bins, P passes over a segment, D 2 dimensions
(valence, arousal).
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from models.cnn6 import Cnn6Body, Head
from models.functional import Number
from models.modulation import LongRangeModulation, State

BPTT = ("full", "detach")
FEEDBACK = ("sequential", "within", "off")


class Regressor(nn.Module):
    """Cnn6 with a head for valence and one for arousal; it hears one segment."""

    def __init__(self, width: float) -> None:
        """Build the body and the heads, ``width`` times as wide as published."""
        super().__init__()
        self.body = Cnn6Body(width)
        self.valence = Head(self.body.embedding, width)
        self.arousal = Head(self.body.embedding, width)

    def forward(self, level_db: Tensor, dropout: Number = 1.0) -> Tensor:
        """Predict valence and arousal. ``[B, T, M]`` to ``[B, D]``."""
        embedding = self.body(level_db, dropout)
        return torch.stack([self.valence(embedding), self.arousal(embedding)], dim=-1)


class EmotionModel(nn.Module):
    """Hears the segments of a clip in order; no state is kept between calls."""

    def __init__(self, modulated: LongRangeModulation) -> None:
        """Take a regressor with feedback; without connections it is the baseline."""
        super().__init__()
        self.modulated = modulated

    def segment(
        self,
        level_db: Tensor,
        state: State | None,
        *,
        dropout: Number = 1.0,
        strength: Number = 1.0,
    ) -> tuple[Tensor, Tensor, State]:
        """Hear one segment.

        Args:
            level_db: Log-mel levels. Shape ``[B, T, M]``.
            state: From the segment before; None where there is no past.
            dropout: Multiplies the published rates .2 and .5.
            strength: Strength of the feedback.

        Returns:
            Valence and arousal, shapes ``[B]``, and the state for the next segment.
        """
        rating, state = self.modulated(level_db, dropout, state=state, strength=strength)
        return rating[:, 0], rating[:, 1], state

    def forward(
        self,
        inputs: Tensor,
        *,
        dropout: Number = 1.0,
        strength: Number = 1.0,
        passes: int = 1,
        bptt: str = "full",
        feedback: str = "sequential",
    ) -> dict[str, Tensor]:
        """Hear whole clips.

        Args:
            inputs: Log-mel levels in dB. Shape ``[B, K, T, M]``.
            dropout: As for ``segment``.
            strength: As for ``segment``.
            passes: How often each segment is heard, each time with the state of the last.
            bptt: ``full``, or ``detach`` to cut the gradient between segments.
            feedback: ``sequential``; ``within`` forgets between segments, so that only passes
                feed back (what the original code did); ``off`` always forgets.

        Returns:
            ``rating`` of the last pass ``[B, K, D]``; ``passes`` ``[B, P, K, D]``; in evaluation
            also ``isolated``, the rating when the past is forgotten between segments.

        Raises:
            ValueError: If there is no pass.
        """
        if passes < 1:
            raise ValueError(f"passes must be at least 1, got {passes}")
        check_choice("bptt", bptt, BPTT)
        check_choice("feedback", feedback, FEEDBACK)
        hear = partial(self.segment, dropout=dropout, strength=strength)
        roll = partial(_roll, hear, inputs.float(), passes=passes, detach=bptt == "detach")
        heard = roll(feedback=feedback)
        output = {"rating": heard[:, -1], "passes": heard}
        if not self.training:
            output["isolated"] = roll(feedback="off" if feedback == "off" else "within")[:, -1]
        return output


Hear = Callable[[Tensor, State | None], tuple[Tensor, Tensor, State]]


def _roll(hear: Hear, inputs: Tensor, *, passes: int, detach: bool, feedback: str) -> Tensor:
    """Hear the segments one after the other, handing on the state. ``[B, P, K, D]``."""
    state: State | None = None
    segments = []
    for segment in inputs.unbind(dim=1):
        if feedback != "sequential":
            state = None
        heard = []
        for _ in range(passes):
            valence, arousal, state = hear(segment, None if feedback == "off" else state)
            heard.append(torch.stack([valence, arousal], dim=-1).float())
        if detach and state is not None:
            state = {source: said.detach() for source, said in state.items()}
        segments.append(torch.stack(heard, dim=1))
    return torch.stack(segments, dim=2)


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Reject an unknown word.

    Args:
        name: Of the argument.
        value: What was given.
        choices: What may be given.

    Raises:
        ValueError: If ``value`` is not among them.
    """
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got '{value}'")
