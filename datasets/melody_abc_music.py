"""The music of a tune in ABC notation: letters, bars and signs to pitches and lengths.

Repeats are not expanded, grace notes and chord symbols make no notes, and of a chord the highest
note is kept. An accidental holds for its letter, in every octave, until the bar line.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from datasets.melody_keys import alterations

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SIGNS = {"^": 1, "_": -1, "=": 0}
WHOLE_NOTE = 4  # quarters
TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # p notes in the time of q; the others follow the meter
COMPOUND_METERS = ("6/8", "9/8", "12/8")

_LENGTH = r"\d{0,6}(?:/\d{0,6})*"
_NOTE = rf"[_^=]*[A-Ga-g][,']*{_LENGTH}"
_SIGNS = {
    "skipped": r'"[^"]*"|\{[^}]*\}|![^!]*!|\+[^+]*\+|\[\d[\d,.-]*',
    "field": r"\[[A-Za-z]:[^\]]*\]",
    "chord": rf"\[(?:{_NOTE}-?\s*)+\]{_LENGTH}",
    "note": _NOTE,
    "rest": rf"[zx]{_LENGTH}",
    "bar": r"[|:]+\]?(?:\d[\d,.-]*)?",
    "tuplet": r"\(\d(?::\d{0,6}){0,2}",
    "broken": r">+|<+",
    "tie": r"-",
    "ignored": r"[\s\\~()\[\]{}]",
    "unknown": r".",
}
_TOKEN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _SIGNS.items()))
_NOTE_PARTS = re.compile(rf"([_^=]*)([A-Ga-g])([,']*)({_LENGTH})")


@dataclass
class Music:
    """Reads the music of one tune, line by line; ``on_field`` takes its inline fields.

    Attributes:
        on_field: Is called with letter and text of an inline field such as ``[K:G]``.
        sharps: Of the key signature.
        unit: Length of a note without a number, in whole notes.
        meter: As ABC writes it.
        events: MIDI pitch, None for a rest, and length in quarters.
        unknown: Characters that fit no rule, counted.
    """

    on_field: Callable[[str, str], None]
    sharps: int = 0
    unit: Fraction = Fraction(1, 8)
    meter: str = ""
    events: list[tuple[int | None, Fraction]] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    _bar: dict[str, int] = field(default_factory=dict)  # accidentals since the bar line
    _tuplet: tuple[int, Fraction] = (0, Fraction(1))  # notes to come, and their factor
    _broken: Fraction = Fraction(1)  # factor of the next note
    _tied: bool = False

    def read(self, line: str) -> None:
        """Read one line of music, without comment."""
        for token in _TOKEN.finditer(line):
            kind = token.lastgroup
            if kind in _READERS:
                _READERS[kind](self, token[0])

    def _field(self, text: str) -> None:
        self.on_field(text[1], text[3:-1])

    def _note(self, text: str) -> None:
        pitch, length = self._parts(text)
        self._add(pitch, length)

    def _chord(self, text: str) -> None:
        inner, outer = text[1:].rsplit("]", 1)
        pitch, length = max(self._parts(note[0]) for note in _NOTE_PARTS.finditer(inner))
        self._add(pitch, length * _length(outer))
        self._tied = "-" in inner

    def _rest(self, text: str) -> None:
        self._add(None, _length(text[1:]))

    def _parts(self, text: str) -> tuple[int, Fraction]:
        """Read pitch and length of a note; remember its accidental."""
        match = _NOTE_PARTS.match(text)
        assert match is not None
        signs, letter, octaves, length = match.groups()
        name = letter.upper()
        if signs:
            self._bar[name] = sum(SIGNS[sign] for sign in signs)
        altered = self._bar.get(name, alterations(self.sharps)[name])
        octave = letter.islower() + octaves.count("'") - octaves.count(",")
        return 60 + SEMITONES[name] + altered + 12 * octave, _length(length)

    def _add(self, pitch: int | None, length: Fraction) -> None:
        """Add a note or rest, or lengthen the one it is tied to."""
        remaining, factor = self._tuplet
        quarters = WHOLE_NOTE * self.unit * length * self._broken
        if remaining:
            quarters *= factor
            self._tuplet = (remaining - 1, factor)
        if self._tied and self.events[-1][0] == pitch:
            quarters += self.events.pop()[1]
        self.events.append((pitch, quarters))
        self._broken, self._tied = Fraction(1), False

    def _new_bar(self, _text: str) -> None:
        self._bar.clear()

    def _new_tuplet(self, text: str) -> None:
        """Read ``(p``, ``(p:q`` or ``(p:q:r``: r notes in q/p of their time."""
        numbers = [*text[1:].split(":"), "", ""]
        notes = max(int(numbers[0]), 1)
        time = int(numbers[1] or TUPLETS.get(notes, 3 if self.meter in COMPOUND_METERS else 2))
        self._tuplet = (int(numbers[2] or notes), Fraction(time, notes))

    def _break(self, text: str) -> None:
        """Lengthen one neighbour by what the other loses: halves, or quarters for a double."""
        short = Fraction(1, 2 ** len(text))
        before, self._broken = (2 - short, short) if text[0] == ">" else (short, 2 - short)
        if self.events:
            pitch, quarters = self.events[-1]
            self.events[-1] = (pitch, quarters * before)

    def _tie(self, _text: str) -> None:
        self._tied = bool(self.events)

    def _count(self, text: str) -> None:
        self.unknown[text] += 1


_READERS: dict[str | None, Callable[[Music, str], None]] = {
    "field": Music._field,
    "chord": Music._chord,
    "note": Music._note,
    "rest": Music._rest,
    "bar": Music._new_bar,
    "tuplet": Music._new_tuplet,
    "broken": Music._break,
    "tie": Music._tie,
    "unknown": Music._count,
}


def _length(text: str) -> Fraction:
    """Read ``n``, ``n/m``, ``/`` (a half) or ``//`` (a quarter); nothing is 1."""
    number, *divisors = text.split("/")
    length = Fraction(int(number or 1))
    for divisor in divisors:
        length /= int(divisor or 2)
    return length
