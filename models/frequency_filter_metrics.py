"""How well a filter isolates its tone. n windows, L steps of a window, K selectors, N samples."""

import torch
from torch import Tensor

LEAK_MARGIN = 0.01  # the floor moves by .003 with the noise seed


def metrics(
    output: Tensor,
    batch: dict[str, Tensor],
    *,
    mse_floor: float | None = None,
    bidirectional_mse_floor: float | None = None,
    bidirectional: bool = False,
) -> dict[str, float]:
    """Score the predictions of a whole part, over all points and over those of each selector.

    Args:
        output: Prediction. Shape ``[n, L, 1]``.
        batch: With ``target`` ``[n, L, 1]`` and ``selector`` ``[n]``.
        mse_floor: Least mean squared error of a causal filter on these data, if known.
        bidirectional_mse_floor: The same of a filter that sees the future of its window.
        bidirectional: Which of the two the filter is.

    Returns:
        ``mse`` (the objective), ``rmse``, ``mae``, ``r2``, ``r``, ``snr_db`` and ``mse_last`` (of
        the last step of each window: what a running filter delivers), and the same with suffix
        ``_f1`` to ``_fK``. If the floor is known, ``mse_floor``, ``excess_mse`` above it, and
        ``suspected_leak``, 1 for a result too good to be true.
    """
    predicted, target = output[..., 0].double(), batch["target"][..., 0].double()
    scores = _scores(predicted, target)
    floor = bidirectional_mse_floor if bidirectional else mse_floor
    if floor is not None:
        excess = scores["mse"] - floor
        scores |= {"mse_floor": floor, "excess_mse": excess}
        scores["suspected_leak"] = float(excess < -LEAK_MARGIN)
    for selector in sorted(set(batch["selector"].tolist())):
        asked = batch["selector"] == selector
        one = _scores(predicted[asked], target[asked])
        scores |= {f"{name}_f{selector + 1}": value for name, value in one.items()}
    return scores


def _scores(predicted: Tensor, target: Tensor) -> dict[str, float]:
    """Compare all points of some windows ``[n, L]``."""
    error = predicted - target
    residual, varied = predicted - predicted.mean(), target - target.mean()
    covariance = (residual * varied).sum()
    scores = {
        "mse": error.square().mean(),
        "rmse": error.square().mean().sqrt(),
        "mae": error.abs().mean(),
        "r2": 1 - error.square().sum() / varied.square().sum(),
        "r": covariance / (residual.square().sum() * varied.square().sum()).sqrt(),
        "snr_db": 10 * torch.log10(target.square().sum() / error.square().sum()),
        "mse_last": error[:, -1].square().mean(),
    }
    return {name: float(value) for name, value in scores.items()}


def streamed(output: Tensor, selector: Tensor) -> Tensor:
    """Join the last steps of windows at stride 1: what the filter delivers while it runs.

    One window of 50 ms resolves 20 Hz, so only the streamed signal has a telling spectrum.

    Args:
        output: Prediction or target of every window, in order. Shape ``[n, L, 1]``.
        selector: The tone that each window asks for. Shape ``[n]``.

    Returns:
        One signal of ``N - L + 1`` samples a selector. Shape ``[K, N - L + 1]``.
    """
    tones = sorted(set(selector.tolist()))
    return torch.stack([output[selector == tone, -1, 0] for tone in tones])


def spectral_mse(predicted: Tensor, target: Tensor) -> Tensor:
    """Compare the amplitude spectra ``(2 / n) |FFT|`` of streamed signals.

    Args:
        predicted: Signals. Shape ``[..., n]``.
        target: Signals of the same shape.

    Returns:
        Squared difference of the amplitudes, averaged over the bins from 0 to half the sample
        rate. Shape ``[...]``.
    """
    difference = torch.fft.rfft(predicted).abs() - torch.fft.rfft(target).abs()
    error: Tensor = 2 / target.shape[-1] * difference
    return error.square().mean(dim=-1)
