"""Synthetic soundscapes and their truth."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets import emotion_truth
from datasets.emotion_features import CLIP_SAMPLES
from datasets.emotion_soundscapes import AMBIGUOUS, KAPPA, SOURCES, Clip, noise, render

PUBLISHED = {  # clip: sources, valence, arousal, loudness of the segments
    0: ((2, 0, 0, 6, 6, 5), -0.03695, 0.46213, [0.3973, 0.2646, 0.1839, 0.0733, 0.2575, 0.2753]),
    1: ((1, 5, 0, 3, 5, 5), 0.11183, 0.94908, [0.3919, 0.2531, 0.6696, 0.7522, 0.2686, 0.3376]),
    7: ((0, 5, 6, 6, 1, 1), 0.51711, 0.98225, [0.5064, 0.6653, 0.6313, 0.6605, 0.6098, 0.6940]),
}


@cache
def clip(index: int) -> Clip:
    return render(0, index)


def loudness(index: int) -> NDArray[np.float64]:
    return emotion_truth.loudness(clip(index).segment_power())


def truth(index: int, kappa: float = KAPPA) -> emotion_truth.Truth:
    return emotion_truth.truth(np.array([clip(index).sources]), loudness(index)[None], kappa)


@pytest.mark.parametrize("index", PUBLISHED)
def test_clips_have_the_published_sources_loudness_and_ratings(index: int) -> None:
    sources, valence, arousal, levels = PUBLISHED[index]
    assert clip(index).sources == sources
    np.testing.assert_allclose(loudness(index), levels, atol=5e-5)
    found = truth(index)
    assert emotion_truth.clip_valence(found.valence)[0] == pytest.approx(valence, abs=5e-6)
    assert emotion_truth.clip_arousal(found.arousal)[0] == pytest.approx(arousal, abs=5e-6)


def test_segments_have_the_published_valence_and_arousal() -> None:
    valence = [-0.6877, 0.3103, 0.3224, -0.0186, -0.1076, -0.1162]
    np.testing.assert_allclose(truth(0).valence[0], valence, atol=5e-5)
    arousal = [0.5703, 0.4237, 1.2433, 1.5618, 0.4424, 0.5251]
    np.testing.assert_allclose(truth(1).arousal[0], arousal, atol=5e-5)


def test_every_source_makes_a_finite_second_within_the_clip() -> None:
    for source in SOURCES:
        sound = source.render(np.random.default_rng(1))
        assert sound.shape == (32_000,)
        assert np.isfinite(sound).all()
        assert sound.std() > 0
    assert clip(0).signal.shape == (CLIP_SAMPLES,)
    assert np.abs(clip(0).signal).max() <= 1


def test_noise_has_unit_power_and_stays_in_its_band() -> None:
    sound = noise(np.random.default_rng(0), 1.0, 500, 1000, 32_000)
    assert np.mean(sound**2) == pytest.approx(1)
    spectrum = np.abs(np.fft.rfft(sound))
    assert spectrum[500:1001].min() > 1e3 * np.delete(spectrum, np.arange(500, 1001)).max()


def test_first_segment_is_never_ambiguous() -> None:
    assert not np.isin([render(3, index).sources[0] for index in range(12)], AMBIGUOUS).any()


def test_clips_are_repeatable_and_depend_on_seed_and_index() -> None:
    again = render(0, 1)
    assert again.sources == clip(1).sources
    assert np.array_equal(again.signal, clip(1).signal)
    assert not np.array_equal(render(1, 1).signal, clip(1).signal)


def test_past_colours_only_ambiguous_sounds() -> None:
    rumble, rain, engine = 5, 0, 2
    sources = np.array([[rain, rumble, rain, rain, rumble, rumble]])
    other = np.array([[engine, rumble, rain, rain, rumble, rumble]])
    level = np.full((1, 6), 0.5)
    after_rain, after_engine = (emotion_truth.truth(s, level, KAPPA) for s in (sources, other))
    differs = after_rain.valence != after_engine.valence
    assert differs[0].tolist() == [True, True, False, False, True, True]
    assert np.array_equal(after_rain.context_free[:, 1:], after_engine.context_free[:, 1:])


def test_without_kappa_the_past_means_nothing() -> None:
    control = truth(7, kappa=0)
    assert np.array_equal(control.valence, control.context_free)


def test_ratings_spread_evenly_from_plus_to_minus_one() -> None:
    values = np.random.default_rng(0).random(400)
    ratings = emotion_truth.rank_rating(values)
    assert ratings[values.argmax()] == 1
    assert ratings[values.argmin()] == -1
    assert ratings.var() == pytest.approx(401 / (3 * 399))
    assert np.abs(ratings).mean() == pytest.approx(0.5013, abs=5e-5)
