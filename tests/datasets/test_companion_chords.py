"""Chord names and the context of a prediction."""

import numpy as np
import pytest

from datasets.companion_chords import chord_class, context

ROOTS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
SPELLINGS = {
    "": ("", "maj", "M"),
    "m": ("m", "min", "-"),
    "7": ("7", "9", "13"),
    "maj7": ("maj7", "M7"),
    "m7": ("m7", "min7", "-7"),
}


def test_every_root_and_quality_has_its_class() -> None:
    """An earlier table was cut at 64, and so knew the roots up to F sharp only."""
    found = [
        {chord_class(root + suffix) for suffix in suffixes}
        for root in ROOTS
        for suffixes in SPELLINGS.values()
    ]
    assert found == [{number} for number in range(60)]


@pytest.mark.parametrize(
    ("flat", "sharp"), [("Db", "C#"), ("Bbm7", "A#m7"), ("Cb", "B"), ("Fb", "E"), ("B#", "C")]
)
def test_enharmonic_names_share_a_class(flat: str, sharp: str) -> None:
    assert chord_class(flat) == chord_class(sharp)


@pytest.mark.parametrize(
    ("names", "number"),
    [
        (("N", "NC"), 60),
        (("Cdim", "F#dim7", "Bm7b5"), 61),
        (("Caug", "Eb+"), 62),
        (("Gsus4", "Asus2"), 63),
    ],
)
def test_chords_without_a_root_of_their_own_have_the_last_classes(
    names: tuple[str, ...], number: int
) -> None:
    assert {chord_class(name) for name in names} == {number}


def test_case_tells_minor_from_major() -> None:
    """An earlier version wrote everything in capitals, which made ``Cm`` unknown."""
    assert chord_class("Cm7") == chord_class("C") + 4
    assert chord_class("CM7") == chord_class("C") + 3


def test_bass_is_dropped() -> None:
    assert chord_class("Am7/G") == chord_class("Am7")


@pytest.mark.parametrize("name", ["Hm7", "c", "Cmin9", "", "C##", "CMaj7", "Am7\n"])
def test_unknown_chord_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="must be <root><suffix>, known suffixes: m, 7, maj7"):
        chord_class(name)


def test_context_marks_the_last_chord_and_half_the_one_before() -> None:
    found = context(np.array([3, 5]), np.array([7, 5]))
    assert found.shape == (2, 64)
    assert (found[0, 3], found[0, 7], found[1, 5]) == (1.0, 0.5, 1.5)
    assert found.sum() == 3.0
