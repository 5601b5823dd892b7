"""The embedded rooms: their check values, and what every draw has in common."""

from pathlib import Path

import numpy as np
import pytest

from datasets.edc_images import Floats, Room, decay_curves
from datasets.edc_rooms import absorption, generate, room
from datasets.edc_table import Table, curve_problem, feature_problems

PUBLISHED = Path(__file__).parents[2].parent / "shared/data/edc/roomFeaturesDataset.csv"


@pytest.fixture(scope="module")
def default_table() -> Table:
    return generate("default")


@pytest.fixture(scope="module")
def tiny_table() -> Table:
    return generate("tiny")


@pytest.mark.parametrize(
    ("number", "layout", "expected"),
    [
        (0, "free", [3.38, 4.32, 2.62, 2.29, 1.82, 1.01, 1.28, 1.66, 1.60]),
        (1, "free", [3.91, 5.12, 3.85, 2.11, 2.33, 1.49, 2.35, 3.28, 1.14]),
        (0, "grid", [3.5, 4.5, 2.5, 2.4, 1.8, 1.5, 1.2, 1.6, 1.5]),
    ],
)
def test_geometries_equal_the_check_values(
    number: int, layout: str, expected: list[float]
) -> None:
    drawn = room(number, layout)
    np.testing.assert_allclose(np.concatenate((drawn.box, drawn.source, drawn.receiver)), expected)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, [0.12, 0.07, 0.05, 0.04, 0.04, 0.04, 0.02]),
        (15, [0.12, 0.10, 0.13, 0.18, 0.25, 0.27, 0.20]),
        (29, [0.08, 0.15, 0.25, 0.41, 0.58, 0.61, 0.54]),
    ],
)
def test_material_sets_equal_the_check_values(number: int, expected: list[float]) -> None:
    np.testing.assert_allclose(absorption(number, 30), expected)


@pytest.mark.parametrize("layout", ["free", "grid"])
def test_source_and_receiver_stand_in_the_box_and_1_to_4_m_apart(layout: str) -> None:
    rooms = [room(number, layout, seed=3) for number in range(100)]
    for drawn in rooms:
        assert 1 <= drawn.distance_m <= 4
        for place in (drawn.source, drawn.receiver):
            assert (place > 0).all()
            assert (place < drawn.box).all()


def test_grid_puts_source_and_receiver_at_one_height() -> None:
    heights_m = {room(number, "grid").source[2] for number in range(20)}
    assert heights_m == {1.5}


def test_another_seed_draws_another_room_and_the_same_seed_the_same() -> None:
    assert (room(0, seed=1).box != room(0, seed=0).box).any()
    assert (room(7, seed=1).box == room(7, seed=1).box).all()


def test_random_state_of_numpy_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()
    generate("tiny")
    assert (np.random.get_state()[1] == before).all()


def test_every_room_meets_every_set_of_materials(tiny_table: Table) -> None:
    assert len(tiny_table) == 48
    assert tiny_table.geometry.tolist() == [row // 6 for row in range(48)]
    assert tiny_table.material.tolist() == [row % 6 for row in range(48)]
    assert len(set(tiny_table.ids)) == 48


def test_generated_rows_obey_the_rules_of_the_table(tiny_table: Table) -> None:
    assert feature_problems(tiny_table.ids, tiny_table.features) == []
    assert {curve_problem(curve) for curve in tiny_table.curves} == {None}


@pytest.mark.parametrize("option", [{"size": "huge"}, {"layout": "round"}])
def test_an_unknown_option_lists_the_known_ones(option: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        generate(**({"size": "tiny"} | option))


@pytest.mark.slow
def test_default_set_equals_the_check_values(default_table: Table) -> None:
    curves = default_table.curves
    assert curves.shape == (6000, 2000)
    assert curves.dtype == np.float32
    assert (curves[:, 0] == 1).all()
    assert (np.diff(curves, axis=1) <= 0).all()
    assert curves.sum(dtype=np.float64) == pytest.approx(295_194, abs=1)
    assert curves.mean(dtype=np.float64) == pytest.approx(0.02460, abs=5e-6)
    assert curves.std(dtype=np.float64) == pytest.approx(0.10935, abs=5e-6)
    level_db = 10 * np.log10(curves[[0, -1]][:, [10, 50, 100, 500]])
    expected_db = [[-0.391, -2.022, -4.054, -19.175], [-5.607, -14.090, -17.701, -35.569]]
    np.testing.assert_allclose(level_db, expected_db, atol=0.002)


@pytest.mark.slow
def test_default_set_has_200_geometries_and_30_sets_of_materials(default_table: Table) -> None:
    assert len(np.unique(default_table.geometry)) == 200
    assert len(np.unique(default_table.material)) == 30


def levels_db(geometries: Floats, materials: Floats) -> Floats:
    """Levels 50, 100, 300 and 1000 ms after the emission, of every room with every material."""
    rooms = [Room(*np.split(geometry, 3)) for geometry in geometries]
    curves = np.vstack([decay_curves(drawn, materials, 20, 21) for drawn in rooms])
    return 10 * np.log10(curves[:, [1, 2, 6, 20]])


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published feature table is not here")
def test_published_feature_table_spans_the_levels_of_the_reference() -> None:
    features = np.loadtxt(PUBLISHED, delimiter=",", skiprows=1, usecols=range(1, 17))
    level_db = levels_db(features[::30, :9], features[:30, 9:])
    np.testing.assert_allclose(level_db.max(axis=0), [-1.41, -3.01, -8.50, -22.90], atol=0.005)
    np.testing.assert_allclose(level_db.min(axis=0), [-25.08, -38.04, -84.51, -223.0], atol=0.05)


def test_grid_rooms_span_similar_levels_as_the_published_table() -> None:
    rooms = [room(number, "grid") for number in range(20)]
    geometries = np.array([np.concatenate((r.box, r.source, r.receiver)) for r in rooms])
    live = [0.09, 0.05, 0.04, 0.04, 0.03, 0.02, 0.02]
    dead = [0.19, 0.34, 0.55, 0.62, 0.62, 0.64, 0.64]
    level_db = levels_db(geometries, np.array([live, dead]))
    assert (level_db.max(axis=0) > [-4, -7, -18, -45]).all()
    assert (level_db.min(axis=0) < [-15, -20, -40, -80]).all()
    assert (np.diff(level_db, axis=1) < 0).all()
