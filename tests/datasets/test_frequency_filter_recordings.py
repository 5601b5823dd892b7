"""Layout B: every rule of the raw series is checked, and the message says where."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datasets.contract import DataFormatError
from datasets.frequency_filter_recordings import read_recordings
from datasets.frequency_filter_signal import Array, series

Recording = dict[str, Array]


def recording(seed: int) -> Recording:
    """Return a recording of the default tones, 2 s long, as the original project stores one."""
    made = series(seed, duration_s=2.0)
    targets = {f"target{number + 1}": tone for number, tone in enumerate(made.tones)}
    return targets | {
        "x": np.linspace(0, 2, len(made.mixture)),
        "S": made.mixture,
        "frequencies": np.array([1.0, 3.0, 5.0, 7.0]),
        "phases": np.arange(4) * np.pi / 4,
        "noise_std": np.array(0.1),
        "sampling_rate": np.array(1000),
        "seed": np.array(seed),
        "S_clean": made.clean,
    }


def write(root: Path, **parts: Recording) -> Path:
    """Write one file a part; return their directory."""
    for part, arrays in parts.items():
        np.savez(root / f"frequency_data_{part}.npz", **arrays)  # type: ignore[arg-type]
    return root


def test_recordings_are_read_as_written(tmp_path: Path) -> None:
    root = write(tmp_path, train=recording(1), val=recording(3), test=recording(2))
    heard = read_recordings(root, gap_samples=50)
    assert sorted(heard) == ["test", "train", "validation"]
    for part, seed in (("train", 1), ("validation", 3), ("test", 2)):
        expected = series(seed, duration_s=2.0)
        np.testing.assert_array_equal(heard[part].mixture, expected.mixture)
        np.testing.assert_array_equal(heard[part].tones, expected.tones)
        assert heard[part].noise_std == 0.1
        assert heard[part].period_samples == 1000


def test_last_fifth_validates_after_a_gap(tmp_path: Path) -> None:
    heard = read_recordings(write(tmp_path, train=recording(1), test=recording(2)), 50)
    whole = series(1, duration_s=2.0)
    np.testing.assert_array_equal(heard["train"].mixture, whole.mixture[:1550])
    np.testing.assert_array_equal(heard["validation"].mixture, whole.mixture[1600:])
    np.testing.assert_array_equal(heard["validation"].tones, whole.tones[:, 1600:])


def test_single_precision_time_axis_is_uniform_enough(tmp_path: Path) -> None:
    train = recording(1)
    train["x"] = (train["x"] + 30).astype(np.float32)
    heard = read_recordings(write(tmp_path, train=train, test=recording(2)), 50)
    assert heard["train"].sample_rate_hz == pytest.approx(999.5, rel=1e-4)


def test_noise_that_is_not_as_stated_is_unknown(tmp_path: Path) -> None:
    train = recording(1) | {"noise_std": np.array(0.05)}
    heard = read_recordings(write(tmp_path, train=train, test=recording(2)), 50)
    assert heard["train"].noise_std is None
    assert heard["test"].noise_std == 0.1


def nan_in_mixture(arrays: Recording) -> None:
    arrays["S"][17] = np.nan


def missing_target(arrays: Recording) -> None:
    del arrays["target4"]


def step_in_time(arrays: Recording) -> None:
    arrays["x"][500:] += 1e-5


def wrong_rate(arrays: Recording) -> None:
    arrays["sampling_rate"] = np.array(1020)


def time_backwards(arrays: Recording) -> None:
    arrays["x"] = arrays["x"][::-1]


def tone_above_half_the_rate(arrays: Recording) -> None:
    arrays["frequencies"][2] = 500.0


def phase_too_many(arrays: Recording) -> None:
    arrays["phases"] = np.zeros(5)


def short_mixture(arrays: Recording) -> None:
    arrays["S"] = arrays["S"][:-1]


def two_noise_levels(arrays: Recording) -> None:
    arrays["noise_std"] = np.array([0.1, 0.2])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (nan_in_mixture, "^S must be finite, got nan at index 17 of frequency_data_train.npz$"),
        (missing_target, "frequency_data_train.npz must contain 'target4', got keys"),
        (step_in_time, "uniform within 0.1 %, got a step of 0.0010105 s after index 499"),
        (wrong_rate, "1/sampling_rate within 1 %, got 0.0010005 s at 1020 Hz"),
        (time_backwards, "1/sampling_rate within 1 %, got -0.0010005 s"),
        (tone_above_half_the_rate, "got 500 Hz in frequency_data_train.npz"),
        (phase_too_many, "got 4 and 5 in frequency_data_train.npz"),
        (short_mixture, r"S must have one value .* got shapes \(1999,\) and \(2000,\)"),
        (two_noise_levels, r"noise_std must be one number, got shape \(2,\)"),
    ],
)
def test_spoilt_recording_is_refused(
    tmp_path: Path, spoil: Callable[[Recording], None], message: str
) -> None:
    train = recording(1)
    spoil(train)
    with pytest.raises(DataFormatError, match=message):
        read_recordings(write(tmp_path, train=train, test=recording(2)), 50)


def test_train_and_test_must_carry_different_noise(tmp_path: Path) -> None:
    message = "train and test must carry different noise, got seed 1 twice"
    with pytest.raises(DataFormatError, match=message):
        read_recordings(write(tmp_path, train=recording(1), test=recording(1)), 50)


def test_parts_must_carry_the_same_tones(tmp_path: Path) -> None:
    test = recording(2)
    test["frequencies"] = np.array([1.0, 3.0, 5.0, 9.0])
    with pytest.raises(DataFormatError, match="must carry the same frequencies"):
        read_recordings(write(tmp_path, train=recording(1), test=test), 50)
