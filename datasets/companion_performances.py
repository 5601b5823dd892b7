"""Expression of real piano performances (MAESTRO, or any MIDI of a piano).

A file is cut into windows of 4 s. What is known of a window before it is played (emotion, pitches,
the window before) is the input; how it is played (velocities and times) is the target. n windows.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.companion_items import gather, nothing_readable
from datasets.companion_labels import LABELS_FILE, Emotion, label_of, read_labels, unused_labels
from datasets.companion_latent import Array
from datasets.companion_midi import Notes, midi_files, read_notes
from datasets.companion_splits import with_parts
from datasets.companion_table import Table
from datasets.companion_text import read_csv

INFO_FILE = "maestro-v3.0.0.csv"
WINDOW_S = 4.0
NUM_PARTS = 8  # of a window, whose loudness is told one by one
NUM_BEATS = 8  # windows of a period
FEWEST_ONSETS = 8
NUM_CONTEXT = 32
NUM_EXPRESSION = 16
NUM_REMEMBERED = 12  # of the expression of the window before
MIDDLE_PITCH, PITCH_SPREAD = 64, 44
MIDDLE_C = 60
UNLABELLED = (0.0, 0.0)  # only where the whole data set has no labels


def read(root: Path) -> Table:
    """Read the performances that ``maestro-v3.0.0.csv`` lists, or every MIDI file.

    Args:
        root: Directory of the files, optionally with ``emotion_labels.json``.

    Returns:
        A sample for every window that has enough onsets, and whose window before has.

    Raises:
        FileNotFoundError: If there is neither.
    """
    rows: list[dict[str, str]] = []
    if (root / INFO_FILE).is_file():
        rows = read_csv(root / INFO_FILE, ["midi_filename", "split"])
        names = [row["midi_filename"] for row in rows]
    else:
        names = [path.relative_to(root).as_posix() for path in midi_files(root)]
    if not names:
        raise nothing_readable(root, "dynamics.npz", INFO_FILE, "MIDI files")
    labels = read_labels(root) if (root / LABELS_FILE).is_file() else None

    def read_file(name: str) -> tuple[Array, Array]:
        label = UNLABELLED if labels is None else label_of(name, labels)
        return windows(read_notes(root / name), label)

    table = gather(names, read_file, unused_labels(names, labels or {}))
    return with_parts(table, rows, INFO_FILE) if rows else table


def windows(notes: Notes, label: Emotion) -> tuple[Array, Array]:
    """Cut a performance into windows.

    Args:
        notes: Of the file.
        label: Valence and arousal of the file.

    Returns:
        Inputs ``[n, 32]`` and targets ``[n, 16]``.
    """
    played = _played(notes)
    pairs = [(number, played[number - 1]) for number in played if number - 1 in played]
    inputs = [
        _context(window(notes, number), number, label, expression[:NUM_REMEMBERED])
        for number, expression in pairs
    ]
    targets = [played[number] for number, _ in pairs]
    return (
        np.array(inputs).reshape(-1, NUM_CONTEXT),
        np.array(targets).reshape(-1, NUM_EXPRESSION),
    )


def window(notes: Notes, number: int) -> Notes:
    """Select the notes that start in a window, numbered from 0."""
    return notes[_numbers(notes) == number]


def _numbers(notes: Notes) -> NDArray[np.int64]:
    """Number the window of every note. Shape ``[n]``."""
    return (notes.onset_s // WINDOW_S).astype(np.int64)


def _played(notes: Notes) -> dict[int, Array]:
    """Describe every window with enough onsets, by its number."""
    sounding = _starts_over_another(notes)
    played = {}
    for number in np.unique(_numbers(notes)).tolist():
        chosen = _numbers(notes) == number
        if len(np.unique(notes.onset_s[chosen])) >= FEWEST_ONSETS:
            played[number] = _expression(notes[chosen], number * WINDOW_S, sounding[chosen])
    return played


def _starts_over_another(notes: Notes) -> NDArray[np.bool_]:
    """Tell of every note whether one that started earlier still sounds. Shape ``[n]``."""
    latest_end_s = np.maximum.accumulate(notes.end_s)
    first_of_onset = np.searchsorted(notes.onset_s, notes.onset_s)  # its chord's first note
    before = np.concatenate([[-np.inf], latest_end_s])[first_of_onset]
    sounding: NDArray[np.bool_] = before > notes.onset_s
    return sounding


def _expression(notes: Notes, start_s: float, is_sounding: NDArray[np.bool_]) -> Array:
    """Describe how a window is played.

    Args:
        notes: Of the window.
        start_s: Start of the window.
        is_sounding: Whether another note sounds when a note starts. Shape of the notes.

    Returns:
        Mean, standard deviation, maximum and minimum of the velocity; mean and standard deviation
        of the gaps between onsets in s; mean length in units of 2 s; share of onsets over a
        sounding note; mean velocity in each eighth of the window. Shape ``[16]``.
    """
    velocity = notes.velocity
    onset_s, first = np.unique(notes.onset_s, return_index=True)
    gaps_s, length_s = np.diff(onset_s), notes.end_s - notes.onset_s
    eighth = ((notes.onset_s - start_s) * NUM_PARTS // WINDOW_S).astype(np.int64)
    means = [
        velocity[eighth == part].mean() if part in eighth else velocity.mean()
        for part in range(NUM_PARTS)
    ]
    moments = [velocity.mean(), velocity.std(), velocity.max(), velocity.min()]
    times = [gaps_s.mean(), gaps_s.std(), length_s.mean() / 2, is_sounding[first].mean()]
    return np.array([*moments, *np.clip(times, 0, 1), *means])


def _context(notes: Notes, number: int, label: Emotion, remembered: Array) -> Array:
    """Describe what is known before a window is played: nothing of its velocities and times.

    Args:
        notes: Of the window, whose pitches are told.
        number: Of the window.
        label: Valence and arousal.
        remembered: Expression of the window before. Shape ``[12]``.

    Returns:
        The network's input. Shape ``[32]``.
    """
    pitch = notes.pitch
    _, chord_sizes = np.unique(notes.onset_s, return_counts=True)
    phase = 2 * np.pi * number / NUM_BEATS
    height = (np.array([pitch.mean(), pitch.max(), pitch.min()]) - MIDDLE_PITCH) / PITCH_SPREAD
    range_share = np.ptp(pitch) / (2 * PITCH_SPREAD)
    below = (pitch < MIDDLE_C).mean()
    chord = chord_sizes.max() / 10
    head = [*label, height[0], len(np.unique(pitch)) / PITCH_SPREAD, np.sin(phase), np.cos(phase)]
    pitches = [pitch.std() / 24, range_share, height[1], height[2], below, chord]
    return np.concatenate([head, np.eye(NUM_BEATS)[number % NUM_BEATS], pitches, remembered])
