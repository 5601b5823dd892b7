import math

import pytest

from tune.statistics import compare, summarise


def test_mean_and_spread_of_a_sample() -> None:
    assert summarise([1.0, 2.0, 3.0]) == {"mean": 2.0, "std": 1.0}
    assert math.isnan(summarise([1.0])["std"])


def test_steady_difference_is_found_although_seeds_vary_more() -> None:
    theirs = [1.0, 5.0, 3.0, 8.0, 2.0]
    ours = [value - 0.5 - 0.01 * n for n, value in enumerate(theirs)]
    compared = compare(ours, theirs, seed=0)
    assert compared["difference"] == pytest.approx(-0.52)
    assert compared["p_value"] < 1e-4
    low, high = compared["interval"]
    assert low < -0.52 < high < 0


def test_difference_of_pure_noise_is_not_claimed() -> None:
    compared = compare([1.0, 2.0, 3.0, 4.0], [1.1, 1.9, 3.1, 3.9], seed=0)
    assert compared["p_value"] > 0.9
    low, high = compared["interval"]
    assert low < 0 < high


def test_same_seed_gives_the_same_interval() -> None:
    pair = ([1.0, 2.0, 4.0], [0.5, 2.5, 3.0])
    assert compare(*pair, seed=3) == compare(*pair, seed=3)


@pytest.mark.parametrize("values", [[1.0], [1.0, 1.0]])
def test_nothing_is_claimed_without_spread(values: list[float]) -> None:
    compared = compare(values, [2.0] * len(values), seed=0)
    assert compared["difference"] == -1.0
    assert math.isnan(compared["p_value"])
