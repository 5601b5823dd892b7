"""Companion network of ``companion_harmony``. B batch."""

from functools import partial

from torch import nn

from models import companion_figure, companion_losses, companion_metrics
from models.companion_layers import KEEP, Chain, Layers, hidden_activation, scaled


class HarmonyPredictor(Chain):
    """An embedding and the context of chords to the probabilities of 64 chords."""

    def __init__(self, width: float = 1.0, activation: str = KEEP) -> None:
        """Create the layers with torch's own initialisation; the defaults are published.

        Args:
            width: Factor of the hidden sizes.
            activation: After the hidden layers; ``keep`` for the published tanh.
        """
        super().__init__()
        first, second = scaled(width, 256, 128)
        self.hidden = hidden_activation(activation, "tanh")
        self.fc1 = nn.Linear(128, first)
        self.fc2 = nn.Linear(first, second)
        self.fc3 = nn.Linear(second, 64)

    def layers(self) -> Layers:
        """List each layer and the name of the activation after it, in the order of ``forward``."""
        return [(self.fc1, self.hidden), (self.fc2, self.hidden), (self.fc3, "softmax")]


build = HarmonyPredictor
loss = companion_losses.divergence
metrics = companion_metrics.chord_scores
draw = partial(companion_figure.draw_outputs, label="chord")
