"""What no network can beat: the posterior mean over the unknown phase at which a window starts.

K tones, L steps of a window, n windows, M candidate starts. For the candidates ``m``, evenly
spread over one common period of the tones,

    log w_m(t) = -sum_{u <= t} (mixture(i + u) - clean(m + u))^2 / (2 noise_std^2) + constant,

and the estimate of tone k at step t is ``sum_m w_m(t) tone_k(m + t)``. A filter that runs forwards
and backwards sees the whole window at every step: it uses the weights of the last one throughout.
"""

import hashlib
from pathlib import Path

import h5py
import numpy as np

from datasets import cache
from datasets.frequency_filter_signal import Array, Series, spans

STRIDE = 20  # 498 windows of the default series; the mean moves by .003 with the noise seed
VERSION = 1  # of this file's arithmetic; part of the cached value's key


def squared_errors(series: Series, seq_len: int, stride: int = STRIDE) -> tuple[Array, Array]:
    """Estimate every tone of every window as well as it can be done.

    Args:
        series: Its noise level must be known.
        seq_len: Samples of a window.
        stride: Samples between the starts of neighbours.

    Returns:
        Squared error of the causal and of the bidirectional estimate. Each ``[n, L, K]``.
    """
    assert series.noise_std is not None
    num_tones, num_samples = series.tones.shape
    samples = spans(num_samples, seq_len, stride)
    candidates = spans(num_samples, seq_len, stride=1)[: series.period_samples]
    clean, tones = series.clean[candidates], series.tones[:, candidates]
    truth = np.moveaxis(series.tones[:, samples], 0, -1)
    log_weight = np.zeros((len(samples), len(candidates)))
    causal = np.empty((*samples.shape, num_tones))
    for step in range(seq_len):
        heard = series.mixture[samples[:, step], None]
        log_weight -= (heard - clean[:, step]) ** 2 / (2 * series.noise_std**2)
        weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        causal[:, step] = weight @ tones[:, :, step].T
    bidirectional = np.moveaxis(np.tensordot(weight, tones, axes=(1, 1)), 1, -1)
    return (causal - truth) ** 2, (bidirectional - truth) ** 2


def floors(series: Series, seq_len: int) -> dict[str, float]:
    """Return the least mean squared error that windows of a series allow; computed once.

    Args:
        series: The windows are taken from it. Its noise level must be known.
        seq_len: Samples of a window.

    Returns:
        ``mse_floor`` and ``bidirectional_mse_floor``.
    """
    content = hashlib.sha256(series.mixture.tobytes() + series.tones.tobytes()).hexdigest()
    recipe = {"version": VERSION, "content": content, "seq_len": seq_len}
    recipe |= {"noise_std": series.noise_std, "period_samples": series.period_samples}

    def write(path: Path) -> None:
        causal, bidirectional = squared_errors(series, seq_len)
        with h5py.File(path, "w") as file:
            file.attrs["mse_floor"] = causal.mean()
            file.attrs["bidirectional_mse_floor"] = bidirectional.mean()

    with h5py.File(cache.prepared("frequency_filter_floor", recipe, write)) as file:
        return {name: float(value) for name, value in file.attrs.items()}
