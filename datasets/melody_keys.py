"""Keys of tunes, as places in the circle of fifths: C major and A minor 0, G 1, F -1."""

import re

CIRCLE = "FCGDAEB"  # also the order in which letters are raised
ACCIDENTALS = {"": 0, "#": 7, "b": -7}
MODES = {"": 0, "maj": 0, "ion": 0, "m": -3, "min": -3, "aeo": -3}
MODES |= {"mix": -1, "dor": -2, "phr": -4, "loc": -5, "lyd": 1}

_KEY = re.compile(r"([A-G])([#b]?)\s*([A-Za-z]*)")


def fifths(text: str) -> int:
    """Read a key such as ``D``, ``Bb``, ``F#m`` or ``A dorian``.

    Args:
        text: The key as ABC writes it.

    Returns:
        Its number of sharps; flats count negative.

    Raises:
        ValueError: If it cannot be read.
    """
    match = _KEY.match(text.strip())
    if match is None or match[3][:3].lower() not in MODES:
        raise ValueError(f"a key must be a tonic A..G and a mode, got '{text.strip()}'")
    place = CIRCLE.index(match[1]) - CIRCLE.index("C")
    return place + ACCIDENTALS[match[2]] + MODES[match[3][:3].lower()]


def alterations(sharps: int) -> dict[str, int]:
    """Tell by how many semitones a key signature raises each letter.

    Args:
        sharps: Of the signature; flats count negative.

    Returns:
        Semitones by letter.
    """
    return {letter: (sharps - place + 6) // 7 for place, letter in enumerate(CIRCLE)}


def shift_to_c(sharps: int) -> int:
    """Return the semitones, -5..6, that move a key to C major or A minor."""
    return (-7 * sharps + 5) % 12 - 5
