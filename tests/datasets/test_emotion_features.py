"""Front end of ``emotion``."""

import numpy as np
import pytest

from datasets.emotion_features import (
    CLIP_SAMPLES,
    FRAMES,
    MEL_BINS,
    SEGMENTS,
    log_mel,
    mel_filters,
)

TIME_S = np.arange(CLIP_SAMPLES) / 32_000


def noise(level_db: float) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((1, CLIP_SAMPLES)) * 10 ** (level_db / 20)


def test_filters_have_the_shape_weight_and_peaks_of_the_published_ones() -> None:
    filters = mel_filters()
    assert filters.shape == (MEL_BINS, 513)
    assert filters.sum() == pytest.approx(2.048126, abs=1e-6)
    peaks = filters.argmax(axis=1)[[0, 10, 20, 32, 48, 63]]
    assert peaks.tolist() == [3, 21, 39, 75, 184, 424]


def test_sine_peaks_in_its_mel_bin_with_the_published_level() -> None:
    level_db = log_mel((0.5 * np.sin(2 * np.pi * 1000 * TIME_S))[None])
    assert level_db.shape == (1, SEGMENTS, FRAMES, MEL_BINS)
    assert level_db.dtype == np.float32
    frame = level_db[0, 0, 50]
    assert frame.argmax() == 17
    assert frame.max() == pytest.approx(23.6652, abs=1e-4)


def test_silence_is_at_the_floor_everywhere() -> None:
    assert (log_mel(np.zeros((1, CLIP_SAMPLES))) == -100).all()


def test_ten_decibels_more_sound_is_ten_decibels_more_level() -> None:
    quiet, loud = log_mel(noise(-30)), log_mel(noise(-20))
    assert quiet.min() > -90
    np.testing.assert_allclose(loud - quiet, 10, atol=1e-4)


def test_max_reference_removes_loudness_and_floors_at_80_decibels() -> None:
    quiet, loud = log_mel(noise(-30), "max"), log_mel(noise(-20), "max")
    np.testing.assert_allclose(loud, quiet, atol=1e-4)
    assert (quiet.max(axis=(2, 3)) == 0).all()
    tone = log_mel((0.5 * np.sin(2 * np.pi * 1000 * TIME_S))[None], "max")
    assert tone.min() == -80


def test_each_second_is_measured_on_its_own() -> None:
    sound = noise(-20)
    changed = sound.copy()
    changed[0, :32_000] = 0
    assert np.array_equal(log_mel(sound)[0, 1:], log_mel(changed)[0, 1:])


def test_unknown_reference_and_wrong_length_are_named() -> None:
    with pytest.raises(ValueError, match="absolute, max, got 'mean'"):
        log_mel(noise(0), "mean")
    with pytest.raises(ValueError, match=r"\(C, 192000\), got \(1, 7\)"):
        log_mel(np.zeros((1, 7)))


@pytest.mark.slow
def test_levels_are_those_of_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    sound = noise(-20)
    power = librosa.feature.melspectrogram(
        y=sound[0, 32_000:64_000],
        sr=32_000,
        n_fft=1024,
        hop_length=320,
        pad_mode="reflect",
        n_mels=MEL_BINS,
        fmin=50,
        fmax=14_000,
    )
    absolute = librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None)
    np.testing.assert_allclose(log_mel(sound)[0, 1], absolute.T, atol=1e-4)
    relative = librosa.power_to_db(power, ref=np.max, amin=1e-10, top_db=80)
    np.testing.assert_allclose(log_mel(sound, "max")[0, 1], relative.T, atol=1e-4)
