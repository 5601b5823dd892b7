"""The generator of folk tunes, against what its specification states."""

import hashlib
import random
from collections import Counter

import numpy as np

from datasets.melody_folk import FolkTune, folk_tunes


def notes(tunes: list[FolkTune]) -> list[int]:
    return [pitch for tune in tunes for pitch in tune.pitches]


def test_tunes_are_those_of_the_specification_to_the_last_note() -> None:
    tunes = folk_tunes(1000, seed=0)
    pitches = notes(tunes)
    assert hashlib.sha256(bytes(pitches)).hexdigest().startswith("5e2fb29e9fb214b0")
    assert (len(pitches), sum(pitches)) == (104_364, 6_861_684)
    assert (min(pitches), max(pitches), len(set(pitches))) == (51, 81, 30)
    lengths = [len(tune.pitches) for tune in tunes]
    assert lengths[:10] == [140, 73, 90, 94, 78, 110, 112, 77, 136, 75]
    assert (min(lengths), max(lengths)) == (63, 165)
    assert tunes[0].pitches[:12] == [73, 73, 69, 68, 61, 62, 61, 59, 59, 57, 56, 57]
    assert Counter(tune.tonic for tune in tunes) == {"D": 405, "G": 396, "A": 128, "C": 71}
    assert sum(tune.minor for tune in tunes) == 123
    assert sum(tune.meter == "6/8" for tune in tunes) == 403
    durations = Counter(duration for tune in tunes for duration in tune.eighths)
    assert durations == {1: 74_362, 2: 22_874, 3: 4_126, 4: 3_002}


def test_intervals_are_spread_as_those_of_real_tunes() -> None:
    intervals = np.concatenate([np.abs(np.diff(t.pitches)) for t in folk_tunes(1000, seed=0)])
    shares = np.bincount(intervals)[:8] / len(intervals)
    stated = [0.115, 0.157, 0.372, 0.112, 0.080, 0.073, 0.006, 0.037]
    np.testing.assert_allclose(shares, stated, atol=0.001)


def test_first_tunes_do_not_depend_on_how_many_follow() -> None:
    assert folk_tunes(3, seed=4) == folk_tunes(8, seed=4)[:3]


def test_every_bar_is_full() -> None:
    for tune in folk_tunes(50, seed=1):
        bar = 8 if tune.meter == "4/4" else 6
        assert sum(tune.eighths) in (16 * bar, 24 * bar)


def test_another_seed_makes_other_tunes_and_the_global_generator_is_left_alone() -> None:
    before = random.getstate()
    assert notes(folk_tunes(5, seed=0)) != notes(folk_tunes(5, seed=1))
    assert random.getstate() == before
