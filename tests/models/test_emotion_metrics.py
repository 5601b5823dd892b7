"""Agreement of predicted with rated emotion."""

import math

import numpy as np
import pytest

from models.emotion_metrics import agreement, by_level, over_time

TRUTH = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])


def test_perfect_prediction_scores_best() -> None:
    assert agreement(TRUTH, TRUTH) == pytest.approx(
        {"mae": 0, "rmse": 0, "r2": 1, "pearson": 1, "spearman": 1, "ccc": 1}
    )


def test_formulas_on_numbers_done_by_hand() -> None:
    found = agreement(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 1.0, 2.0, 4.0]))
    assert found["mae"] == 0.5
    assert found["rmse"] == pytest.approx(math.sqrt(0.5))
    assert found["r2"] == pytest.approx(1 - 2 / 5)
    assert found["pearson"] == pytest.approx(1.25 / math.sqrt(1.25 * 1.5))
    assert found["ccc"] == pytest.approx(2 * 1.25 / (1.25 + 1.5 + 0.25))
    # ranks 1 2 3 4 against 1.5 1.5 3 4
    assert found["spearman"] == pytest.approx(1.125 / math.sqrt(1.25 * 1.125))


def test_scale_and_offset_cost_concordance_but_not_correlation() -> None:
    found = agreement(TRUTH, 0.5 * TRUTH + 1)
    assert found["pearson"] == pytest.approx(1)
    assert found["spearman"] == pytest.approx(1)
    assert found["ccc"] < 0.5


def test_constant_prediction_has_no_correlation_and_no_concordance() -> None:
    found = agreement(TRUTH, np.zeros(5))
    assert math.isnan(found["pearson"])
    assert math.isnan(found["spearman"])
    assert found["ccc"] == 0
    assert found["r2"] == pytest.approx(0)
    assert found["mae"] == pytest.approx(0.6)


def test_one_nan_makes_every_metric_nan() -> None:
    assert all(math.isnan(value) for value in agreement(TRUTH, TRUTH * math.nan).values())


def test_levels_differ_where_segments_differ() -> None:
    generator = np.random.default_rng(0)
    rating = generator.uniform(-1, 1, (20, 2))
    segments = rating[:, None] + generator.normal(0, 0.3, (20, 6, 2))
    scores = by_level(segments, rating, segments)
    assert scores["segment_valence_r2"] == 1
    assert scores["segment5_arousal_ccc"] == pytest.approx(1)
    means = agreement(rating[:, 0], segments[..., 0].mean(axis=1))
    assert scores["clip_valence_rmse"] == means["rmse"]
    assert {"segment0_valence_mae", "segment0_valence_r2", "segment0_valence_ccc"} <= scores.keys()


def test_dimensions_are_never_mixed_up() -> None:
    rating = np.stack([TRUTH, -TRUTH], axis=1)
    prediction = np.stack([np.stack([TRUTH, TRUTH], axis=1)] * 6, axis=1)
    scores = by_level(prediction, rating, rating[:, None].repeat(6, axis=1))
    assert scores["clip_valence_pearson"] == pytest.approx(1)
    assert scores["clip_arousal_pearson"] == pytest.approx(-1)


def test_over_time_measures_what_the_past_changes() -> None:
    rating = np.stack([TRUTH, TRUTH], axis=1)
    isolated = np.zeros((5, 6, 2))
    heard = isolated + 0.1 * np.arange(6)[:, None] * rating[:, None]
    scores = over_time(heard, isolated, rating)
    assert scores["feedback_effect_0"] == 0
    assert scores["feedback_effect_5"] == pytest.approx(0.5 * 0.6)
    assert scores["context_gain"] > 0
    assert scores["within_clip_std_valence_mean"] > 0
    assert over_time(isolated, isolated, rating)["context_gain"] == 0
