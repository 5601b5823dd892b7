"""Parts of data with groups, and official splits."""

import numpy as np
import pytest

from datasets.companion_splits import by_group, official, with_parts
from datasets.companion_table import Table
from datasets.contract import DataFormatError

GROUP = np.repeat(np.arange(20), 5)


def test_groups_lie_on_one_side_only_and_every_part_has_its_share() -> None:
    split = by_group(GROUP)
    sides = [set(GROUP[rows].tolist()) for rows in (split.train, split.validation, split.test)]
    assert [len(side) for side in sides] == [16, 2, 2]
    assert set.union(*sides) == set(range(20))


def test_five_groups_still_fill_every_part() -> None:
    split = by_group(np.arange(5))
    assert [len(rows) for rows in (split.train, split.validation, split.test)] == [3, 1, 1]


def test_share_of_validation_is_free_and_leaves_the_test_part_alone() -> None:
    usual, larger = by_group(GROUP), by_group(GROUP, 0.3)
    assert len(larger.validation) == 30
    np.testing.assert_array_equal(usual.test, larger.test)


@pytest.mark.parametrize("share", [0.0, 0.95])
def test_part_without_groups_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=f"val_fraction must leave groups .* got {share}"):
        by_group(GROUP, share)


def test_official_split_is_taken_as_it_is() -> None:
    split = official(np.array([2, 0, 0, 1]), "maestro")
    assert [rows.tolist() for rows in (split.train, split.validation, split.test)] == [
        [1, 2],
        [3],
        [0],
    ]


def test_official_split_needs_every_part() -> None:
    with pytest.raises(DataFormatError, match=r"train, validation, test, got \[2, 0, 1\] in m"):
        official(np.array([0, 0, 2]), "maestro")


def test_part_of_a_sample_is_that_of_its_file() -> None:
    table = Table(np.ones((3, 2)), np.ones((3, 1)), group=np.array([1, 1, 0]))
    rows = [{"split": "test"}, {"split": "train"}]
    part = with_parts(table, rows, "info.csv").part
    assert part is not None
    assert part.tolist() == [0, 0, 2]


def test_unknown_part_is_named() -> None:
    rows = [{"split": "dev", "midi_filename": "a.mid"}]
    with pytest.raises(DataFormatError, match="train, validation, test, got 'dev' for a.mid in i"):
        with_parts(Table(np.ones((1, 2)), np.ones((1, 1))), rows, "info.csv")
