"""Splits by tune."""

import pytest

from datasets.contract import DataFormatError
from datasets.melody import prepare
from datasets.melody_splits import in_order, split_tunes, variants
from datasets.melody_tunes import Tune


def different(count: int) -> list[Tune]:
    return [Tune((40, 40 + number % 40, 41 + number // 40, 44)) for number in range(count)]


def test_split_is_that_of_the_specification() -> None:
    parts, moved = split_tunes(prepare().tunes, "honest")
    assert {name: len(places) for name, places in parts.items()} == {
        "train": 800,
        "validation": 100,
        "test": 100,
    }
    assert list(parts["train"][:4]) == [776, 507, 895, 922]
    assert list(parts["test"][:4]) == [686, 214, 363, 379]
    assert moved == 0


def test_no_tune_is_in_two_parts() -> None:
    parts, _ = split_tunes(different(200), "honest")
    places = [place for part in parts.values() for place in part]
    assert sorted(places) == list(range(200))


def test_a_transposed_copy_of_a_training_tune_is_moved_into_training() -> None:
    tunes = different(100)
    plain, _ = split_tunes(tunes, "source")
    known, copy = plain["train"][0], plain["test"][0]
    tunes[copy] = Tune(tuple(token + 3 for token in tunes[known].tokens))
    parts, moved = split_tunes(tunes, "honest")
    assert moved == 1
    assert copy in parts["train"]
    assert copy not in parts["test"]
    assert split_tunes(tunes, "source") == (plain, 0)


def test_tunes_that_differ_late_are_taken_for_the_same() -> None:
    head = tuple(range(30, 55))
    tunes = [Tune((*head, last)) for last in range(20)] + different(80)
    parts, moved = split_tunes(tunes, "honest")
    assert moved > 0
    assert set(range(20)) <= set(parts["train"])


def test_tunes_that_all_begin_alike_are_refused() -> None:
    with pytest.raises(DataFormatError, match="the validation part begin as training tunes do"):
        split_tunes([Tune(tuple(range(30)))] * 20, "honest")


def test_walks_are_dealt_in_order() -> None:
    parts = in_order(1000)
    assert (parts["train"], parts["validation"]) == (list(range(800)), list(range(800, 1000)))
    assert not parts["test"]


def test_unknown_split_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="split must be one of honest, source, got windows"):
        split_tunes(different(10), "windows")


def test_tunes_that_begin_alike_in_any_key_bear_one_number() -> None:
    first, other = Tune((40, 42, 44)), Tune((40, 41, 44))
    numbers = variants([first, other, first, Tune((45, 47, 49))]).tolist()
    assert numbers[0] == numbers[2] == numbers[3] != numbers[1]
