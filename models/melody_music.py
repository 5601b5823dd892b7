"""What can be measured of tunes without a model; says how near generated ones are to real ones.

None of it is an objective: a random walk is more "coherent" and "musical" than real tunes, and
noise is more "diverse". So each number is read as a distance to that of real tunes.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Tunes = Sequence[Sequence[int]]
Ints = NDArray[np.int64]

VOCABULARY = 88
PITCH_CLASSES = 12
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))
COMPARED = ("diversity", "coherence", "musicality")


def diversity(tunes: Tunes) -> float:
    """Average the shares of distinct tunes, of distinct pitches, and of 20 distinct intervals."""
    pitches = {note for tune in tunes for note in tune}
    num_intervals = len(np.unique(np.concatenate([np.diff(tune) for tune in tunes])))
    shares = (
        len({tuple(tune) for tune in tunes}) / len(tunes),
        len(pitches) / VOCABULARY,
        min(1.0, num_intervals / 20),
    )
    return float(np.mean(shares))


def coherence(tunes: Tunes) -> float:
    """Average over tunes: steps, few leaps, and turns between neighbouring moves.

    ``.5 P(|i| <= 2) + .3 (1 - P(|i| > 5)) + .2 D``, where D is the share of turns among the
    neighbours of the non-zero intervals.
    """
    return _coherence(tunes, _turns)


def coherence_source(tunes: Tunes) -> float:
    """As ``coherence``, with the original's D: one of two neighbours, not both, is a repetition.

    It took the signs of absolute intervals, which are 0 or 1.
    """
    return _coherence(tunes, _repetitions)


def _coherence(tunes: Tunes, variety: Callable[[Ints], float]) -> float:
    values = []
    for tune in tunes:
        if len(tune) < 4:
            continue
        intervals = np.diff(tune)
        size = np.abs(intervals)
        steps, leaps = np.mean(size <= 2), np.mean(size > 5)
        values.append(0.5 * steps + 0.3 * (1 - leaps) + 0.2 * variety(intervals))
    return float(np.mean(values))


def _turns(intervals: Ints) -> float:
    signs = np.sign(intervals[intervals != 0])
    return float(np.mean(signs[1:] != signs[:-1])) if len(signs) > 1 else 0.0


def _repetitions(intervals: Ints) -> float:
    repeated = intervals == 0
    return float(np.mean(repeated[1:] != repeated[:-1]))


def musicality(tunes: Tunes) -> float:
    """Average over tunes how many of five rules of thumb hold."""
    return float(np.mean([_rules_of_thumb(np.asarray(tune)) for tune in tunes]))


def _rules_of_thumb(notes: Ints) -> float:
    half = len(notes) // 2
    commonest = np.bincount(notes).max() / len(notes)
    rules = (
        len(notes) % 4 == 0,
        abs(notes[:half].mean() - notes[half:].mean()) > 2,
        0.2 <= commonest <= 0.4,
        7 <= np.ptp(notes) <= 14,
        abs(notes[-1] - notes[0]) <= 3,
    )
    return sum(map(bool, rules)) / len(rules)


def scale_consistency(tunes: Tunes) -> float:
    """Average over tunes the share of notes in the best of 24 major and minor scales."""
    scales = np.zeros((len(SCALES) * PITCH_CLASSES, PITCH_CLASSES))
    for row in range(len(scales)):
        scale, root = divmod(row, PITCH_CLASSES)
        scales[row, [(root + step) % PITCH_CLASSES for step in SCALES[scale]]] = 1
    return float(np.mean([(scales @ _pitch_classes(tune)).max() for tune in tunes]))


def pitch_class_entropy(tunes: Tunes) -> float:
    """Average over tunes the entropy of the twelve pitch classes, in bits."""
    return float(np.mean([_entropy(_pitch_classes(tune)) for tune in tunes]))


def _pitch_classes(tune: Sequence[int]) -> NDArray[np.float64]:
    """Return the share of each pitch class; class 0 is that of token 0."""
    counts = np.bincount(np.asarray(tune) % PITCH_CLASSES, minlength=PITCH_CLASSES)
    return counts / len(tune)


def _entropy(shares: NDArray[np.float64]) -> float:
    positive = shares[shares > 0]
    return float(-np.sum(positive * np.log2(positive)))


def distinct(tunes: Tunes, length: int) -> float:
    """Return distinct sequences of ``length`` notes per sequence."""
    sequences = [
        tuple(tune[start : start + length])
        for tune in tunes
        for start in range(len(tune) - length + 1)
    ]
    return len(set(sequences)) / len(sequences)


def interval_distance(tunes: Tunes, others: Tunes) -> float:
    """Return the Jensen-Shannon distance of the signed intervals, 0 to 1."""
    first, second = (_intervals(each) for each in (tunes, others))
    divergence = _entropy((first + second) / 2) - (_entropy(first) + _entropy(second)) / 2
    return float(np.sqrt(max(divergence, 0.0)))


def _intervals(tunes: Tunes) -> NDArray[np.float64]:
    """Return the share of each interval from -87 to 87."""
    intervals = np.concatenate([np.diff(tune) for tune in tunes])
    counts = np.bincount(intervals + VOCABULARY - 1, minlength=2 * VOCABULARY - 1)
    return counts / len(intervals)


def measure(tunes: Tunes, real: Tunes) -> dict[str, float]:
    """Take every measure of tunes.

    Args:
        tunes: Tokens of each tune.
        real: Those whose intervals are compared with.

    Returns:
        The measures by name.
    """
    return {
        "diversity": diversity(tunes),
        "coherence": coherence(tunes),
        "coherence_source": coherence_source(tunes),
        "musicality": musicality(tunes),
        "scale_consistency": scale_consistency(tunes),
        "pitch_class_entropy": pitch_class_entropy(tunes),
        "distinct_2": distinct(tunes, 2),
        "distinct_4": distinct(tunes, 4),
        "interval_distance": interval_distance(tunes, real),
    }
