"""Companion network of ``companion_dynamics``. B batch."""

from functools import partial

from torch import nn

from models import companion_figure, companion_losses, companion_metrics
from models.companion_layers import KEEP, Chain, Layers, hidden_activation, scaled


class DynamicsEngine(Chain):
    """The 32 values of a context to 16 values of expression."""

    def __init__(self, width: float = 1.0, activation: str = KEEP) -> None:
        """Create the layers with torch's own initialisation; the defaults are published.

        Args:
            width: Factor of the hidden sizes.
            activation: After the hidden layers; ``keep`` for the published relu.
        """
        super().__init__()
        first, second = scaled(width, 128, 64)
        self.hidden = hidden_activation(activation, "relu")
        self.fc1 = nn.Linear(32, first)
        self.fc2 = nn.Linear(first, second)
        self.fc3 = nn.Linear(second, 16)

    def layers(self) -> Layers:
        """List each layer and the name of the activation after it, in the order of ``forward``."""
        return [(self.fc1, self.hidden), (self.fc2, self.hidden), (self.fc3, "sigmoid")]


build = DynamicsEngine
loss = companion_losses.squared_error
metrics = companion_metrics.output_scores
draw = partial(companion_figure.draw_outputs, label="value of the expression")
