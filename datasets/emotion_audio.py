"""Emotion features from sound: folders of wav files and two tables of ranks.

C clips, L samples of a wav file.
"""

import csv
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.contract import DataFormatError
from datasets.emotion_features import CLIP_SAMPLES, SAMPLE_RATE_HZ, SEGMENTS, log_mel
from datasets.emotion_files import Clips, reject, repeated

SAMPLE_BYTES = (2, 3, 4)
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 4_000, 384_000  # any other is a damaged head


def read_folders(audio: Sequence[Path], ratings: Path, db_ref: str = "absolute") -> Clips:
    """Measure every wav file below some folders and join it with its rating.

    Wav files and ratings have to match one to one by base name, else the data are rejected.

    Args:
        audio: Folders, searched recursively for ``*.wav``.
        ratings: Folder with ``Valence.csv`` and ``Arousal.csv``: no header, ``name,rank``.
        db_ref: Reference of the levels, ``absolute`` or ``max``.

    Returns:
        The clips, sorted by name.
    """
    files = _wav_files(audio)
    labels = {}
    for dimension in ("Valence", "Arousal"):
        table = ratings / f"{dimension}.csv"
        rating = read_ratings(table)
        reject(table, "each wav must have a rating", sorted(files.keys() - rating.keys()))
        reject(table, "each rating must have a wav", sorted(rating.keys() - files.keys()))
        values = np.array([rating[name] for name in sorted(files)])
        labels[dimension.lower()] = np.repeat(values[:, None], SEGMENTS, axis=1)
    names = sorted(files)
    features = np.stack([log_mel(read_clip(files[name])[None], db_ref)[0] for name in names])
    attributes = {"sample_rate": SAMPLE_RATE_HZ, "db_ref": db_ref, "source": "wav", "version": 1}
    return Clips([f"{n}.wav" for n in names], features.astype(np.float16), labels, attributes)


def base_name(path: str) -> str:
    """Strip folders and ``.wav`` off a name."""
    name = Path(path).name
    return name[:-4] if name.lower().endswith(".wav") else name


def _wav_files(folders: Sequence[Path]) -> dict[str, Path]:
    """Find the wav files below some folders, by base name."""
    files: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise FileNotFoundError(f"folder of wav files must exist, got {folder}")
        for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".wav"):
            reject(folder, "each base name must come once", [path] * (path.stem in files))
            files[path.stem] = path
    if not files:
        raise FileNotFoundError(f"folders must hold wav files, got {', '.join(map(str, folders))}")
    return files


def read_ratings(path: Path) -> dict[str, float]:
    """Read a table of ranks and map them linearly: the first to +1, the last to -1.

    A row that is no ``name,rank``, and a name that comes twice, are rejected.

    Args:
        path: CSV without header, ``name,rank`` with ranks 1..n; any kind of line end.

    Returns:
        Rating in [-1, 1] by base name.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if not path.exists():
        raise FileNotFoundError(f"table of ranks must exist, got {path}")
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataFormatError(f"{path}: must be a CSV table in UTF-8, got: {error}") from error
    broken = [f"row {i}: {row}" for i, row in enumerate(rows, 1) if not _is_ranked(row, len(rows))]
    reject(path, f"each row must be name,rank with a rank in 1..{len(rows)}", broken)
    names = [base_name(name) for name, _ in rows]
    reject(path, "each name must come once", repeated(names))
    steps = max(len(rows) - 1, 1)
    return {base_name(name): 1 - 2 * (float(rank) - 1) / steps for name, rank in rows}


def _is_ranked(row: list[str], last: int) -> bool:
    """Tell whether a row is a name and a rank in 1..last."""
    try:
        _, rank = row
        return 1 <= float(rank) <= last
    except ValueError:
        return False


def read_clip(path: Path) -> NDArray[np.float64]:
    """Read six seconds of sound: one channel, 32 kHz, padded with silence or cut.

    Args:
        path: PCM wav file of 16, 24 or 32 bit with one or two channels.

    Returns:
        Samples, full scale 1. Shape ``[192000]``.

    Raises:
        DataFormatError: If the file is no such wav, or empty.
    """
    try:
        with wave.open(str(path)) as file:
            layout = file.getparams()
            data = file.readframes(layout.nframes)
    except (wave.Error, EOFError, RuntimeError) as error:  # RuntimeError: a chunk ends outside
        raise DataFormatError(f"{path}: must be a PCM wav file, got: {error}") from error
    if not LOWEST_RATE_HZ <= layout.framerate <= HIGHEST_RATE_HZ:
        raise DataFormatError(
            f"{path}: must have {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} samples a second, "
            f"got {layout.framerate}"
        )
    if layout.sampwidth not in SAMPLE_BYTES or layout.nchannels > 2 or not data:
        raise DataFormatError(
            f"{path}: must have 16, 24 or 32 bit, 1 or 2 channels and some samples, got {layout}"
        )
    if len(data) % (layout.sampwidth * layout.nchannels):
        raise DataFormatError(f"{path}: must end with a whole sample, but is cut short")
    sound = _decode(data, layout.sampwidth).reshape(-1, layout.nchannels).mean(axis=1)
    sound = resample(sound, layout.framerate)[:CLIP_SAMPLES]
    return np.pad(sound, (0, CLIP_SAMPLES - len(sound)))


def _decode(data: bytes, sample_bytes: int) -> NDArray[np.float64]:
    """Turn little-endian integers into numbers of full scale 1."""
    samples = np.frombuffer(data, np.uint8).reshape(-1, sample_bytes)
    padded = np.pad(samples, ((0, 0), (4 - sample_bytes, 0)))  # low bytes come first
    return padded.view("<i4")[:, 0] / 2.0**31


def resample(sound: NDArray[np.float64], rate_hz: int) -> NDArray[np.float64]:
    """Bring sound to 32 kHz by cutting or extending its spectrum.

    Args:
        sound: Samples. Shape ``[L]``.
        rate_hz: Their rate.

    Returns:
        Samples at 32 kHz. Shape ``[round(L * 32000 / rate_hz)]``.
    """
    if rate_hz == SAMPLE_RATE_HZ:
        return sound
    length = round(len(sound) * SAMPLE_RATE_HZ / rate_hz)
    return np.fft.irfft(np.fft.rfft(sound), length) * (length / len(sound))
