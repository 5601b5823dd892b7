"""Splits: their check values, and that no group lies on two sides."""

import numpy as np
import pytest

from datasets.contract import DataFormatError
from datasets.splits import by_group, by_row, into_folds

GEOMETRY = np.repeat(np.arange(200), 30)
MATERIAL = np.tile(np.arange(30), 200)


def test_geometry_split_equals_the_check_values() -> None:
    train, validation, test = by_group(GEOMETRY)
    assert (len(train), len(validation), len(test)) == (3600, 1200, 1200)
    assert np.unique(GEOMETRY[test])[:6].tolist() == [0, 1, 10, 14, 23, 40]
    assert np.unique(GEOMETRY[validation])[:6].tolist() == [5, 7, 12, 21, 22, 31]


def test_material_split_equals_the_check_values() -> None:
    train, validation, test = by_group(MATERIAL)
    assert len(np.unique(MATERIAL[train])) == 18
    assert np.unique(MATERIAL[test]).tolist() == [0, 1, 7, 10, 14, 23]
    assert np.unique(MATERIAL[validation]).tolist() == [5, 11, 12, 21, 22, 24]


def test_row_split_equals_the_published_one() -> None:
    train, validation, test = by_row(6000)
    assert (len(train), len(validation), len(test)) == (3600, 1200, 1200)
    assert test[:5].tolist() == [1782, 3917, 221, 2135, 5224]
    assert validation[:5].tolist() == [841, 2109, 3466, 3188, 829]
    assert train[:5].tolist() == [5253, 547, 2801, 818, 4755]


@pytest.mark.parametrize("num_groups", range(3, 40))
def test_every_part_gets_whole_groups_of_its_own(num_groups: int) -> None:
    groups = np.repeat(np.arange(num_groups), 2)
    parts = by_group(groups, seed=5)
    sides = [set(groups[rows].tolist()) for rows in parts]
    assert all(sides)
    assert sum(len(side) for side in sides) == num_groups == len(set.union(*sides))
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(groups)))


@pytest.mark.parametrize("num_rows", [3, 4, 7, 48, 101])
def test_every_row_lies_in_one_part(num_rows: int) -> None:
    parts = by_row(num_rows)
    assert all(len(part) for part in parts)
    assert sorted(np.concatenate(parts).tolist()) == list(range(num_rows))


def test_another_seed_deals_otherwise() -> None:
    assert by_group(GEOMETRY, seed=1)[2].tolist() != by_group(GEOMETRY)[2].tolist()
    assert by_row(100, seed=1)[2].tolist() != by_row(100)[2].tolist()


def test_two_groups_or_rows_are_too_few() -> None:
    with pytest.raises(DataFormatError, match="at least 3 geometries, .* got 2"):
        by_group(np.array([0, 1, 1]), kind="geometries")
    with pytest.raises(DataFormatError, match="at least 3 rows, .* got 2"):
        by_row(2)


@pytest.mark.parametrize("count", [2, 5, 7])
def test_folds_are_disjoint_cover_all_rows_and_never_divide_a_group(count: int) -> None:
    folds = into_folds(GEOMETRY, count)
    assert sorted(np.concatenate(folds).tolist()) == list(range(len(GEOMETRY)))
    sides = [set(GEOMETRY[fold].tolist()) for fold in folds]
    assert sum(map(len, sides)) == 200
    assert max(map(len, sides)) - min(map(len, sides)) <= 1


def test_folds_are_the_same_every_time_and_others_with_another_seed() -> None:
    first, again = into_folds(GEOMETRY, 5), into_folds(GEOMETRY, 5)
    assert all(np.array_equal(fold, same) for fold, same in zip(first, again, strict=True))
    assert not np.array_equal(first[0], into_folds(GEOMETRY, 5, seed=1)[0])


def test_rows_below_zero_lie_in_no_fold() -> None:
    folds = into_folds(np.array([0, -1, 1, 1, -1, 2]), 3)
    assert sorted(np.concatenate(folds).tolist()) == [0, 2, 3, 5]


def test_more_folds_than_groups_are_refused() -> None:
    with pytest.raises(DataFormatError, match="4 folds need at least 4 groups .*, got 3"):
        into_folds(np.array([0, 1, 1, 2]), 4)
