"""The table of rooms: numbering, thinning, and its rules."""

import numpy as np
import pytest

from datasets.contract import DataFormatError
from datasets.edc_rooms import generate
from datasets.edc_table import (
    FEATURES,
    Table,
    complain,
    curve_problem,
    curve_problems,
    feature_problems,
)


@pytest.fixture(scope="module")
def table() -> Table:
    return generate("tiny")


def test_geometries_and_materials_are_numbered_by_first_appearance(table: Table) -> None:
    order = np.random.default_rng(0).permutation(len(table))
    shuffled = Table.of(
        [table.ids[row] for row in order], table.features[order], table.curves[order], 250, {}
    )
    for number, columns in (("geometry", slice(0, 9)), ("material", slice(9, 16))):
        numbers = getattr(shuffled, number)
        assert numbers[0] == 0
        assert (np.maximum.accumulate(numbers)[1:] >= numbers[1:]).all()
        for group in np.unique(numbers):
            rows = shuffled.features[numbers == group, columns]
            assert (rows == rows[0]).all()
        assert len(np.unique(shuffled.features[:, columns], axis=0)) == numbers.max() + 1


def test_head_keeps_the_first_rows_of_every_column(table: Table) -> None:
    head = table.head(5)
    assert len(head) == len(head.features) == len(head.curves) == len(head.geometry) == 5
    assert head.ids == table.ids[:5]
    assert len(table.head(None)) == len(table)
    with pytest.raises(ValueError, match="max_samples must be at least 1, got 0"):
        table.head(0)


def test_thinning_keeps_every_kth_point_without_copying(table: Table) -> None:
    thin = table.thinned(50)
    assert thin.sample_rate_hz == 50
    assert np.shares_memory(thin.curves, table.curves)
    assert (thin.curves == table.curves[:, ::5]).all()


def test_thinning_leaves_curves_of_fewer_points_as_they_are(table: Table) -> None:
    assert table.thinned(500).sample_rate_hz == 250
    assert table.thinned(500).curves.shape == table.curves.shape


@pytest.mark.parametrize("points_per_second", [0, -250, 100])
def test_a_rate_that_does_not_divide_is_refused(table: Table, points_per_second: int) -> None:
    with pytest.raises(ValueError, match=f"divide the 250 .* got {points_per_second}$"):
        table.thinned(points_per_second)


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("Length", 0.0, "above 0 m"),
        ("Height", np.inf, "above 0 m"),
        ("Source_X", 99.0, "inside the box"),
        ("Receiver_Z", -0.5, "inside the box"),
        ("f1", 1.0, "at least 0 and below 1"),
        ("f7", -0.1, "at least 0 and below 1"),
        ("f3", np.nan, "at least 0 and below 1"),
    ],
)
def test_an_impossible_feature_is_named_with_row_and_value(
    table: Table, column: str, value: float, rule: str
) -> None:
    features = table.features.copy()
    features[7, FEATURES.index(column)] = value
    problems = feature_problems(table.ids, features)
    assert f"{column} of {table.ids[7]} must be {rule}, got {value:g}" in problems


def test_source_and_receiver_in_one_place_are_refused(table: Table) -> None:
    features = table.features.copy()
    features[3, 6:9] = features[3, 3:6]
    assert feature_problems(table.ids, features) == [
        f"source and receiver of {table.ids[3]} must differ"
    ]


@pytest.mark.parametrize(
    ("sample", "value", "rule"),
    [
        (4, np.nan, "be finite"),
        (4, np.inf, "be finite"),
        (4, -1e-5, "not be negative"),
        (4, 0.9, "not rise"),
        (0, 0.0, "be above 0"),
        (0, -1.0, "be above 0"),
        (0, 1.01, "be 1"),
    ],
)
def test_what_is_not_a_decay_curve_is_named_with_its_sample(
    sample: int, value: float, rule: str
) -> None:
    curve = np.exp(-np.arange(10.0))
    curve[sample] = value
    problem = curve_problem(curve)
    assert problem == f"not a decay curve: sample {sample} must {rule}, got {value:g}"


@pytest.mark.parametrize("rows", [1, 3, 700])
def test_every_row_that_is_not_a_decay_curve_is_named_among_many(rows: int) -> None:
    curves = np.tile(np.exp(-np.arange(10.0)), (rows, 1))
    ids = [f"room {row}" for row in range(rows)]
    assert curve_problems(ids, curves) == []
    curves[rows - 1, 4:6] = np.inf
    curves[rows // 2, 3] = 0.5
    wrong = sorted({rows // 2, rows - 1})
    assert curve_problems(ids, curves) == [
        f"room {row} is {curve_problem(curves[row])}" for row in wrong
    ]


def test_a_noise_floor_exact_zeros_and_rounding_are_legal() -> None:
    decay = np.exp(-np.arange(20.0))
    assert curve_problem(np.maximum(decay, 1e-4)) is None
    assert curve_problem(np.where(decay < 1e-4, 0, decay)) is None
    assert curve_problem(decay + 5e-7 * (-1) ** np.arange(20)) is None


def test_complaint_counts_all_problems_and_prints_five_in_one_line() -> None:
    with pytest.raises(DataFormatError) as caught:
        complain("a.csv", [f"problem {number}" for number in range(7)])
    assert str(caught.value) == (
        "a.csv has 7 problems: problem 0; problem 1; problem 2; problem 3; problem 4"
    )
    complain("a.csv", [])
