"""Closed-form features and the Eyring line."""

import numpy as np
import pytest

from datasets.edc_features import eyring_curve, eyring_times_s, with_physics
from datasets.edc_rooms import generate
from datasets.edc_table import Table
from datasets.splits import by_group


@pytest.fixture(scope="module")
def table() -> Table:
    return generate("tiny")


def test_physics_appends_32_finite_columns(table: Table) -> None:
    columns = with_physics(table.features)
    assert columns.shape == (48, 48)
    assert columns.dtype == np.float32
    assert np.isfinite(columns).all()
    assert (columns[:, :16] == table.features).all()


def test_physics_columns_are_those_of_the_formulas(table: Table) -> None:
    row = table.features[:1].astype(np.float64)
    length, width, height = row[0, :3]
    surface_m2 = 2 * (length * width + width * height + height * length)
    distance_m = np.sqrt(((row[0, 3:6] - row[0, 6:9]) ** 2).sum())
    volume_m3 = length * width * height
    expected = [
        np.log(volume_m3),
        np.log(surface_m2),
        volume_m3 / surface_m2,
        distance_m,
        np.log(distance_m),
    ]
    columns = with_physics(table.features[:1])[0]
    np.testing.assert_allclose(columns[16:21], expected, rtol=1e-5)
    np.testing.assert_allclose(columns[21:28], np.log(eyring_times_s(row)[0]), rtol=1e-5)


def test_eyring_time_of_a_known_box() -> None:
    box = [4, 5, 3, 1, 1, 1.5, 2.6, 3.2, 1.5]
    features = np.array([box + [0.2] * 7], dtype=np.float32)
    expected_s = 0.161 * 60 / (94 * -np.log(0.8) + 4 * 1e-4 * 60)
    assert eyring_times_s(features)[0, 0] == pytest.approx(expected_s, rel=1e-6)


def test_eyring_decay_by_60_db_takes_the_eyring_time() -> None:
    box = [4, 5, 3, 1, 1, 1.5, 2.6, 3.2, 1.5]
    features = np.array([box + [0.02] * 7], dtype=np.float32)
    times_s = np.linspace(0, 20, 2001)
    level_db = 10 * np.log10(eyring_curve(features, times_s)[0])
    slowest_s = eyring_times_s(features).max()
    slope_db_per_s = (level_db[2000] - level_db[1500]) / (times_s[2000] - times_s[1500])
    assert -60 / slope_db_per_s == pytest.approx(slowest_s, rel=0.02)


def test_eyring_curve_is_1_until_the_direct_sound_and_never_rises(table: Table) -> None:
    times_s = np.arange(2000) / 1000
    curves = eyring_curve(table.features, times_s)
    distance_m = np.linalg.norm(table.features[:, 3:6] - table.features[:, 6:9], axis=1)
    before = times_s < distance_m[:, None] / 343 - 1e-6
    assert curves.shape == (48, 2000)
    np.testing.assert_allclose(curves[before], 1, rtol=1e-12)
    assert (np.diff(curves, axis=1) <= 1e-15).all()


def test_a_dead_room_has_finite_physics() -> None:
    features = np.array([[3, 3, 2.5, 1, 1, 1.5, 2, 2, 1.5] + [0.999] * 7], dtype=np.float32)
    assert np.isfinite(with_physics(features)).all()


@pytest.mark.slow
def test_eyring_line_misses_the_default_test_curves_by_the_published_error() -> None:
    table = generate("default")
    test = by_group(table.geometry)[2]
    error = eyring_curve(table.features[test], np.arange(2000) / 1000) - table.curves[test]
    assert np.abs(error).mean() == pytest.approx(0.00139, abs=5e-6)
