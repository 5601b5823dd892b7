"""The Bayes floor against its published values, and its cache."""

from pathlib import Path

import numpy as np
import pytest

from datasets import frequency_filter_floor
from datasets.frequency_filter_floor import floors, squared_errors
from datasets.frequency_filter_signal import Array, series

NOISE_SEEDS = range(100, 110)


def fresh(noise_std: float, seq_len: int, num_seeds: int) -> tuple[Array, Array]:
    """Average over noise seeds. Returns the mean causal and bidirectional errors ``[L, K]``."""
    errors = [
        squared_errors(series(seed, noise_std=noise_std), seq_len, stride=40)
        for seed in NOISE_SEEDS[:num_seeds]
    ]
    causal, bidirectional = zip(*errors, strict=True)
    return np.mean(causal, axis=(0, 1)), np.mean(bidirectional, axis=(0, 1))


def test_floor_of_the_default_parts_is_the_published_one() -> None:
    assert squared_errors(series(3), 50)[0].mean() == pytest.approx(0.2063, abs=1e-4)
    assert squared_errors(series(2), 50)[0].mean() == pytest.approx(0.2024, abs=1e-4)


@pytest.mark.slow
def test_floor_of_each_tone_and_step_is_the_published_one() -> None:
    causal, bidirectional = fresh(0.1, 50, num_seeds=10)
    assert causal.mean(axis=0) == pytest.approx([0.114, 0.260, 0.269, 0.185], abs=0.008)
    steps = causal.mean(axis=1)[[0, 9, 24, 49]]
    # published: .29 and .20 at steps 10 and 25 here, but .28 and .19 in longer windows, though
    # a causal estimate cannot depend on what follows
    assert steps == pytest.approx([0.35, 0.285, 0.195, 0.118], abs=0.01)
    assert causal.mean() == pytest.approx(0.207, abs=0.003)
    assert bidirectional.mean() == pytest.approx(0.125, abs=0.003)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("noise_std", "seq_len", "causal", "bidirectional", "last"),
    [
        (0.05, 50, 0.170, 0.095, 0.084),
        (0.20, 50, 0.254, 0.163, 0.155),
        (0.10, 25, 0.262, 0.200, 0.190),
        (0.10, 100, 0.144, 0.061, 0.064),
        (0.10, 200, 0.088, 0.000, 0.000),
    ],
)
def test_floor_of_other_recipes_is_the_published_one(
    noise_std: float, seq_len: int, causal: float, bidirectional: float, last: float
) -> None:
    forwards, both = fresh(noise_std, seq_len, num_seeds=3)
    assert forwards.mean() == pytest.approx(causal, abs=0.006)
    assert both.mean() == pytest.approx(bidirectional, abs=0.009)
    assert forwards[-1].mean() == pytest.approx(last, abs=0.011)


def test_seeing_the_future_helps_everywhere_but_at_the_last_step() -> None:
    causal, bidirectional = squared_errors(series(1), 25, stride=100)
    assert bidirectional[:, 0].mean() < causal[:, 0].mean()
    np.testing.assert_allclose(bidirectional[:, -1], causal[:, -1])


def test_floor_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDSWEEP_CACHE", str(tmp_path))
    made = series(1, duration_s=1.5)
    first = floors(made, 20)
    causal, bidirectional = squared_errors(made, 20)
    assert first == {
        "mse_floor": pytest.approx(causal.mean()),
        "bidirectional_mse_floor": pytest.approx(bidirectional.mean()),
    }
    monkeypatch.delattr(frequency_filter_floor, "squared_errors")
    assert floors(made, 20) == first


def test_floor_depends_on_noise_and_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOUNDSWEEP_CACHE", str(tmp_path))
    reference = floors(series(1, duration_s=1.5), 20)["mse_floor"]
    assert floors(series(1, duration_s=1.5), 40)["mse_floor"] < reference
    assert floors(series(1, duration_s=1.5, noise_std=0.3), 20)["mse_floor"] > reference
