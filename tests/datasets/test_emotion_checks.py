"""Check values of the synthetic soundscapes as a whole: 400 clips and 1213 clips."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets import emotion_truth
from datasets.emotion_features import log_mel
from datasets.emotion_soundscapes import AMBIGUOUS, KAPPA, render

pytestmark = pytest.mark.slow
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sounds:
    features: NDArray[np.float16]
    sources: NDArray[np.int64]
    loudness: Array

    def first(self, count: int) -> "Sounds":
        return Sounds(self.features[:count], self.sources[:count], self.loudness[:count])

    def columns(self) -> dict[str, Array]:
        return emotion_truth.columns(
            emotion_truth.truth(self.sources, self.loudness, KAPPA), seed=0
        )


@pytest.fixture(scope="module")
def full() -> Sounds:
    clips = [render(0, index) for index in range(1213)]
    features = np.concatenate([log_mel(c.signal[None]).astype(np.float16) for c in clips])
    powers = np.array([clip.segment_power() for clip in clips])
    return Sounds(features, np.array([c.sources for c in clips]), emotion_truth.loudness(powers))


def agreement(truth: Array, prediction: Array) -> tuple[float, float, float]:
    """Return r^2, CCC and MAE."""
    covariance = np.cov(truth, prediction, bias=True)
    distance = covariance[0, 0] + covariance[1, 1] + (truth.mean() - prediction.mean()) ** 2
    r = np.corrcoef(truth, prediction)[0, 1]
    return r**2, 2 * covariance[0, 1] / distance, np.abs(truth - prediction).mean()


def r2(truth: Array, prediction: Array) -> float:
    return 1 - np.sum((truth - prediction) ** 2) / np.sum((truth - truth.mean()) ** 2)


def test_features_and_sources_of_400_clips(full: Sounds) -> None:
    sounds = full.first(400)
    features = sounds.features.astype(float)
    assert features.mean() == pytest.approx(-34.070, abs=5e-4)
    assert features.std() == pytest.approx(16.147, abs=5e-4)
    assert np.isin(sounds.sources, AMBIGUOUS).mean() == pytest.approx(0.5371, abs=5e-5)
    assert np.bincount(sounds.sources.ravel()).tolist() == [285, 267, 194, 183, 182, 644, 645]


def test_ratings_of_400_clips(full: Sounds) -> None:
    columns = full.first(400).columns()
    valence, arousal = columns["valence"][:, 0], columns["arousal"][:, 0]
    np.testing.assert_allclose(valence[:3], [-0.07268, 0.12782, 0.81955], atol=5e-6)
    np.testing.assert_allclose(arousal[:3], [-0.72932, 0.26316, -0.14286], atol=5e-6)
    assert np.corrcoef(valence, arousal)[0, 1] == pytest.approx(-0.222, abs=5e-4)
    assert valence.var() == pytest.approx(0.33500, abs=5e-6)


def test_segment_labels_of_400_clips_lie_on_the_scale_of_the_ratings(full: Sounds) -> None:
    sounds = full.first(400)
    columns = sounds.columns()
    truth = emotion_truth.truth(sounds.sources, sounds.loudness, KAPPA)
    expected = 0.1333 + 0.8460 * truth.valence
    np.testing.assert_allclose(columns["valence_seg"], expected, atol=3e-4)
    expected = -1.4342 + 1.9794 * truth.arousal
    np.testing.assert_allclose(columns["arousal_seg"], expected, atol=3e-4)


def test_1213_clips_have_the_published_mean_and_ratings(full: Sounds) -> None:
    assert full.features.astype(float).mean() == pytest.approx(-34.889, abs=5e-4)
    valence = full.columns()["valence"][:, 0]
    np.testing.assert_allclose(valence[:3], [0.06931, 0.22772, 0.83003], atol=5e-6)
    assert valence.var() == pytest.approx(0.33388, abs=5e-6)
    assert np.abs(valence).mean() == pytest.approx(0.5004, abs=5e-5)


@pytest.mark.parametrize(
    ("count", "sequential", "context_free", "arousal", "segments"),
    [
        (400, (0.841, 0.917, 0.175), (0.543, 0.737, 0.337), (0.947, 0.973, 0.102), (0.294, 0.215)),
        (
            1213,
            (0.860, 0.927, 0.168),
            (0.583, 0.763, 0.317),
            (0.945, 0.972, 0.106),
            (0.310, 0.231),
        ),
    ],
)
def test_oracles_reach_what_the_specification_says(
    full: Sounds,
    count: int,
    sequential: tuple[float, ...],
    context_free: tuple[float, ...],
    arousal: tuple[float, ...],
    segments: tuple[float, float],
) -> None:
    columns = full.first(count).columns()
    rated = {name: values[:, 0] for name, values in columns.items()}
    found = agreement(rated["valence"], rated["valence_oracle"])
    assert found == pytest.approx(sequential, abs=6e-4)
    found = agreement(rated["valence"], rated["valence_context_free"])
    assert found == pytest.approx(context_free, abs=6e-4)
    found = agreement(rated["arousal"], rated["arousal_oracle"])
    assert found == pytest.approx(arousal, abs=6e-4)
    truth, prediction = columns["valence_seg"], columns["valence_seg_context_free"]
    found = (r2(truth, prediction), r2(truth[:, 1:], prediction[:, 1:]))
    assert found == pytest.approx(segments, abs=6e-4)


def test_max_normalisation_costs_a_ridge_regression_its_arousal(full: Sounds) -> None:
    sounds = full.first(400)
    arousal = sounds.columns()["arousal"][:, 0]
    absolute = sounds.features.astype(float)
    relative = np.maximum(absolute - absolute.max(axis=(2, 3), keepdims=True), -80)
    assert ridge_r2(absolute, arousal) > 0.8
    assert ridge_r2(relative, arousal) < 0.2


def ridge_r2(features: Array, ratings: Array) -> float:
    """Fit clip statistics on 3/4 of the clips, score on the rest."""
    over_time = [features.mean(axis=2), features.std(axis=2), features.max(axis=2)]
    segments = np.concatenate(over_time, axis=2)
    clips = np.concatenate([segments.mean(axis=1), segments.std(axis=1)], axis=1)
    train, test = np.arange(300), np.arange(300, len(clips))
    clips = (clips - clips[train].mean(axis=0)) / clips[train].std(axis=0)
    gram = clips[train].T @ clips[train] + 100 * np.eye(clips.shape[1])
    mean = ratings[train].mean()
    weights = np.linalg.solve(gram, clips[train].T @ (ratings[train] - mean))
    return r2(ratings[test], clips[test] @ weights + mean)
