"""The embedded series and the windows cut from it, against the published check values."""

from typing import Any

import numpy as np
import pytest

from datasets.contract import DataFormatError
from datasets.frequency_filter_signal import series, spans, windows


@pytest.mark.parametrize(
    ("seed", "first"),
    [
        (1, [0.765988, 0.539182, 0.543707, 0.484772]),
        (2, [0.561878, 0.594731, 0.382905, 0.756096]),
        (3, [0.782416, 0.644009, 0.606174, 0.405720]),
    ],
)
def test_series_starts_with_the_published_values(seed: int, first: list[float]) -> None:
    assert series(seed).mixture[:4] == pytest.approx(first, abs=1e-6)


def test_series_ends_with_the_published_value() -> None:
    assert len(series(1).mixture) == 10_000
    assert series(1).mixture[-1] == pytest.approx(0.459766, abs=1e-6)


def test_tones_are_the_published_sinusoids() -> None:
    tones = series(1).tones
    assert tones[:, 0] == pytest.approx([0, 0.707107, 1, 0.707107], abs=1e-6)
    assert tones[:, 1] == pytest.approx([0.006284, 0.720310, 0.999506, 0.675330], abs=1e-6)


def test_clean_mixture_has_the_published_power_and_noise_ratio() -> None:
    power = series(1).clean.var()
    assert power == pytest.approx(0.125024, abs=1e-6)
    assert 10 * np.log10(power / 0.1**2) == pytest.approx(10.97, abs=0.005)


def test_signal_is_deterministic_apart_from_noise() -> None:
    difference = series(1).mixture - series(2).mixture
    assert difference.std() == pytest.approx(0.1 * np.sqrt(2), rel=0.03)
    np.testing.assert_array_equal(series(1).tones, series(2).tones)


def test_generating_leaves_the_global_generator_alone() -> None:
    before = np.random.get_state()[1].copy()  # type: ignore[index, union-attr]
    series(1)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # type: ignore[index]


@pytest.mark.parametrize(
    ("frequencies_hz", "period"), [((1, 3, 5, 7), 1000), ((2.5, 4.0), 2000), ((50.0,), 20)]
)
def test_tones_repeat_after_their_common_period(
    frequencies_hz: tuple[float, ...], period: int
) -> None:
    phases_rad = (0.0,) * len(frequencies_hz)
    made = series(1, frequencies_hz=frequencies_hz, phases_rad=phases_rad)
    assert made.period_samples == period


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"frequencies_hz": (1, 3, 5, 500)}, "half the sample rate of 1000 Hz, got 500 Hz"),
        ({"frequencies_hz": (0, 3, 5, 7)}, "got 0 Hz"),
        ({"phases_rad": (0, 1)}, "got 4 and 2"),
        ({"frequencies_hz": (), "phases_rad": ()}, "got 0 and 0"),
        ({"noise_std": 0.0}, "noise_std must be above 0, got 0"),
        ({"duration_s": -1.0}, "duration_s must be above 0, got -1"),
    ],
)
def test_signal_that_cannot_be_sampled_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        series(1, **wrong)


@pytest.mark.parametrize("stride", [1, 7, 10, 20, 9950])
def test_last_window_ends_at_last_sample(stride: int) -> None:
    samples = spans(10_000, 50, stride)
    assert len(samples) == (10_000 - 50) // stride + 1
    assert samples[0, 0] == 0
    assert 10_000 - stride <= samples[-1, -1] <= 9999
    assert spans(10_000, 50, 1)[-1, -1] == 9999


@pytest.mark.parametrize(
    ("seq_len", "stride", "message"),
    [(10_001, 1, "between 1 and 10000 samples, got 10001"), (0, 1, "got 0"), (50, 0, "got 0")],
)
def test_windows_that_do_not_fit_are_refused(seq_len: int, stride: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spans(10_000, seq_len, stride)


def test_each_window_is_asked_for_one_tone_after_the_other() -> None:
    made = series(1)
    columns = windows(made, seq_len=50, stride=10)
    inputs, target, selector = columns["inputs"], columns["target"], columns["selector"]
    assert inputs.shape == (3984, 50, 5)
    assert target.shape == columns["clean"].shape == (3984, 50, 1)
    assert inputs.dtype == target.dtype == columns["clean"].dtype == np.float32
    assert inputs[0, 0] == pytest.approx([0.765988, 1, 0, 0, 0], abs=1e-6)
    assert target[3, 0, 0] == pytest.approx(0.707107, abs=1e-6)
    assert target.var() == pytest.approx(0.50023, abs=1e-5)
    np.testing.assert_array_equal(selector[:5], [0, 1, 2, 3, 0])
    np.testing.assert_array_equal(inputs[..., 1:].argmax(-1), selector[:, None].repeat(50, 1))
    np.testing.assert_array_equal(inputs[:4, :, 0], inputs[:1, :, 0].repeat(4, 0))
    np.testing.assert_allclose(target[9, :, 0], made.tones[1, 20:70], atol=1e-6)
    np.testing.assert_allclose(columns["clean"][9, :, 0], made.clean[20:70], atol=1e-6)


def test_format_errors_are_value_errors() -> None:
    assert issubclass(DataFormatError, ValueError)
