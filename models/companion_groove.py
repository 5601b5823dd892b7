"""Companion network of ``companion_groove``. B batch."""

from torch import nn

from models import companion_figure, companion_losses, companion_metrics
from models.companion_layers import KEEP, Chain, Layers, hidden_activation, scaled


class GroovePredictor(Chain):
    """The 64 values of an emotion's embedding to 32 features of a groove."""

    def __init__(self, width: float = 1.0, activation: str = KEEP) -> None:
        """Create the layers with torch's own initialisation; the defaults are published.

        Args:
            width: Factor of the hidden sizes.
            activation: After the hidden layers; ``keep`` for the published tanh.
        """
        super().__init__()
        first, second = scaled(width, 128, 64)
        self.hidden = hidden_activation(activation, "tanh")
        self.fc1 = nn.Linear(64, first)
        self.fc2 = nn.Linear(first, second)
        self.fc3 = nn.Linear(second, 32)

    def layers(self) -> Layers:
        """List each layer and the name of the activation after it, in the order of ``forward``."""
        return [(self.fc1, self.hidden), (self.fc2, self.hidden), (self.fc3, "tanh")]


build = GroovePredictor
loss = companion_losses.squared_error
metrics = companion_metrics.output_scores
draw = companion_figure.draw_grooves
