"""Splits of the emotion clips."""

from pathlib import Path

import numpy as np
import pytest

from datasets.contract import DataFormatError
from datasets.emotion_splits import split_clips


def names(count: int) -> list[str]:
    return [f"{clip:04d}.wav" for clip in range(count)]


def test_clip_split_of_400_is_the_published_one() -> None:
    rows = split_clips(names(400), "clip", seed=0)
    assert {part: len(found) for part, found in rows.items()} == {
        "train": 240,
        "validation": 80,
        "test": 80,
    }
    assert rows["train"][:3].tolist() == [43, 146, 154]
    assert rows["validation"][:3].tolist() == [177, 158, 10]
    assert rows["test"][:3].tolist() == [8, 371, 133]


def test_clip_split_of_1213_has_the_published_sizes() -> None:
    rows = split_clips(names(1213), "clip", seed=0)
    assert [len(found) for found in rows.values()] == [728, 242, 243]


def test_every_clip_lies_in_one_part_and_the_seed_moves_it() -> None:
    rows = split_clips(names(50), "clip", seed=0)
    assert sorted(np.concatenate(list(rows.values()))) == list(range(50))
    other = split_clips(names(50), "clip", seed=1)
    assert set(rows["test"]) != set(other["test"])


def test_published_split_tests_what_it_validates() -> None:
    rows = split_clips(names(1213), "published", seed=0)
    assert len(rows["train"]) == 849
    assert rows["train"][:4].tolist() == [382, 787, 43, 155]
    assert len(rows["validation"]) == 364
    assert np.array_equal(rows["validation"], rows["test"])


def test_group_split_never_divides_a_group(tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    table.write_text("".join(f"{clip:04d}.wav,{clip % 10}\n" for clip in range(60)))
    rows = split_clips(names(60), "group", seed=0, groups=table)
    groups = [set(found % 10) for found in rows.values()]
    assert [len(found) for found in groups] == [6, 2, 2]
    assert set.union(*groups) == set(range(10))
    assert sorted(np.concatenate(list(rows.values()))) == list(range(60))


def test_broken_tables_of_groups_are_rejected_by_name(tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    with pytest.raises(FileNotFoundError, match=r"groups\.csv"):
        split_clips(names(2), "group", seed=0, groups=table)
    table.write_text("0000,a\n")
    with pytest.raises(DataFormatError, match=r"each clip must have a group, got 0001\.wav"):
        split_clips(names(2), "group", seed=0, groups=table)
    table.write_text("0000,a\n0000.wav,b\n")
    with pytest.raises(DataFormatError, match="each name must come once, got 0000 "):
        split_clips(names(2), "group", seed=0, groups=table)
    table.write_text("0000\n")
    with pytest.raises(DataFormatError, match=r"name,group, got \['0000'\]"):
        split_clips(names(2), "group", seed=0, groups=table)


def test_unknown_kind_and_missing_table_are_named() -> None:
    with pytest.raises(ValueError, match="clip, group, published, got 'segment'"):
        split_clips(names(10), "segment", seed=0)
    with pytest.raises(ValueError, match="must have a table 'groups'"):
        split_clips(names(10), "group", seed=0)
