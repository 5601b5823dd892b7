"""The published encoders of ``edc``: from standardised features to what dense layers see.

Their LSTMs have one layer, run in one direction and give their last state.
B batch, F features, L sequence length.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


def two_convolutions() -> nn.Sequential:
    """Build the part that maps features ``[B, 1, F]`` to 64 channels ``[B, 64, F]``."""
    return nn.Sequential(_convolution(1, 32, width=3), _convolution(32, 64, width=3))


def _convolution(num_inputs: int, num_outputs: int, width: int) -> nn.Sequential:
    layer = nn.Conv1d(num_inputs, num_outputs, width, padding=width // 2)
    return nn.Sequential(layer, nn.BatchNorm1d(num_outputs), nn.ReLU())


class ThreeWidths(nn.Module):
    """Convolutions over 3, 5 and 7 features side by side."""

    def __init__(self) -> None:
        """Build 32 channels of each width."""
        super().__init__()
        self.branches = nn.ModuleList(_convolution(1, 32, width) for width in (3, 5, 7))

    def forward(self, features: Tensor) -> Tensor:
        """Map ``[B, 1, F]`` to ``[B, 96, F]``."""
        return torch.cat([branch(features) for branch in self.branches], 1)


class LastState(nn.Module):
    """An LSTM that gives its last state."""

    def __init__(self, num_inputs: int, num_hidden: int) -> None:
        """Build the LSTM."""
        super().__init__()
        self.lstm = nn.LSTM(num_inputs, num_hidden, batch_first=True)

    def forward(self, sequence: Tensor) -> Tensor:
        """Map ``[B, L, num_inputs]`` to ``[B, num_hidden]``."""
        _, (state, _) = self.lstm(sequence)
        last: Tensor = state[-1]
        return last


class OneStep(nn.Module):
    """An LSTM that sees all features at once, in a sequence of length 1."""

    def __init__(self, num_features: int, lstm_hidden: int) -> None:
        """Build the LSTM."""
        super().__init__()
        self.recurrence = LastState(num_features, lstm_hidden)

    def forward(self, features: Tensor) -> Tensor:
        """Map ``[B, F]`` to ``[B, lstm_hidden]``."""
        state: Tensor = self.recurrence(features[:, None])
        return state


class OverPositions(nn.Module):
    """Convolutions along the features, then an LSTM that reads one feature's channels a step."""

    def __init__(self, convolutions: nn.Module, num_channels: int, lstm_hidden: int) -> None:
        """Put an LSTM behind convolutions that map ``[B, 1, F]`` to ``[B, num_channels, F]``."""
        super().__init__()
        self.convolutions = convolutions
        self.recurrence = LastState(num_channels, lstm_hidden)

    def forward(self, features: Tensor) -> Tensor:
        """Map ``[B, F]`` to ``[B, lstm_hidden]``."""
        channels = self.convolutions(features[:, None])
        state: Tensor = self.recurrence(channels.transpose(1, 2))
        return state


class SideBySide(nn.Module):
    """Convolutions along the features beside an LSTM, 256 values of each."""

    num_outputs = 512

    def __init__(self, num_features: int, lstm_hidden: int) -> None:
        """Build both branches."""
        super().__init__()
        self.convolutions = two_convolutions()
        self.from_convolutions = nn.Linear(64, 256)
        self.recurrence = LastState(num_features, lstm_hidden)
        self.from_recurrence = nn.Linear(lstm_hidden, 256)

    def forward(self, features: Tensor) -> Tensor:
        """Map ``[B, F]`` to ``[B, 512]``."""
        sequence = features[:, None]
        convolved = self.from_convolutions(self.convolutions(sequence).mean(2))
        recurrent = self.from_recurrence(self.recurrence(sequence))
        return functional.relu(torch.cat((convolved, recurrent), 1))


class SingleToken(nn.Module):
    """A Transformer encoder that sees all features as one token, so at one position only."""

    num_outputs = 256

    def __init__(self, num_features: int) -> None:
        """Build four layers of eight heads with torch's dropout of 0.1."""
        super().__init__()
        self.embedding = nn.Linear(num_features, self.num_outputs)
        sine_and_cosine = torch.tensor([0.0, 1.0]).repeat(self.num_outputs // 2)
        self.register_buffer("position", sine_and_cosine)
        self.layers = nn.Sequential(
            *(
                nn.TransformerEncoderLayer(self.num_outputs, 8, 1024, batch_first=True)
                for _ in range(4)
            )
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map ``[B, F]`` to ``[B, 256]``."""
        token = self.embedding(features) + self.position
        encoded: Tensor = self.layers(token[:, None])
        return encoded[:, 0]
