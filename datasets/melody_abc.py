"""Reader of ABC files: any number of tunes a file, as the Nottingham collection writes them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from datasets.contract import DataFormatError
from datasets.melody_abc_music import Music
from datasets.melody_keys import fifths

METERS = {"C": "4/4", "C|": "2/2"}
UNKNOWN_SHARE = 0.01  # of a file's music

_HEADER = re.compile(r"([A-Za-z]):(.*)")
_COMMENT = re.compile(r"(?<!\\)%.*")
_FRACTION = re.compile(r"(\d{1,6})/([1-9]\d{0,5})")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


@dataclass
class AbcTune:
    """One tune as it is written.

    Attributes:
        number: Its ``X:``.
        title: Its first ``T:``.
        key: Its first ``K:``.
        meter: The ``M:`` in force when the music starts.
        events: MIDI pitch, None for a rest, and length in quarters.
    """

    number: str
    title: str
    key: str
    meter: str
    events: list[tuple[int | None, Fraction]]


def read_abc(path: Path) -> list[AbcTune]:
    """Read every tune of a file.

    Args:
        path: Text in ABC notation, latin-1.

    Returns:
        The tunes in order.

    Raises:
        DataFormatError: If the file is no text or holds no tune, a field cannot be read, or more
            than a hundredth of the music fits no rule.
    """
    text = path.read_bytes().decode("latin-1")
    control = _CONTROL.search(text)
    if control:
        raise DataFormatError(
            f"{path} must be text, got byte 0x{ord(control[0]):02x} at offset {control.start()}"
        )
    readers = list(_tunes(path, text))
    if not readers:
        raise DataFormatError(f"{path} must hold a tune, which begins with X:, but has none")
    _check_unknown(path, readers)
    return [reader.tune() for reader in readers]


def _tunes(path: Path, text: str) -> Iterator["_TuneReader"]:
    """Yield a reader a tune that has read all its lines; what precedes the first is skipped."""
    reader: _TuneReader | None = None
    for number, line in enumerate(text.splitlines(), 1):
        bare = _COMMENT.sub("", line).rstrip()
        if bare.startswith("X:"):
            if reader is not None:
                yield reader
            reader = _TuneReader(path, bare[2:].strip())
        elif reader is not None:
            reader.read(number, bare)
    if reader is not None:
        yield reader


def _check_unknown(path: Path, readers: list["_TuneReader"]) -> None:
    unknown = sum((reader.music.unknown for reader in readers), Counter())
    total = sum(reader.num_characters for reader in readers)
    if unknown.total() > UNKNOWN_SHARE * total:
        counts = ", ".join(f"'{character}' x {n}" for character, n in unknown.most_common(10))
        raise DataFormatError(
            f"{path} must be music in ABC notation, got {unknown.total()} of {total} characters "
            f"that fit no rule: {counts}"
        )


class _TuneReader:
    """Takes the lines of one tune; fields act from where they stand."""

    def __init__(self, path: Path, number: str) -> None:
        self.path, self.number = path, number
        self.title = self.key = self.first_meter = ""
        self.given_unit: Fraction | None = None
        self.num_characters = self.line = 0
        self.music = Music(on_field=self._field)

    def tune(self) -> AbcTune:
        """Return what was read."""
        return AbcTune(self.number, self.title, self.key, self.first_meter, self.music.events)

    def read(self, line: int, text: str) -> None:
        """Read a field or a line of music."""
        self.line = line
        header = _HEADER.match(text)
        if header:
            self._field(header[1], header[2])
            return
        self.num_characters += len(text)
        try:
            self.music.read(text)
        except ZeroDivisionError as error:
            raise self._error("a length must not be divided by 0", text) from error

    def _field(self, letter: str, text: str) -> None:
        """Act on a field of the header, or on one within the music; most say nothing of pitch."""
        text = text.strip()
        if letter == "T":
            self.title = self.title or text
        elif letter == "K":
            self._set_key(text)
        elif letter == "L":
            self.given_unit = self._fraction(text)
        elif letter == "M":
            self.music.meter = METERS.get(text, text)
        if not self.music.events:
            self.first_meter = self.music.meter
        self.music.unit = self.given_unit or _default_unit(self.music.meter)

    def _set_key(self, text: str) -> None:
        try:
            self.music.sharps = fifths(text)
        except ValueError as error:
            raise self._error("K: must be a tonic A..G and a mode", text) from error
        self.key = self.key or text

    def _fraction(self, text: str) -> Fraction:
        match = _FRACTION.fullmatch(text)
        if match is None or int(match[1]) == 0:
            raise self._error("L: must be a fraction such as 1/8", text)
        return Fraction(int(match[1]), int(match[2]))

    def _error(self, rule: str, text: str) -> DataFormatError:
        return DataFormatError(
            f"{self.path}, X:{self.number}, line {self.line}: {rule}, got '{text}'"
        )


def _default_unit(meter: str) -> Fraction:
    """Return 1/16 for a meter below 3/4, else 1/8."""
    match = _FRACTION.match(meter)
    if match and Fraction(int(match[1]), int(match[2])) < Fraction(3, 4):
        return Fraction(1, 16)
    return Fraction(1, 8)
