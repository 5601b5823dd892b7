"""Metrics of the companion networks, over a whole part."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from datasets import companion_harmony, companion_melody
from datasets.companion_latent import latent
from models.companion_metrics import (
    chord_scores,
    correlations,
    embedding_scores,
    note_scores,
    output_scores,
)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_perfect_prediction_scores_best() -> None:
    target = normal(50, 64)
    scores = embedding_scores(target, {"target": target})
    assert (scores["mse"], scores["mae"]) == (0, 0)
    for name in ("cosine", "mean_correlation", "valence_r", "arousal_r"):
        assert scores[name] == pytest.approx(1)
    assert output_scores(target, {"target": target})["r2"] == 1


def test_valence_is_told_by_the_first_half_and_arousal_by_the_second() -> None:
    target = normal(2000, 64)
    output = torch.cat([target[:, :32], normal(2000, 32, seed=1)], dim=1)
    scores = embedding_scores(output, {"target": target})
    assert scores["valence_r"] == pytest.approx(1)
    assert scores["arousal_r"] == pytest.approx(0, abs=0.02)
    assert scores["mean_correlation"] == pytest.approx(0.5, abs=0.01)


def test_constant_outputs_are_left_out_of_the_mean_correlation() -> None:
    target = normal(30, 64)
    output = target.clone()
    output[:, 5] = 0.1
    assert embedding_scores(output, {"target": target})["mean_correlation"] == pytest.approx(1)
    assert correlations(output, target)[5].isnan()


def test_correlations_are_those_of_numpy() -> None:
    first, second = normal(40, 3), normal(40, 3, seed=1)
    expected = [np.corrcoef(first[:, j], second[:, j])[0, 1] for j in range(3)]
    np.testing.assert_allclose(correlations(first, second), expected, rtol=1e-5)


def test_cosine_is_a_mean_over_samples() -> None:
    output = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    scores = embedding_scores(output, {"target": torch.tensor([[3.0, 0.0], [1.0, 1.0]])})
    assert scores["cosine"] == pytest.approx((1 + math.sqrt(0.5)) / 2)


def test_r2_compares_every_output_with_its_own_mean() -> None:
    target = torch.tensor([[0.0, 10.0], [2.0, 10.0]])
    scores = output_scores(target.mean(dim=0).expand(2, 2), {"target": target})
    assert scores["r2"] == pytest.approx(0)
    assert output_scores(target - 1, {"target": target})["r2"] == pytest.approx(-1)
    assert math.isnan(scores["r_0"])


def test_metrics_are_of_the_whole_part_and_no_mean_of_batches() -> None:
    output, target = normal(30, 16).sigmoid(), normal(30, 16, seed=1).sigmoid()
    whole = output_scores(output, {"target": target})["r2"]
    parts = [
        output_scores(output[i : i + 10], {"target": target[i : i + 10]})["r2"]
        for i in (0, 10, 20)
    ]
    assert whole != pytest.approx(np.mean(parts), abs=1e-4)


def test_notes_are_counted_over_all_samples() -> None:
    target, probability = torch.zeros(2, 128), torch.full((2, 128), 0.1)
    target[0, :4] = target[1, 60] = 1
    probability[0, :3] = probability[0, 100] = probability[1, 7] = 0.9
    scores = note_scores(probability, {"target": target})
    assert scores["precision"] == pytest.approx(3 / 5)
    assert scores["recall"] == pytest.approx(3 / 5)
    assert scores["f1"] == pytest.approx(3 / 5)


def test_scores_without_a_chosen_note_are_zero() -> None:
    scores = note_scores(torch.full((2, 128), 0.4), {"target": torch.zeros(2, 128)})
    assert (scores["precision"], scores["recall"], scores["f1"]) == (0, 0, 0)


def test_precision_at_10_is_the_share_of_the_ten_most_probable_that_sound() -> None:
    target = torch.zeros(1, 128)
    target[0, :6] = 1
    probability = torch.linspace(1, 0, 128)[None]
    assert note_scores(probability, {"target": target})["precision_at_10"] == pytest.approx(0.6)


def melodies() -> tuple[Tensor, Tensor]:
    """Return validation melodies and the true probability that each pitch sounds in 24 notes."""
    data = companion_melody.load()
    rows = data.validation.rows.numpy()
    drawn = latent(np.random.default_rng([43, 0]), 10_000)
    pitch = companion_melody.probabilities(drawn)
    sounding = 1 - (1 - pitch / pitch.sum(axis=1, keepdims=True)) ** 24
    return data.train.columns["target"][rows], torch.from_numpy(sounding[rows])


def test_f1_of_the_true_probabilities_is_positive() -> None:
    """Targets once were histograms, none above .5; then every count is 0."""
    target, sounding = melodies()
    scores = note_scores(sounding, {"target": target})
    assert scores["bce"] == pytest.approx(0.1179, abs=0.0002)
    assert scores["f1"] == pytest.approx(0.73, abs=0.01)
    assert scores["precision"] == pytest.approx(0.76, abs=0.01)
    assert scores["recall"] == pytest.approx(0.70, abs=0.01)
    assert scores["precision_at_10"] == pytest.approx(0.80, abs=0.01)


def test_precision_at_10_of_random_scores_is_the_density() -> None:
    """The original's "top-10 accuracy" is beaten by chance in 57 of 100 samples."""
    target, _ = melodies()
    scores = note_scores(
        torch.from_numpy(np.random.default_rng(0).random((2000, 128))), {"target": target}
    )
    assert scores["precision_at_10"] == pytest.approx(float(target.mean()), abs=0.01)
    assert scores["topk_any"] == pytest.approx(0.57, abs=0.03)


def test_chords_are_ranked_by_the_likeliest_target() -> None:
    target = torch.tensor([[0.1, 0.6, 0.3, 0.0], [0.0, 0.0, 0.3, 0.7]])
    probability = torch.tensor([[0.1, 0.6, 0.2, 0.1], [0.5, 0.3, 0.15, 0.05]])
    scores = chord_scores(probability, {"target": target})
    assert (scores["top1"], scores["top3"]) == (0.5, 0.5)
    entropy = -(target * probability.log()).sum(dim=1).mean()
    assert scores["perplexity"] == pytest.approx(math.exp(entropy), rel=1e-5)


def test_true_distribution_of_chords_reaches_the_stated_floor() -> None:
    drawn, rng = latent(np.random.default_rng([44, 0]), 10_000), np.random.default_rng([44, 0])
    table = companion_harmony.generate(rng, 10_000)
    context = table.inputs[:, 64:]
    previous = np.where(context >= 1, context, 0).argmax(axis=1)
    is_alone = (context == 1.5).any(axis=1)
    before = np.where(is_alone, previous, np.where(context == 0.5, 1, 0).argmax(axis=1))
    likely = np.zeros((10_000, 64))
    likely[:, :60] = companion_harmony.probabilities(drawn, previous, before)
    scores = chord_scores(torch.from_numpy(likely), {"target": torch.from_numpy(table.target)})
    assert scores["kl"] == pytest.approx(0.2764, abs=0.003)
    assert scores["top1"] == pytest.approx(0.652, abs=0.01)


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_errors_scale_with_their_values(scale: float) -> None:
    output, target = normal(20, 16), normal(20, 16, seed=1)
    scores = output_scores(scale * output, {"target": scale * target})
    expected = scale**2 * float((output - target).square().mean())
    assert scores["mse"] == pytest.approx(expected, rel=1e-6)
