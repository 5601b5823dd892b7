"""Keys, signatures, and the way back to C."""

import pytest

from datasets.melody_keys import alterations, fifths, shift_to_c


@pytest.mark.parametrize(
    ("text", "sharps"),
    [
        ("C", 0),
        ("G", 1),
        ("F", -1),
        ("Bb", -2),
        ("A", 3),
        ("Am", 0),
        ("F#m", 3),
        ("E minor", 1),
        ("D mix", 1),
        ("Dmixolydian", 1),
        ("A dorian", 1),
        ("E phr", 0),
        ("B loc", 0),
        ("F lydian", 0),
        ("G major", 1),
        ("C ionian", 0),
        ("A aeolian", 0),
        (" Ebm ", -6),
    ],
)
def test_a_key_is_its_number_of_sharps(text: str, sharps: int) -> None:
    assert fifths(text) == sharps


@pytest.mark.parametrize("text", ["", "H", "none", "c", "D foo", "treble"])
def test_a_key_that_cannot_be_read_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=rf"a tonic A..G and a mode, got '{text}'"):
        fifths(text)


def test_signatures_raise_and_lower_the_right_letters() -> None:
    assert alterations(0) == dict.fromkeys("FCGDAEB", 0)
    assert {letter for letter, by in alterations(2).items() if by == 1} == {"F", "C"}
    assert {letter for letter, by in alterations(-3).items() if by == -1} == {"B", "E", "A"}
    assert alterations(7) == dict.fromkeys("FCGDAEB", 1)
    assert alterations(8)["F"] == 2


def test_every_key_moves_to_c_by_less_than_an_octave() -> None:
    shifts = {shift_to_c(sharps) for sharps in range(-6, 6)}
    assert shifts == set(range(-5, 7))
    assert shift_to_c(fifths("D")) == -2
    assert shift_to_c(fifths("A")) == 3
    assert shift_to_c(fifths("Em")) == 5
