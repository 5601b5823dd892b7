"""Networks of ``edc``: from standardised features to the outputs that a head turns into a curve.

Each is an encoder of the features and a perceptron that holds most of the weights. All but ``mlp``
are the published ones. B batch, F features, T samples.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from models import edc_encoders as encoders
from models.functional import Number, dropout


@dataclass(frozen=True)
class Sizes:
    """What gives a network its shape; each reads the sizes of the parts it has."""

    num_features: int
    num_samples: int
    fc_hidden: int
    lstm_hidden: int


class Perceptron(nn.Module):
    """Linear layers with an activation and dropout after all but the last."""

    def __init__(
        self, widths: Sequence[int], activation: Callable[[Tensor], Tensor] = functional.relu
    ) -> None:
        """Build the layers between successive ``widths``."""
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(widths))
        self.activation = activation

    def forward(self, x: Tensor, p: Number) -> Tensor:
        """Map ``[B, widths[0]]`` to ``[B, widths[-1]]`` with dropout probability ``p``."""
        *hidden_layers, last_layer = self.layers
        for layer in hidden_layers:
            x = dropout(self.activation(layer(x)), p, self.training)
        output: Tensor = last_layer(x)
        return output


class Regressor(nn.Module):
    """An encoder of the features, then a perceptron with one output a sample."""

    def __init__(self, encoder: nn.Module, perceptron: Perceptron) -> None:
        """Join the two."""
        super().__init__()
        self.encoder = encoder
        self.perceptron = perceptron

    def forward(self, features: Tensor, p: Number) -> dict[str, Tensor]:
        """Map ``[B, F]`` to ``z`` of shape ``[B, T]`` with dropout probability ``p``."""
        return {"z": self.perceptron(self.encoder(features), p)}


class Multihead(nn.Module):
    """The encoder of ``hybrid_v2`` with outputs for T20 and C50 beside the curve."""

    def __init__(self, sizes: Sizes) -> None:
        """Build the shared layers and three perceptrons."""
        super().__init__()
        fc = sizes.fc_hidden
        self.encoder = encoders.SideBySide(sizes.num_features, sizes.lstm_hidden)
        self.shared = nn.Linear(encoders.SideBySide.num_outputs, fc)
        self.curve = Perceptron((fc, fc // 2, sizes.num_samples))
        self.t20 = Perceptron((fc, 512, 256, 1))
        self.c50 = Perceptron((fc, 256, 1))

    def forward(self, features: Tensor, p: Number) -> dict[str, Tensor]:
        """Map ``[B, F]`` to ``z`` ``[B, T]``, ``t20`` ``[B]`` in s and ``c50`` ``[B]`` in dB."""
        hidden = functional.relu(self.shared(self.encoder(features)))
        hidden = dropout(hidden, p, self.training)
        return {
            "z": self.curve(hidden, p),
            "t20": self.t20(hidden, p)[:, 0],
            "c50": self.c50(hidden, p)[:, 0],
        }


def mlp(sizes: Sizes) -> nn.Module:
    """Build three hidden layers and no encoder: the compact network of this project."""
    widths = (sizes.num_features, *3 * [sizes.fc_hidden], sizes.num_samples)
    return Regressor(nn.Identity(), Perceptron(widths, functional.silu))


def lstm(sizes: Sizes) -> nn.Module:
    """Build an LSTM that sees all features at once."""
    encoder = encoders.OneStep(sizes.num_features, sizes.lstm_hidden)
    return _with_one_hidden_layer(encoder, sizes.lstm_hidden, sizes)


def hybrid_v1(sizes: Sizes) -> nn.Module:
    """Build two convolutions, then an LSTM over the positions of the features."""
    encoder = encoders.OverPositions(encoders.two_convolutions(), 64, sizes.lstm_hidden)
    return _with_one_hidden_layer(encoder, sizes.lstm_hidden, sizes)


def hybrid_v2(sizes: Sizes) -> nn.Module:
    """Build two convolutions beside an LSTM."""
    encoder = encoders.SideBySide(sizes.num_features, sizes.lstm_hidden)
    return _with_one_hidden_layer(encoder, encoder.num_outputs, sizes)


def hybrid_v3(sizes: Sizes) -> nn.Module:
    """Build convolutions of three widths, then an LSTM over the positions of the features."""
    encoder = encoders.OverPositions(encoders.ThreeWidths(), 96, sizes.lstm_hidden)
    return _with_one_hidden_layer(encoder, sizes.lstm_hidden, sizes)


def transformer(sizes: Sizes) -> nn.Module:
    """Build a Transformer encoder; its hidden layer of 1024 is part of the publication."""
    encoder = encoders.SingleToken(sizes.num_features)
    return _with_one_hidden_layer(encoder, encoder.num_outputs, replace(sizes, fc_hidden=1024))


def _with_one_hidden_layer(encoder: nn.Module, num_encoded: int, sizes: Sizes) -> nn.Module:
    return Regressor(encoder, Perceptron((num_encoded, sizes.fc_hidden, sizes.num_samples)))


NETWORKS: dict[str, Callable[[Sizes], nn.Module]] = {
    "mlp": mlp,
    "lstm": lstm,
    "hybrid_v1": hybrid_v1,
    "hybrid_v2": hybrid_v2,
    "hybrid_v3": hybrid_v3,
    "multihead": Multihead,
    "transformer": transformer,
}
