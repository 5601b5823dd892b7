"""The latent, the embedding and the groove features that all five workloads share."""

import numpy as np
import pytest

from datasets.companion_latent import embedding, groove_features, latent


def test_embedding_of_no_emotion_has_the_published_values() -> None:
    found = embedding(0, 0)[[0, 1, 2, 32, 63]]
    np.testing.assert_allclose(found, [-0.24771, 0.15608, -0.16039, 0.24832, 0.02865], atol=1e-5)


def test_embedding_takes_numbers_and_arrays_alike() -> None:
    valence, arousal = np.array([0.3, -0.9]), np.array([-0.2, 0.5])
    both = embedding(valence, arousal)
    assert both.shape == (2, 64)
    np.testing.assert_allclose(both[1], embedding(-0.9, 0.5))


def test_first_half_of_the_embedding_follows_valence_and_the_second_arousal() -> None:
    low, high = embedding(-0.5, 0.0), embedding(0.5, 0.0)
    louder = embedding(0.0, 0.5) - embedding(0.0, -0.5)
    assert np.abs(high - low)[:32].mean() > 3 * np.abs(high - low)[32:].mean()
    assert np.abs(louder)[32:].mean() > 3 * np.abs(louder)[:32].mean()


def test_valence_and_arousal_correlate_as_in_music_corpora() -> None:
    drawn = latent(np.random.default_rng(0), 100_000)
    assert np.corrcoef(drawn.valence, drawn.arousal)[0, 1] == pytest.approx(0.29, abs=0.01)
    assert np.abs(drawn.z.mean(axis=0)).max() < 0.02


def test_groove_features_by_hand() -> None:
    deviation, velocity = np.array([-0.5, 0.0, 0.0, 0.49]), np.array([0.0, 0.5, 1.0, 1.2])
    found = groove_features(deviation, velocity)
    assert found.shape == (32,)
    np.testing.assert_allclose(found[:2], [deviation.mean(), deviation.std()])
    np.testing.assert_allclose(found[[2, 9, 15]], [0.25, 0.5, 0.25])
    np.testing.assert_allclose(found[16:18], [velocity.mean(), velocity.std()])
    np.testing.assert_allclose(found[[18, 25, 31]], [0.25, 0.25, 0.5])


def test_every_histogram_of_a_groove_sums_to_one() -> None:
    rng = np.random.default_rng(0)
    found = groove_features(rng.uniform(-0.5, 0.5, (5, 40)), rng.uniform(0, 1, (5, 40)))
    np.testing.assert_allclose(found[:, 2:16].sum(axis=1), 1)
    np.testing.assert_allclose(found[:, 18:].sum(axis=1), 1)
