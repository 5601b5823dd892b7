"""Melodies of real MIDI files (Lakh): the highest notes, and the emotion of their file.

n samples of a file, m onsets.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.companion_items import gather, nothing_readable
from datasets.companion_labels import label_of, read_labels, unused_labels
from datasets.companion_latent import Array, embedding
from datasets.companion_midi import DRUM_CHANNEL, Notes, midi_files, read_notes
from datasets.companion_table import Table

FOLDER = "midi_files"
NUM_NOTES = 24  # of a melody
NUM_PITCHES = 128


def read(root: Path) -> Table:
    """Read ``midi_files/**/*.mid`` and ``emotion_labels.json``.

    Args:
        root: Directory of both.

    Returns:
        A sample for every 24 notes of a skyline: the embedding, and the pitches that sound.

    Raises:
        FileNotFoundError: If there are no MIDI files, or no labels.
    """
    folder = root / FOLDER
    paths = midi_files(folder)
    if not paths:
        raise nothing_readable(root, "melody.npz", f"{FOLDER}/**/*.mid")
    labels = read_labels(root)
    names = [path.relative_to(folder).as_posix() for path in paths]

    def read_file(name: str) -> tuple[Array, Array]:
        label = label_of(name, labels)
        targets = multi_hot(runs(skyline(read_notes(folder / name))))
        return np.tile(embedding(*label), (len(targets), 1)), targets

    return gather(names, read_file, unused_labels(names, labels))


def skyline(notes: Notes) -> NDArray[np.int64]:
    """Return the highest pitch starting at each onset, drums left out. Shape ``[m]``."""
    melodic = notes[notes.channel != DRUM_CHANNEL]
    highest_first = np.lexsort((-melodic.pitch, melodic.onset_beats))
    ordered = melodic[highest_first]
    _, first = np.unique(ordered.onset_beats, return_index=True)
    return ordered.pitch[first]


def runs(pitches: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cut a melody into runs of 24 notes, the rest dropped. Shape ``[n, 24]``."""
    num_runs = len(pitches) // NUM_NOTES
    return pitches[: num_runs * NUM_NOTES].reshape(num_runs, NUM_NOTES)


def multi_hot(pitches: NDArray[np.int64]) -> Array:
    """Mark the pitches of each sample.

    Args:
        pitches: Shape ``[n, 24]``.

    Returns:
        1 for every pitch that sounds, 0 elsewhere. Shape ``[n, 128]``.
    """
    marked = np.zeros((len(pitches), NUM_PITCHES))
    np.put_along_axis(marked, pitches, 1.0, axis=1)
    return marked
