"""Scalers: what they do to the rows they were fitted on."""

import numpy as np
import pytest

from datasets.scaling import fit

ROWS = np.random.default_rng(0).gamma(2, 3, (101, 4)).astype(np.float32)


def test_standard_gives_mean_0_and_deviation_1() -> None:
    shift, scale = fit(ROWS, "standard")
    scaled = (ROWS - shift) / scale
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-5)


def test_minmax_gives_0_to_1() -> None:
    shift, scale = fit(ROWS, "minmax")
    scaled = (ROWS - shift) / scale
    np.testing.assert_allclose(scaled.min(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.max(axis=0), 1, atol=1e-6)


def test_robust_gives_median_0_and_interquartile_range_1() -> None:
    shift, scale = fit(ROWS, "robust")
    lower, median, upper = np.percentile((ROWS - shift) / scale, [25, 50, 75], axis=0)
    np.testing.assert_allclose(median, 0, atol=1e-5)
    np.testing.assert_allclose(upper - lower, 1, atol=1e-5)


def test_none_changes_nothing() -> None:
    shift, scale = fit(ROWS, "none")
    assert (shift == 0).all()
    assert (scale == 1).all()


@pytest.mark.parametrize("kind", ["none", "standard", "minmax", "robust"])
def test_a_constant_column_stays_finite(kind: str) -> None:
    shift, scale = fit(np.full((10, 2), 1.5, dtype=np.float32), kind)
    assert shift.dtype == scale.dtype == np.float32
    assert (scale == 1).all()


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="one of none, standard, minmax, robust, got 'max'"):
        fit(ROWS, "max")
