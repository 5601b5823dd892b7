"""Companion network of ``companion_groove``. B batch."""

from torch import Tensor, nn

from models import companion_figure, companion_losses, companion_metrics
from models.companion_layers import KEEP, Layers, hidden_activation, run, scaled
from models.functional import Number


class GroovePredictor(nn.Module):
    """The 64 values of an emotion's embedding to 32 features of a groove."""

    def __init__(self, width: float, activation: str) -> None:
        """Create the layers with torch's own initialisation.

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

    def forward(self, inputs: Tensor, dropout: Number = 0.0) -> Tensor:
        """Predict.

        Args:
            inputs: Shape ``[B, 64]``.
            dropout: Probability after each hidden activation: a float, a 0-d tensor or a
                ``[B, 1]`` tensor.

        Returns:
            Groove features in -1..1. Shape ``[B, 32]``.
        """
        return run(self.layers(), inputs, dropout, self.training)


def build(width: float = 1.0, activation: str = KEEP) -> GroovePredictor:
    """Build the network; the defaults are the published one."""
    return GroovePredictor(width, activation)


loss = companion_losses.squared_error
metrics = companion_metrics.output_scores
draw = companion_figure.draw_grooves
