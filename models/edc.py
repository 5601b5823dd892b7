"""Workload ``edc``: the energy decay curve of a room from its geometry and absorption.

Networks, heads and losses lie in ``edc_*.py``, room-acoustic parameters in ``decay.py``.
B batch, F features, T samples of a curve.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from models import decay, edc_losses
from models.edc_auxiliary import aux_fallbacks, auxiliary
from models.edc_figure import draw as draw
from models.edc_heads import Linear, Monotone
from models.edc_losses import Curves
from models.edc_metrics import curve_errors, parameter_errors
from models.edc_networks import NETWORKS, Sizes
from models.functional import Number

Columns = Mapping[str, Tensor]  # tensors that share their first axis

LOSSES: dict[str, Callable[..., Tensor]] = {
    "mse": edc_losses.mse,
    "edc_rir": edc_losses.edc_rir,
    "weighted_edc": edc_losses.weighted_edc,
    "auxiliary": auxiliary,
    "db": edc_losses.db,
}
HEADS = ("linear", "monotone")
ROWS_AT_ONCE = 1024  # bounds the memory of float64 copies of all curves


class DecayModel(nn.Module):
    """From raw features to a linear energy decay curve; the scalers travel with the weights."""

    feature_mean: Tensor
    feature_std: Tensor

    def __init__(
        self, network: nn.Module, head: nn.Module, feature_mean: Tensor, feature_std: Tensor
    ) -> None:
        """Join the parts.

        Args:
            network: Maps standardised features ``[B, F]`` to a dict with ``z`` ``[B, T]``.
            head: Maps ``z`` to a curve.
            feature_mean: Of the training rows. Shape ``[F]``.
            feature_std: Likewise.
        """
        super().__init__()
        self.network = network
        self.head = head
        self.register_buffer("feature_mean", feature_mean)
        self.register_buffer("feature_std", feature_std)

    def forward(self, inputs: Tensor, dropout: Number = 0.3) -> dict[str, Tensor]:
        """Predict decay curves.

        Args:
            inputs: Features in their own units. Shape ``[B, F]``.
            dropout: Probability of zeroing a hidden value, in training mode only.

        Returns:
            ``edc``, linear, ``[B, T]``; ``z``, what the head was given, ``[B, T]``; of
            ``multihead`` also ``t20`` in s and ``c50`` in dB, ``[B]``.
        """
        output: dict[str, Tensor] = self.network(
            (inputs - self.feature_mean) / self.feature_std, dropout
        )
        output["z"] = output["z"].float()  # sums of small rates need all digits
        return {"edc": self.head(output["z"]), **output}


def build(  # noqa: PLR0913 (the signature is the schema)
    network: str = "hybrid_v2",
    fc_hidden: int = 2048,
    lstm_hidden: int = 128,
    head: str = "linear",
    *,
    num_samples: int,
    sample_rate_hz: float,
    num_features: int = 16,
    feature_mean: Tensor | None = None,
    feature_std: Tensor | None = None,
    curve_shift: Tensor | None = None,
    curve_scale: Tensor | None = None,
) -> DecayModel:
    """Build a model; the defaults are the published baseline.

    Args:
        network: One of ``edc_networks.NETWORKS``.
        fc_hidden: Width of the dense layers.
        lstm_hidden: Width of the LSTM, for the networks that have one.
        head: ``linear`` (published) or ``monotone``.
        num_samples: T.
        sample_rate_hz: Points a second of a curve.
        num_features: F.
        feature_mean: Subtracted from the features; without it, 0. Shape ``[F]``.
        feature_std: Then divides them; without it, 1. Shape ``[F]``.
        curve_shift: Of the linear head; without it, 0. Shape ``[T]``.
        curve_scale: Of the linear head; without it, 1. Shape ``[T]``.

    Returns:
        The model.

    Raises:
        ValueError: If ``network`` or ``head`` is unknown; the message lists the known ones.
    """
    _check_known("network", network, NETWORKS)
    _check_known("head", head, HEADS)
    shift = _constants(curve_shift, num_samples, 0.0)
    scale = _constants(curve_scale, num_samples, 1.0)
    return DecayModel(
        NETWORKS[network](Sizes(num_features, num_samples, fc_hidden, lstm_hidden)),
        Linear(shift, scale) if head == "linear" else Monotone(sample_rate_hz),
        _constants(feature_mean, num_features, 0.0),
        _constants(feature_std, num_features, 1.0),
    )


def loss(  # noqa: PLR0913 (the signature is the schema)
    output: Columns,
    batch: Columns,
    kind: str = "weighted_edc",
    head_t20_weight: Number = 100.0,
    head_c50_weight: Number = 50.0,
    *,
    sample_rate_hz: float,
    curve_scale: Tensor | None = None,
    **strengths: Any,
) -> Tensor:
    """Compute the loss of each row.

    Args:
        output: Of the model.
        batch: ``curve`` ``[B, T]``, and for ``multihead`` the columns of ``derive``.
        kind: Loss of the curve, one of ``LOSSES``.
        head_t20_weight: Strength of the T20 that ``multihead`` predicts beside the curve.
        head_c50_weight: Strength of its C50.
        sample_rate_hz: Points a second.
        curve_scale: Unit of the curve's error per time point; without it, 1. Shape ``[T]``.
        **strengths: Those of this kind of loss, by the names of its own arguments.

    Returns:
        Shape ``[B]``.

    Raises:
        ValueError: If ``kind`` is unknown; the message lists the known ones.
    """
    _check_known("kind", kind, LOSSES)
    scale = torch.ones(1) if curve_scale is None else curve_scale
    predicted = output["edc"]
    curves = Curves(predicted, batch["curve"], scale.to(predicted.device), sample_rate_hz)
    curve_loss = LOSSES[kind](curves, **strengths)
    if "t20" not in output:
        return curve_loss
    return curve_loss + edc_losses.heads(output, batch, head_t20_weight, head_c50_weight)


def derive(batch: Columns, *, sample_rate_hz: float) -> dict[str, Tensor]:
    """Compute the true room-acoustic parameters in both conventions.

    Args:
        batch: ``curve`` ``[N, T]``.
        sample_rate_hz: Points a second.

    Returns:
        Float64 columns ``[N]`` such as ``iso_t20`` and ``origin_t20``; times in s, ``c50`` in dB,
        NaN where undefined.
    """
    parts = [
        _parameters(part, sample_rate_hz) for part in torch.split(batch["curve"], ROWS_AT_ONCE)
    ]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def metrics(output: Columns, batch: Columns, *, sample_rate_hz: float) -> dict[str, float]:
    """Score predictions over a whole part.

    Args:
        output: Of the model, for all rows.
        batch: ``curve`` and the columns of ``derive``, for all rows.
        sample_rate_hz: Points a second.

    Returns:
        Errors of the curve; of each parameter by ISO 3382-1 (``t20_mae_s``) and as the published
        runs have it (``origin_t20_mae_s``); of ``multihead``'s own outputs (``head_t20_mae_s``);
        and the rows that the auxiliary loss cannot use (``aux_fallbacks``).
    """
    predicted = output["edc"]
    scores = curve_errors(predicted, batch["curve"])
    for column, values in _parameters(predicted, sample_rate_hz).items():
        convention, name = column.split("_")
        prefix = "" if convention == "iso" else "origin_"
        scores |= parameter_errors(name, values, batch[column], prefix)
    for name in [name for name in ("t20", "c50") if name in output]:
        scores |= parameter_errors(name, output[name].double(), batch[f"iso_{name}"], "head_")
    return scores | {"aux_fallbacks": aux_fallbacks(predicted)}


def _parameters(curves: Tensor, sample_rate_hz: float) -> dict[str, Tensor]:
    iso = decay.iso(curves, sample_rate_hz)
    origin = decay.origin(curves, sample_rate_hz)
    return {f"iso_{name}": values for name, values in iso.items()} | {
        f"origin_{name}": values for name, values in origin.items()
    }


def _constants(values: Tensor | None, count: int, default: float) -> Tensor:
    """Copy a scaler's values, so that loading weights does not change those of the data set."""
    return torch.full((count,), default) if values is None else values.float().clone()


def _check_known(argument: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise ValueError(f"{argument} must be one of {', '.join(known)}, got {value}")
