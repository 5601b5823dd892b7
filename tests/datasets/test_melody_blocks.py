"""Tunes cut into blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.melody_blocks import IGNORED, blocks

TUNE = st.lists(st.integers(0, 87), min_size=2, max_size=60)


@given(st.lists(TUNE, min_size=1, max_size=6), st.integers(1, 70))
def test_each_note_is_scored_once_for_any_context(tunes: list[list[int]], context: int) -> None:
    cut = blocks(tunes, context)
    for place, tune in enumerate(tunes):
        targets = cut["target"][cut["tune"] == place].flatten()
        assert targets[targets != IGNORED].tolist() == tune[1:]


@given(TUNE, st.integers(1, 70))
def test_each_target_follows_its_input(tune: list[int], context: int) -> None:
    cut = blocks([tune], context)
    inputs = [notes for row in cut["inputs"] for notes in row.tolist()]
    targets = cut["target"].flatten().tolist()
    pairs = [(a, b) for a, b in zip(inputs, targets, strict=True) if b != IGNORED]
    assert pairs == list(zip(tune, tune[1:], strict=False))


def test_padding_is_on_the_right() -> None:
    cut = blocks([[1, 2, 3, 4, 5, 6]], context=4)
    assert cut["inputs"].tolist() == [[1, 2, 3, 4], [5, 0, 0, 0]]
    assert cut["target"].tolist() == [[2, 3, 4, 5], [6, IGNORED, IGNORED, IGNORED]]


def test_stride_of_one_has_a_whole_block_for_every_note_with_a_past() -> None:
    cut = blocks([[1, 2, 3, 4, 5], [1, 2]], context=3, stride=1)
    assert cut["inputs"].tolist() == [[1, 2, 3], [2, 3, 4], [1, 0, 0]]
    assert cut["target"][:, -1].tolist() == [4, 5, IGNORED]
    assert cut["tune"].tolist() == [0, 0, 1]


@pytest.mark.parametrize(("context", "stride"), [(0, None), (4, 0), (4, 5)])
def test_context_and_stride_have_limits(context: int, stride: int | None) -> None:
    with pytest.raises(ValueError, match="1 <= stride <= context, got"):
        blocks([[1, 2]], context, stride)
