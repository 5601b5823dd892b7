"""Measures of tunes, by hand and against the stated table."""

import random
from pathlib import Path

import numpy as np
import pytest

from datasets.melody import prepare
from models.melody_music import (
    coherence,
    coherence_source,
    distinct,
    diversity,
    interval_distance,
    measure,
    musicality,
    pitch_class_entropy,
    scale_consistency,
)

NOTTINGHAM = Path(__file__).parents[2].parent / "shared/data/nottingham"
Tunes = list[tuple[int, ...]]


def beginnings(**arguments: object) -> Tunes:
    return [tune.tokens[:32] for tune in prepare(**arguments).tunes]  # type: ignore[arg-type]


def check(tunes: Tunes, stated: str) -> None:
    measures = (coherence_source, coherence, musicality, scale_consistency, pitch_class_entropy)
    found = [each(tunes) for each in measures] + [distinct(tunes, 2), distinct(tunes, 4)]
    found.append(diversity([tune[:16] for tune in tunes[:100]]))
    np.testing.assert_allclose(found, [float(word) for word in stated.split()], atol=0.012)


def test_table_of_the_embedded_tunes() -> None:
    check(beginnings(), ".642 .702 .514 1.000 2.547 .016 .332 .777")


def test_a_random_walk_wins_at_coherence_and_musicality() -> None:
    check(beginnings(source="random_walk"), ".889 .901 .673 .730 2.792 .014 .298 .750")


def test_noise_wins_at_diversity() -> None:
    rng = random.Random(0)
    noise = [tuple(rng.randint(34, 67) for _ in range(32)) for _ in range(1000)]
    check(noise, ".170 .295 .344 .713 3.296 .037 .989 .795")


@pytest.mark.skipif(not NOTTINGHAM.is_dir(), reason="needs the reference tunes")
def test_table_of_the_reference_tunes() -> None:
    check(beginnings(root=NOTTINGHAM), ".634 .697 .624 .988 2.516 .012 .213 .758")


def test_zigzag_has_full_direction_variety() -> None:
    zigzag = [[40, 42] * 8]
    assert coherence(zigzag) == pytest.approx(0.5 + 0.3 + 0.2)
    assert coherence_source(zigzag) == pytest.approx(0.5 + 0.3)  # no interval is zero
    assert coherence([[40, 41, 42, 43]]) == pytest.approx(0.5 + 0.3)


def test_turns_ignore_repeated_notes() -> None:
    assert coherence([[40, 42, 42, 40]]) == pytest.approx(0.5 + 0.3 + 0.2)
    assert coherence([[40, 40, 40, 40]]) == pytest.approx(0.5 + 0.3)
    assert coherence([[40, 50, 60, 70]]) == pytest.approx(0.0)


def test_tunes_of_three_notes_have_no_coherence() -> None:
    assert coherence([[40, 60, 40], [40, 41, 42, 43]]) == pytest.approx(0.8)


def test_musicality_counts_five_rules() -> None:
    assert musicality([[40, 40, 42, 47]]) == pytest.approx(0.6)  # length, means and range
    assert musicality([[40] * 5]) == pytest.approx(0.2)  # only the way back


def test_diversity_averages_three_shares() -> None:
    tunes = [[40, 41], [40, 41], [42, 40]]
    assert diversity(tunes) == pytest.approx((2 / 3 + 3 / 88 + 2 / 20) / 3)


def test_scales_and_entropy() -> None:
    c_major = [60 - 21 + step for step in (0, 2, 4, 5, 7, 9, 11)]
    assert scale_consistency([c_major]) == 1.0
    assert scale_consistency([[*c_major, 60 - 21 + 1]]) == pytest.approx(7 / 8)
    assert scale_consistency([[39 + step for step in (0, 2, 3, 5, 7, 8, 10)]]) == 1.0
    assert pitch_class_entropy([[40, 52, 41, 53]]) == pytest.approx(1.0)
    assert pitch_class_entropy([[40] * 4]) == 0.0


def test_distinct_counts_sequences_of_all_tunes() -> None:
    assert distinct([[1, 2, 1, 2], [1, 2]], 2) == pytest.approx(2 / 4)


def test_interval_distance_is_zero_for_equal_and_one_for_disjoint_intervals() -> None:
    rising, falling = [[40, 41, 42, 43]], [[43, 42, 41, 40]]
    assert interval_distance(rising, rising) == 0.0
    assert interval_distance(rising, falling) == pytest.approx(1.0)
    assert interval_distance(rising, [[40, 41, 40]]) == interval_distance([[40, 41, 40]], rising)


def test_real_tunes_measure_themselves_at_no_distance() -> None:
    tunes = beginnings(num_tunes=20)
    measures = measure(tunes, tunes)
    assert measures["interval_distance"] == 0.0
    assert len(measures) == 9
