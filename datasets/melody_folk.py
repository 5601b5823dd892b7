"""Generator of folk tunes: two parts of eight bars that end in cadences and repeat each other.

Its intervals are spread as those of the Nottingham tunes are. Every number comes of one
``random.Random``, drawn in a fixed order, so that the tunes are the same everywhere.
A degree counts steps of the scale from the tonic; durations are in eighths.
"""

import math
import random
from dataclasses import dataclass
from typing import TypeVar

Bar = list[tuple[int, int]]  # degree and duration of each note
Item = TypeVar("Item")

LOWEST, HIGHEST = -2, 11
MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
TONICS = {"D": (62, 0.40), "G": (55, 0.38), "A": (57, 0.14), "C": (60, 0.08)}
ROOTS = ("00340340", "03040340", "05340540", "00440340", "04543040", "01403040")
CADENCES = {"4/4": ("224", "1124"), "6/8": ("213", "1113")}
RHYTHMS = {
    "4/4": {
        "2222": 0.12,
        "11111111": 0.40,
        "211211": 0.16,
        "112112": 0.10,
        "3122": 0.08,
        "22112": 0.14,
    },
    "6/8": {"111111": 0.46, "2121": 0.22, "3111": 0.12, "1113": 0.10, "21111": 0.10},
}
BEAT = {"4/4": 2, "6/8": 3}
STEPS = {1: 0.74, 2: 0.10, 0: 0.08, -1: 0.08}


@dataclass(frozen=True)
class FolkTune:
    """One generated tune.

    Attributes:
        pitches: MIDI pitches.
        eighths: Duration of each note.
        tonic: Letter of the key.
        minor: Whether the mode is minor.
        meter: ``4/4`` or ``6/8``.
    """

    pitches: list[int]
    eighths: list[int]
    tonic: str
    minor: bool
    meter: str


def folk_tunes(num_tunes: int, seed: int) -> list[FolkTune]:
    """Compose tunes.

    Args:
        num_tunes: How many; the first ones do not depend on it.
        seed: Of all of them.

    Returns:
        The tunes.
    """
    rng = random.Random(seed)
    return [_tune(rng) for _ in range(num_tunes)]


def _tune(rng: random.Random) -> FolkTune:
    tonic = _weighted(rng, {name: weight for name, (_, weight) in TONICS.items()})
    minor = rng.random() < 0.12
    meter = "6/8" if rng.random() < 0.42 else "4/4"
    rng.choice([0, 2, 4])  # belongs to the fixed order of draws, and to nothing else
    composer = _Composer(rng, meter)
    first = composer.part(0)
    second = composer.part(rng.choice([0, 2, 3]))
    if rng.random() < 0.45:
        second[-2:] = first[-2:]
    bars = first + (first if rng.random() < 0.5 else []) + second
    scale, base = MINOR if minor else MAJOR, TONICS[tonic][0]
    notes = [note for bar in bars for note in bar]
    pitches = [base + 12 * (degree // 7) + scale[degree % 7] for degree, _ in notes]
    return FolkTune(pitches, [duration for _, duration in notes], tonic, minor, meter)


def _weighted(rng: random.Random, weights: dict[Item, float]) -> Item:
    return rng.choices(list(weights), list(weights.values()))[0]


class _Composer:
    """Writes bars one after the other; remembers the degree it stands on."""

    def __init__(self, rng: random.Random, meter: str) -> None:
        self.rng, self.meter = rng, meter
        self.degree = 0

    def part(self, shift: int) -> list[Bar]:
        """Compose eight bars that start ``shift`` degrees above a chord note of the tonic."""
        rng = self.rng
        roots = [int(root) for root in rng.choice(ROOTS)]
        self.degree = rng.choice([0, 2, 4]) + shift
        bars = [self._bar(root) for root in roots[:3]]
        half_close = rng.choice([1, 4])
        bars.append(self._bar(roots[3], half_close))
        if rng.random() < 0.75:
            bars += bars[:2]
            self.degree = bars[1][-1][0]
        else:
            bars += [self._bar(root) for root in roots[4:6]]
        bars.append(self._sequence(bars[2]) if rng.random() < 0.30 else self._bar(roots[6]))
        bars.append(self._bar(roots[7], 0))
        return bars

    def _sequence(self, bar: Bar) -> Bar:
        """Repeat a bar some degrees higher or lower."""
        shift = self.rng.choice([-1, 1, -2])
        shifted = [(min(max(d + shift, LOWEST), HIGHEST), duration) for d, duration in bar]
        self.degree = shifted[-1][0]
        return shifted

    def _bar(self, root: int, cadence: int | None = None) -> Bar:
        """Compose one bar over the triad on ``root``; a cadence is the degree it ends on."""
        if cadence is None:
            rhythm = _weighted(self.rng, RHYTHMS[self.meter])
        else:
            rhythm = self.rng.choice(CADENCES[self.meter])
        direction = self.rng.choice([-1, 1])
        bar: Bar = []
        position = 0
        for index, duration in enumerate(map(int, rhythm)):
            degree = self.degree
            if cadence is not None and index == len(rhythm) - 1:
                octaves = (cadence - 7, cadence, cadence + 7)
                degree = min(octaves, key=lambda octave: abs(octave - self.degree))
            elif position % BEAT[self.meter] == 0:
                degree = self._chord_note(root, direction)
            else:
                direction = -direction if self.rng.random() < 0.22 else direction
                degree += direction * _weighted(self.rng, STEPS)
            self.degree, direction = _turned_back(degree, direction)
            bar.append((self.degree, duration))
            position += duration
        return bar

    def _chord_note(self, root: int, direction: int) -> int:
        """Draw a note of the triad, preferring one step onward and other than the last."""
        candidates = [d for d in range(LOWEST, HIGHEST + 1) if (d - root) % 7 in {0, 2, 4}]
        weights = {
            d: math.exp(-0.55 * abs(d - self.degree - direction))
            * (0.35 if d == self.degree else 1)
            for d in candidates
        }
        return _weighted(self.rng, weights)


def _turned_back(degree: int, direction: int) -> tuple[int, int]:
    """Turn back at the ends of the range."""
    if degree < LOWEST:
        return LOWEST + 1, 1
    if degree > HIGHEST:
        return HIGHEST - 1, -1
    return degree, direction
