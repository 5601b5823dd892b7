"""Companion network of ``companion_melody``. B batch."""

from functools import partial

from torch import nn

from models import companion_figure, companion_losses, companion_metrics
from models.companion_layers import KEEP, Chain, Layers, hidden_activation, scaled


class MelodyTransformer(Chain):
    """The 64 values of an emotion's embedding to the probabilities of 128 notes.

    The published name stays, though there is no attention in it.
    """

    def __init__(self, width: float = 1.0, activation: str = KEEP) -> None:
        """Create the layers with torch's own initialisation; the defaults are published.

        Args:
            width: Factor of the hidden sizes.
            activation: After the hidden layers; ``keep`` for the published relu.
        """
        super().__init__()
        first, second, third = scaled(width, 256, 256, 256)
        self.hidden = hidden_activation(activation, "relu")
        self.fc1 = nn.Linear(64, first)
        self.lstm = nn.LSTM(first, second, batch_first=True)
        self.fc2 = nn.Linear(second, third)
        self.fc3 = nn.Linear(third, 128)

    def layers(self) -> Layers:
        """List each layer and the name of the activation after it, in the order of ``forward``."""
        return [
            (self.fc1, self.hidden),
            (self.lstm, ""),
            (self.fc2, self.hidden),
            (self.fc3, "sigmoid"),
        ]


build = MelodyTransformer
loss = companion_losses.cross_entropy
metrics = companion_metrics.note_scores
draw = partial(companion_figure.draw_outputs, label="note")
