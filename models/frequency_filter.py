"""Recurrent filter: one tone out of a noisy mixture, sample by sample.

B batch, L steps of a window, K selectors (tones), H hidden units, n windows, N samples.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import huber_loss

from models import functional
from models.frequency_filter_figure import draw as draw
from models.frequency_filter_metrics import metrics as metrics  # part of the contract
from models.functional import Number

Batch = dict[str, Tensor]

CELLS: dict[str, type[nn.LSTM | nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}
RUN: dict[str, Callable[..., tuple[Tensor, ...]]] = {"lstm": torch.lstm, "gru": torch.gru}
ENERGY_FLOOR = 1e-8  # of a window, keeps its signal-to-noise ratio finite


class FrequencyFilterLSTM(nn.Module):
    """Recurrent layers over the window, and one linear output at every step.

    Dropout is read at every call. So the recurrent module has none of its own, and during
    training its layers run one by one over its own weights, with dropout in between.
    """

    def __init__(  # noqa: PLR0913, PLR0917  the published signature
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        output_size: int,
        dropout: float = 0.2,
        cell: str = "lstm",
        bidirectional: bool = False,
    ) -> None:
        """Create the layers with torch's own initialisation.

        Args:
            input_size: Channels of the input, 1 + K.
            hidden_size: H, of one direction.
            num_layers: Recurrent layers.
            output_size: Channels of the output.
            dropout: Default of ``forward``'s keyword.
            cell: ``lstm`` or ``gru``; also the name of the recurrent module.
            bidirectional: Whether the filter sees the future of its window too.

        Raises:
            ValueError: If ``cell`` is unknown or a size is below 1.
        """
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"cell must be one of {', '.join(CELLS)}, got {cell}")
        for name, size in (("hidden_size", hidden_size), ("num_layers", num_layers)):
            if size < 1:
                raise ValueError(f"{name} must be at least 1, got {size}")
        self.cell, self.dropout = cell, dropout
        recurrent = CELLS[cell](
            input_size, hidden_size, num_layers, batch_first=True, bidirectional=bidirectional
        )
        self.add_module(cell, recurrent)
        self.fc = nn.Linear(hidden_size * (2 if bidirectional else 1), output_size)

    @property
    def recurrent(self) -> nn.LSTM | nn.GRU:
        """The recurrent module, named after its cell in the state dict."""
        module: nn.LSTM | nn.GRU = self.get_submodule(self.cell)  # type: ignore[assignment]
        return module

    def forward(self, inputs: Tensor, dropout: Number | None = None) -> Tensor:
        """Estimate the clean tone at every step.

        Args:
            inputs: Mixture and one-hot selector. Shape ``[B, L, 1 + K]``.
            dropout: Probability between recurrent layers and before the output: a float, a 0-d
                tensor or a ``[B, 1]`` tensor. The constructor's, if None.

        Returns:
            Amplitude of the tone, unitless. Shape ``[B, L, 1]``.
        """
        rate = self.dropout if dropout is None else dropout
        hidden = functional.dropout(self._hidden(inputs, rate), rate, self.training)
        output: Tensor = self.fc(hidden)
        return output

    def _hidden(self, inputs: Tensor, rate: Number) -> Tensor:
        """Run the recurrent layers; return the states of the last one at every step."""
        recurrent = self.recurrent
        if recurrent.num_layers == 1 or not self.training:
            states: Tensor = recurrent(inputs)[0]
            return states
        states = self._layer(inputs, 0)
        for layer in range(1, recurrent.num_layers):
            states = self._layer(functional.dropout(states, rate, self.training), layer)
        return states

    def _layer(self, inputs: Tensor, layer: int) -> Tensor:
        """Run one recurrent layer from zero state, over the recurrent module's own weights."""
        recurrent = self.recurrent
        directions = 2 if recurrent.bidirectional else 1
        per_direction = recurrent.all_weights[layer * directions : (layer + 1) * directions]
        weights = [weight for weights in per_direction for weight in weights]
        zeros = inputs.new_zeros(directions, len(inputs), recurrent.hidden_size)
        return RUN[self.cell](
            inputs,
            (zeros, zeros) if self.cell == "lstm" else zeros,
            weights,
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=self.training,
            bidirectional=recurrent.bidirectional,
            batch_first=True,
        )[0]

    def layers(self) -> list[tuple[nn.Module, str]]:
        """List the layers as ``forward`` applies them when nothing is dropped.

        Returns:
            Each module with the name of the activation after it, "" for none.

        Raises:
            ValueError: If the filter is bidirectional, which no running filter can be.
        """
        if self.recurrent.bidirectional:
            raise ValueError(
                f"a filter in real time must not be bidirectional, got a bidirectional {self.cell}"
            )
        return [(self.recurrent, ""), (self.fc, "")]


def build(
    hidden_size: int = 128,
    num_layers: int = 2,
    cell: str = "lstm",
    bidirectional: bool = False,
    num_selectors: int = 4,
) -> FrequencyFilterLSTM:
    """Build the network; the defaults are the published baseline.

    Args:
        hidden_size: H, of one direction.
        num_layers: Recurrent layers.
        cell: ``lstm`` or ``gru``.
        bidirectional: Whether it sees the future of its window too; then it cannot run in real
            time, and has a floor of its own.
        num_selectors: K, a fact of the data.

    Returns:
        The network, from ``[B, L, 1 + K]`` to ``[B, L, 1]``.
    """
    return FrequencyFilterLSTM(
        1 + num_selectors, hidden_size, num_layers, 1, cell=cell, bidirectional=bidirectional
    )


def loss(output: Tensor, batch: Batch, kind: str = "mse") -> Tensor:
    """Compare prediction and target; every kind is a mean over the steps of a window.

    Args:
        output: Prediction. Shape ``[B, L, 1]``.
        batch: With ``target`` of the same shape.
        kind: ``mse``, ``mae``, ``huber`` (delta 1) or ``snr``, the negative signal-to-noise ratio
            of the window in dB.

    Returns:
        Losses. Shape ``[B]``.

    Raises:
        ValueError: If ``kind`` is unknown.
    """
    if kind not in LOSSES:
        raise ValueError(f"loss/kind must be one of {', '.join(LOSSES)}, got {kind}")
    return LOSSES[kind](output.flatten(1), batch["target"].flatten(1))


def _mse(predicted: Tensor, target: Tensor) -> Tensor:
    return (predicted - target).square().mean(dim=1)


def _mae(predicted: Tensor, target: Tensor) -> Tensor:
    return (predicted - target).abs().mean(dim=1)


def _huber(predicted: Tensor, target: Tensor) -> Tensor:
    return huber_loss(predicted, target, reduction="none", delta=1.0).mean(dim=1)


def _snr(predicted: Tensor, target: Tensor) -> Tensor:
    error = (predicted - target).square().sum(dim=1)
    return -10 * torch.log10((target.square().sum(dim=1) + ENERGY_FLOOR) / (error + ENERGY_FLOOR))


LOSSES = {"mse": _mse, "mae": _mae, "huber": _huber, "snr": _snr}


def augment(batch: Batch, *, fresh_noise: bool = False, noise_std: float | None = None) -> Batch:
    """Optionally hear the tones in noise never heard before.

    Args:
        batch: With ``inputs`` ``[B, L, 1 + K]`` and ``clean``, the mixture without its noise
            ``[B, L, 1]``.
        fresh_noise: Whether to redraw the noise of every window.
        noise_std: Standard deviation of the noise, a fact of the data.

    Returns:
        The batch, with its noise redrawn if asked for.

    Raises:
        ValueError: If the noise of the data is not known.
    """
    if not fresh_noise:
        return batch
    if noise_std is None:
        raise ValueError(
            "fresh_noise needs data whose noise level is known, got none; leave it out"
        )
    noise = noise_std * torch.randn_like(batch["clean"])
    inputs = torch.cat([batch["clean"] + noise, batch["inputs"][..., 1:]], dim=-1)
    return batch | {"inputs": inputs}
