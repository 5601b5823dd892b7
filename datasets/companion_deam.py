"""Music with ratings of valence and arousal (DEAM), as sound or as features made before.

n songs, T frames.
"""

from pathlib import Path

import numpy as np

from datasets.companion_items import gather, nothing_readable, optional
from datasets.companion_labels import Emotion, number, unused_labels
from datasets.companion_latent import Array, embedding
from datasets.companion_table import Table
from datasets.companion_text import read_csv
from datasets.contract import DataFormatError
from datasets.frequency_filter_files import read_arrays

NUM_BANDS = 128
SAMPLE_RATE_HZ = 22_050
LONGEST_S = 45
FLOOR_DB = 80.0  # below the loudest bin
SOUNDS = (".wav", ".mp3", ".flac")
FEATURES_FILE = "features.npz"
TABLES = ("annotations/annotations.csv", "annotations.csv", "labels.csv")
OFFICIAL = (
    "static_annotations_averaged_songs_1_2000.csv",
    "static_annotations_averaged_songs_2000_2058.csv",
)
OFFICIAL_SCALE = (1.0, 9.0)


def read(root: Path) -> Table:
    """Read ``features.npz``, or a table of ratings and the sounds in ``audio``.

    Args:
        root: Directory of the files; the official tables may lie in any folder below it.

    Returns:
        A sample for every song: its mel features and the embedding of its emotion.

    Raises:
        FileNotFoundError: If there is neither.
    """
    if (root / FEATURES_FILE).is_file():
        return _ready(root / FEATURES_FILE)
    labels = _labels(root)
    sounds = {path.stem: path for path in sorted((root / "audio").glob("*"))}
    sounds = {name: path for name, path in sounds.items() if path.suffix.lower() in SOUNDS}
    if not labels or not sounds:
        raise nothing_readable(
            root, "emotion.npz", FEATURES_FILE, f"audio/ with {', '.join(TABLES)}", *OFFICIAL
        )

    def read_sound(name: str) -> tuple[Array, Array]:
        if name not in labels:
            raise DataFormatError("no label")
        return features(sounds[name])[None], embedding(*labels[name])[None]

    return gather(list(sounds), read_sound, unused_labels(sounds, labels))


def _ready(path: Path) -> Table:
    """Read features made before: ``mel``, in dB below the loudest bin or over 80 dB."""
    arrays = read_arrays(path, ["mel", "valence", "arousal"])
    mel, valence, arousal = (arrays[name] for name in ("mel", "valence", "arousal"))
    if mel.max(initial=0) > 0 or mel.min(initial=0) < -FLOOR_DB:
        raise DataFormatError(
            f"mel must lie in -80..0 dB or, divided by 80, in -1..0, got {mel.min():g} to "
            f"{mel.max():g} in {path.name}"
        )
    for name in ("valence", "arousal"):
        for row, value in enumerate(np.ravel(arrays[name])):
            number(value, name, f"row {row} of {path.name}")
    scale = FLOOR_DB if mel.min(initial=0) < -1 else 1.0
    return Table(mel / scale, embedding(valence, arousal), num_items=len(mel))


def _labels(root: Path) -> dict[str, Emotion]:
    """Read the first table of ratings that there is, by base name of the song."""
    tables = [root / name for name in TABLES if (root / name).is_file()]
    if tables:
        return _read_labels(tables[0], ("filename", "valence", "arousal"), (-1.0, 1.0))
    labels: dict[str, Emotion] = {}
    for path in (found for name in OFFICIAL for found in sorted(root.rglob(name))[:1]):
        labels |= _read_labels(path, ("song_id", "valence_mean", "arousal_mean"), OFFICIAL_SCALE)
    return labels


def _read_labels(
    path: Path, columns: tuple[str, str, str], bounds: tuple[float, float]
) -> dict[str, Emotion]:
    """Read a table of ratings and map their scale linearly to -1..1."""
    name, *dimensions = columns
    centre, half = (bounds[0] + bounds[1]) / 2, (bounds[1] - bounds[0]) / 2
    labels: dict[str, Emotion] = {}
    for index, row in enumerate(read_csv(path, columns), 1):
        place = f"row {index} of {path.name}"
        valence, arousal = (
            (number(row[dimension], dimension, place, bounds) - centre) / half
            for dimension in dimensions
        )
        labels[Path(row[name]).stem] = (valence, arousal)
    return labels


def features(path: Path) -> Array:
    """Measure a sound: the mean level of every mel band over its first 45 s.

    Args:
        path: Sound file.

    Returns:
        Levels below the loudest bin, divided by 80 dB, in -1..0. Shape ``[128]``.

    Raises:
        DataFormatError: If it is no readable sound, or empty.
    """
    librosa = optional("librosa", "reading sound files", "sound")
    broken = optional("audioread", "reading sound files", "sound").DecodeError
    try:
        sound, _ = librosa.load(path, sr=SAMPLE_RATE_HZ, mono=True, duration=LONGEST_S)
    except (broken, OSError, RuntimeError, EOFError) as error:
        raise DataFormatError(f"no readable sound: {error}") from error
    if len(sound) == 0:
        raise DataFormatError("no readable sound: empty")
    power = librosa.feature.melspectrogram(
        y=sound, sr=SAMPLE_RATE_HZ, n_fft=2048, hop_length=512, n_mels=NUM_BANDS
    )
    level_db = librosa.power_to_db(power, ref=np.max, amin=1e-10, top_db=FLOOR_DB)
    mean: Array = level_db.mean(axis=1) / FLOOR_DB
    return mean
