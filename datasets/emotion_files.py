"""Emotion features in HDF5: read a file of any origin with all its rules, write a sorted one.

N rows = C clips x 6 segments; T 101 frames, M 64 mel bins.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from datasets import damage
from datasets.contract import DataFormatError
from datasets.emotion_features import FRAMES, MEL_BINS, SEGMENTS

CLIP_FRAMES = 1 + SEGMENTS * (FRAMES - 1)  # of a whole clip, where one frame joins two segments
REQUIRED = ("feature", "valence", "arousal", "audio_name")
SEGMENT_LABELS = ("valence_seg", "arousal_seg")
ORACLES = ("valence_oracle", "arousal_oracle", "valence_context_free", "valence_seg_context_free")
MIN_CLIPS = 10
REPEAT_TOLERANCE = 1e-6  # ratings of one clip are float32 copies of each other
MAX_TOLERANCE_DB = 1e-4
HOW_TO_MAKE = "make it by: python -m datasets.emotion AUDIO_DIR RATINGS_DIR OUT.h5"


@dataclass(frozen=True)
class Clips:
    """Clips sorted by name, their segments in order.

    Attributes:
        names: File name of each clip, e.g. ``rain.wav``.
        features: Log-mel levels in dB. Shape ``[C, 6, 101, 64]``, float16.
        labels: ``valence`` and ``arousal`` in [-1, 1], and those of ``SEGMENT_LABELS`` and
            ``ORACLES`` that are known. Shapes ``[C, 6]``.
        attributes: What the file says of itself: ``sample_rate``, ``db_ref``, ``source`` ...
    """

    names: list[str]
    features: NDArray[np.float16]
    labels: Mapping[str, NDArray[np.float64]]
    attributes: Mapping[str, Any] = field(default_factory=dict)


def reject(path: Path, rule: str, offenders: Iterable[object]) -> None:
    """Raise if anything breaks a rule.

    Args:
        path: The file at fault.
        rule: What must hold.
        offenders: What breaks it.

    Raises:
        DataFormatError: If there are offenders; it names the first five and counts all.
    """
    found = [str(offender) for offender in offenders]
    if found:
        listed = ", ".join(found[:5])
        raise DataFormatError(f"{path}: {rule}, got {listed} ({len(found)} in all)")


def repeated(names: Iterable[str]) -> list[str]:
    """List the names that come more than once."""
    return [name for name, count in Counter(names).items() if count > 1]


def write(path: Path, clips: Clips) -> None:
    """Write clips in the layout of Emo-Soundscapes, sorted, so that they can be memory-mapped."""
    with h5py.File(path, "w") as file:
        file["feature"] = clips.features.reshape(-1, FRAMES, MEL_BINS)
        file["audio_name"] = [f"{name}_seg{k}" for name in clips.names for k in range(SEGMENTS)]
        for name, values in clips.labels.items():
            file[name] = values.reshape(-1).astype(np.float32)
        file.attrs.update(clips.attributes)


def map_sorted(path: Path) -> Clips:
    """Open a file made by ``write``; the features stay on disk until they are touched."""
    with h5py.File(path) as file:
        feature = file["feature"]
        features = np.memmap(
            path, feature.dtype, "c", offset=feature.id.get_offset(), shape=feature.shape
        )
        names = [row.decode().rsplit("_seg", 1)[0] for row in file["audio_name"][::SEGMENTS]]
        labels = {
            name: file[name][:].reshape(-1, SEGMENTS).astype(float)
            for name in file
            if name not in ("feature", "audio_name")
        }
        attributes = dict(file.attrs)
    return Clips(names, features.reshape(-1, SEGMENTS, FRAMES, MEL_BINS), labels, attributes)


def read(path: Path) -> Clips:
    """Read and check a feature file: rows in any order, or one row a clip.

    Args:
        path: HDF5 file with ``feature`` ``[N, 101, 64]`` or ``[C, 601, 64]``, ``valence``,
            ``arousal`` and ``audio_name``, optionally labels of segments.

    Returns:
        The clips, with levels rounded to float16. ``db_ref`` is ``max (detected)`` where every
        segment peaks at 0 dB.

    Raises:
        DataFormatError: If anything breaks a rule of the format.
    """
    if not h5py.is_hdf5(path):
        raise DataFormatError(f"{path}: must be an HDF5 file; {HOW_TO_MAKE}")
    damage.check_hdf5(path)
    try:
        arrays, attributes = _arrays(path)
    except DataFormatError:
        raise
    except damage.HDF5 as error:
        what = str(error).partition("\n")[0]
        raise DataFormatError(f"{path}: must be a whole HDF5 file, got: {what}") from error
    with np.errstate(over="ignore"):  # what overflows is rejected as infinite
        features = arrays.pop("feature").astype(np.float16)
    names = [n.decode() if isinstance(n, bytes) else n for n in arrays.pop("audio_name").tolist()]
    _check_rows(path, features, names, arrays)
    if features.shape[1] == CLIP_FRAMES:
        clips = _whole_clips(path, features, names, arrays)
    else:
        clips = _sorted_segments(path, features, names, arrays)
    _check_clips(path, clips)
    if _is_max_normalised(clips.features):
        attributes["db_ref"] = "max (detected)"
    return Clips(clips.names, clips.features, clips.labels, attributes)


def _arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read the datasets that are needed, and what the file says of itself."""
    with h5py.File(path) as file:
        labelled = any(name in file for name in SEGMENT_LABELS)
        required = REQUIRED + SEGMENT_LABELS * labelled
        missing = [name for name in required if name not in file]
        if missing:
            raise DataFormatError(f"{path}: must hold {missing}, got only {sorted(file)}")
        arrays = {name: file[name][:] for name in (*required, *ORACLES) if name in file}
        return arrays, dict(file.attrs)


def _check_rows(
    path: Path, features: NDArray[Any], names: list[str], labels: Mapping[str, NDArray[Any]]
) -> None:
    """Check the shapes, then every number of a file, by row."""
    if features.ndim != 3 or features.shape[1:] not in [
        (FRAMES, MEL_BINS),
        (CLIP_FRAMES, MEL_BINS),
    ]:
        transposed = features.ndim == 3 and features.shape[1] == MEL_BINS
        raise DataFormatError(
            f"{path}: feature must have shape (N, {FRAMES}, {MEL_BINS}) or (C, {CLIP_FRAMES}, "
            f"{MEL_BINS}), got {features.shape}" + (": transposed" if transposed else "")
        )
    lengths = {"feature": len(features), "audio_name": len(names)}
    lengths |= {name: len(values) for name, values in labels.items()}
    if len(set(lengths.values())) > 1:
        raise DataFormatError(f"{path}: all datasets must have as many rows, got {lengths}")
    broken = (~np.isfinite(features)).any(axis=(1, 2))
    reject(path, "feature must be finite in float16", _rows(broken))
    for name, values in labels.items():
        reject(path, f"{name} must be finite", _rows(~np.isfinite(values)))
    for name in ("valence", "arousal"):
        outside = np.abs(labels[name]) > 1 + REPEAT_TOLERANCE
        reject(path, f"{name} must lie in [-1, 1]", _rows(outside))


def _rows(broken: ArrayLike) -> list[str]:
    """Name the rows that break a rule."""
    return [f"row {row}" for row in np.flatnonzero(broken)]


def _whole_clips(
    path: Path, features: NDArray[Any], names: list[str], labels: Mapping[str, NDArray[Any]]
) -> Clips:
    """Cut features of whole clips into segments, and repeat the ratings on each."""
    reject(path, "each clip must come once", repeated(names))
    order = np.argsort(names, kind="stable")
    frames = np.arange(SEGMENTS)[:, None] * (FRAMES - 1) + np.arange(FRAMES)
    return Clips(
        [names[row] for row in order],
        features[order][:, frames],
        {key: np.repeat(values[order, None], SEGMENTS, 1) for key, values in labels.items()},
    )


def _sorted_segments(
    path: Path, features: NDArray[Any], names: list[str], labels: Mapping[str, NDArray[Any]]
) -> Clips:
    """Put the rows of each clip in order."""
    matches = [re.fullmatch(r"(.+)_seg(\d+)", name) for name in names]
    unnumbered = [n for n, match in zip(names, matches, strict=True) if match is None]
    reject(path, "audio_name must end in _seg<number>", unnumbered)
    keys = [(match[1], int(match[2])) for match in matches if match]
    segments: dict[str, list[int]] = {}
    for name, k in sorted(keys):
        segments.setdefault(name, []).append(k)
    incomplete = [
        f"{name} with {found}" for name, found in segments.items() if found != [*range(SEGMENTS)]
    ]
    reject(path, f"each clip must have segments 0..{SEGMENTS - 1} once", incomplete)
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    return Clips(
        list(segments),
        features[order].reshape(-1, SEGMENTS, FRAMES, MEL_BINS),
        {key: values[order].reshape(-1, SEGMENTS) for key, values in labels.items()},
    )


def _check_clips(path: Path, clips: Clips) -> None:
    """Check what can be told only of whole clips."""
    for name in ("valence", "arousal"):
        differs = np.ptp(clips.labels[name], axis=1) > REPEAT_TOLERANCE
        rule = f"{name} must be the same on all segments of a clip"
        reject(path, rule, [clips.names[clip] for clip in np.flatnonzero(differs)])
    if len(clips.names) < MIN_CLIPS:
        raise DataFormatError(
            f"{path}: must hold {MIN_CLIPS} clips or more, got {len(clips.names)}"
        )


def _is_max_normalised(features: NDArray[np.float16]) -> bool:
    """Tell whether every segment peaks at 0 dB, so that loudness is lost."""
    return bool((np.abs(features.max(axis=(2, 3))) <= MAX_TOLERANCE_DB).all())
