"""Chord names as classes, and the context in which the next chord is predicted.

Classes 0..59 are roots C to B times the qualities major, m, 7, maj7, m7; 60..63 are no chord,
diminished, augmented and suspended ones, whatever the root. n samples.
"""

import re

import numpy as np
from numpy.typing import NDArray

from datasets.companion_latent import Array

NUM_CLASSES = 64
NUM_TONAL = 60  # the classes with a root
QUALITIES = ("", "m", "7", "maj7", "m7")

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1}
_ALIASES = {
    "maj": "",
    "M": "",
    "min": "m",
    "-": "m",
    "M7": "maj7",
    "min7": "m7",
    "-7": "m7",
    "9": "7",
    "13": "7",
}
_NO_CHORD = ("N", "NC")
_ROOTLESS = {"dim": 61, "dim7": 61, "m7b5": 61, "aug": 62, "+": 62, "sus4": 63, "sus2": 63}

SUFFIXES = (*QUALITIES[1:], *_ALIASES, *_ROOTLESS)


def chord_class(name: str) -> int:
    """Return the class of a chord; a bass after ``/`` is dropped, and case matters.

    Args:
        name: Root letter with ``#`` or ``b``, then one of ``SUFFIXES`` or nothing; ``N`` or
            ``NC`` for no chord.

    Returns:
        A number below 64.

    Raises:
        ValueError: If the name is none of these.
    """
    chord = name.partition("/")[0]
    if chord in _NO_CHORD:
        return NUM_TONAL
    match = re.fullmatch("([A-G])([#b]?)(.*)", chord)
    suffix = _ALIASES.get(match[3], match[3]) if match else None
    if match is None or (suffix not in QUALITIES and suffix not in _ROOTLESS):
        raise ValueError(
            f"chord '{name}' must be <root><suffix>, known suffixes: {', '.join(SUFFIXES)}"
        )
    if suffix in _ROOTLESS:
        return _ROOTLESS[suffix]
    root = (_LETTERS[match[1]] + _ACCIDENTALS[match[2]]) % 12
    return len(QUALITIES) * root + QUALITIES.index(suffix)


def context(previous: NDArray[np.int64], before: NDArray[np.int64]) -> Array:
    """Encode the two chords before the one to predict: 1 for the last, .5 for the one before.

    Args:
        previous: Class of the last chord. Shape ``[n]``.
        before: Class of the chord before it. Shape ``[n]``.

    Returns:
        Values of 0, .5, 1 and, where both are equal, 1.5. Shape ``[n, 64]``.
    """
    classes = np.eye(NUM_CLASSES)
    encoded: Array = classes[previous] + 0.5 * classes[before]
    return encoded
