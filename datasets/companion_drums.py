"""Grooves of real drum performances (Groove MIDI), and the emotion of their file.

n samples of a file, H hits.
"""

from pathlib import Path

import numpy as np

from datasets.companion_items import gather, nothing_readable
from datasets.companion_labels import label_of, read_labels, unused_labels
from datasets.companion_latent import NUM_GROOVE_FEATURES, Array, embedding, groove_features
from datasets.companion_midi import Notes, read_notes
from datasets.companion_splits import with_parts
from datasets.companion_table import Table
from datasets.companion_text import read_csv

INFO_FILE = "info.csv"
NUM_HITS = 96  # of a sample
FEWEST_HITS = 32  # of the last sample of a file


def read(root: Path) -> Table:
    """Read ``info.csv``, the files that it lists, and ``emotion_labels.json``.

    Args:
        root: Directory of all.

    Returns:
        A sample for every 96 hits: the embedding, and the groove's features.

    Raises:
        FileNotFoundError: If there is no ``info.csv``, or no labels.
    """
    if not (root / INFO_FILE).is_file():
        raise nothing_readable(root, "groove.npz", INFO_FILE)
    rows = read_csv(root / INFO_FILE, ["midi_filename", "split"])
    labels = read_labels(root)
    names = [row["midi_filename"] for row in rows]

    def read_file(name: str) -> tuple[Array, Array]:
        label = label_of(name, labels)
        targets = grooves(read_notes(root / name))
        return np.tile(embedding(*label), (len(targets), 1)), targets

    return with_parts(gather(names, read_file, unused_labels(names, labels)), rows, INFO_FILE)


def grooves(notes: Notes) -> Array:
    """Describe every run of 96 hits; a last run counts from 32 hits on.

    Args:
        notes: Of a file.

    Returns:
        Features. Shape ``[n, 32]``.
    """
    starts = range(0, len(notes) - FEWEST_HITS + 1, NUM_HITS)
    hits = [notes[start : start + NUM_HITS] for start in starts]
    described = [groove_features(_deviation(run), run.velocity) for run in hits]
    return np.array(described).reshape(-1, NUM_GROOVE_FEATURES)


def _deviation(hits: Notes) -> Array:
    """Return the beats from each hit to its nearest beat, in -.5..<.5. Shape ``[H]``."""
    deviation: Array = hits.onset_beats - np.floor(hits.onset_beats + 0.5)
    return deviation
