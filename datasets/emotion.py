"""Data of ``emotion``: valence and arousal of soundscapes, six seconds in order.

``python -m datasets.emotion AUDIO_DIR [AUDIO_DIR ...] RATINGS_DIR OUT.h5`` makes a feature file
from wav files and the tables ``Valence.csv`` and ``Arousal.csv``, e.g. of Emo-Soundscapes.
Without a file, synthetic soundscapes stand in; they say nothing about real listeners.
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets import cache, emotion_truth
from datasets.contract import Data, Part
from datasets.emotion_audio import read_folders
from datasets.emotion_features import DB_REFERENCES, SAMPLE_RATE_HZ, log_mel
from datasets.emotion_files import HOW_TO_MAKE, Clips, map_sorted, read, write
from datasets.emotion_soundscapes import KAPPA, VERSION, render
from datasets.emotion_splits import Rows, number_groups, split_clips

SIZES = {"tiny": 24, "default": 400, "full": 1213}
LABELS = ("clip", "segment")
SYNTHETIC = "synthetic soundscapes; they say nothing about real listeners"


def load(  # noqa: PLR0913  the signature is the schema of data/
    root: Path | None = None,
    *,
    labels: str = "clip",
    split: str = "clip",
    split_seed: int = 0,
    groups: str | None = None,
    size: str = "default",
    seed: int = 0,
    kappa: float = KAPPA,
    db_ref: str = "absolute",
) -> Data:
    """Load clips to learn from and clips that rank the trials.

    Rows are clips. The parts hold ``inputs`` ``[C, 6, 101, 64]`` in dB, float16, memory-mapped;
    ``rating`` ``[C, 2]``, valence and arousal in [-1, 1]; where known ``segment_rating``
    ``[C, 6, 2]``. The fact ``label_mode`` says which of them to learn from.

    Args:
        root: Feature file; synthetic soundscapes without it.
        labels: ``clip``, the rating on every segment, or ``segment``, where the file has them.
        split: ``clip``, ``group`` or ``published``; see ``emotion_splits``.
        split_seed: Seed of the split.
        groups: Table of ``name,group`` for the split by group and for folds.
        size: Synthetic: ``tiny`` (24 clips), ``default`` (400) or ``full`` (1213).
        seed: Synthetic: seed of the data set.
        kappa: Synthetic: how strongly the past colours an ambiguous sound; 0 for the control.
        db_ref: Synthetic: reference of the levels, ``absolute`` or ``max``.

    Returns:
        Training and validation part.

    Raises:
        ValueError: If an option is unknown, or segments shall have labels and have none.
    """
    if labels not in LABELS:
        raise ValueError(f"labels must be one of {', '.join(LABELS)}, got '{labels}'")
    path = synthesise(size, seed, kappa, db_ref) if root is None else _sorted_copy(root)
    clips = map_sorted(path)
    if labels == "segment" and "valence_seg" not in clips.labels:
        raise ValueError(f"labels 'segment' must have valence_seg and arousal_seg, got {root}")
    table = None if groups is None else Path(groups)
    rows = split_clips(clips.names, split, split_seed, table)
    parts = {part: [clips.names[row] for row in rows[part]] for part in rows}
    columns = _columns(clips)
    return Data(
        train=Part(columns, torch.from_numpy(rows["train"])),
        validation=Part(columns, torch.from_numpy(rows["validation"])),
        facts={"label_mode": labels},
        record={
            # of the rows and their parts; which labels are shown of them is another matter
            "fingerprint": cache.fingerprint({"file": path.name, "parts": parts}),
            "source": SYNTHETIC if root is None else str(root),
            "db_ref": str(clips.attributes.get("db_ref", "unknown")),
            "label_mode": labels,
            "split": {"kind": split, "seed": split_seed},
            "clips": parts,
            "no_test_split": split == "published",
            "context_free_r2": _context_free_r2(clips, rows),
            "warnings": _warnings(clips, split),
        },
        groups=None if table is None else torch.from_numpy(number_groups(table, clips.names)),
    )


def load_test(root: Path | None = None, **data: Any) -> Part:
    """Load the clips that only the final evaluation may see.

    Args:
        root: As for ``load``.
        **data: As for ``load``.

    Returns:
        The clips that ``load`` leaves out; with the published split those of its validation.
    """
    known = load(root, **data)
    if known.record["no_test_split"]:
        return known.validation
    left_out = torch.ones(len(known.train.columns["inputs"]), dtype=torch.bool)
    left_out[known.train.rows] = False
    left_out[known.validation.rows] = False
    return Part(known.train.columns, left_out.nonzero().squeeze(1))


def synthesise(
    size: str = "default", seed: int = 0, kappa: float = KAPPA, db_ref: str = "absolute"
) -> Path:
    """Make the synthetic soundscapes unless they are in the cache.

    Args:
        size: ``tiny`` (24 clips), ``default`` (400) or ``full`` (1213, as Emo-Soundscapes).
        seed: Seed of the data set.
        kappa: How strongly the past colours an ambiguous sound; 0 for the control.
        db_ref: Reference of the levels, ``absolute`` or ``max``.

    Returns:
        Path of a feature file.

    Raises:
        ValueError: If ``size`` is unknown.
    """
    if size not in SIZES:
        raise ValueError(f"size must be one of {', '.join(SIZES)}, got '{size}'")
    recipe = {"clips": SIZES[size], "seed": seed, "kappa": kappa, "db_ref": db_ref}
    return cache.prepared(
        "emotion",
        {"generator": VERSION, **recipe},
        lambda path: write(path, _soundscapes(SIZES[size], seed, kappa, db_ref)),
    )


def _soundscapes(count: int, seed: int, kappa: float, db_ref: str) -> Clips:
    """Render, measure and rate some soundscapes."""
    features, sources, powers = [], [], []
    for index in range(count):
        clip = render(seed, index)
        features.append(log_mel(clip.signal[None], db_ref)[0].astype(np.float16))
        sources.append(clip.sources)
        powers.append(clip.segment_power())
    loudness = emotion_truth.loudness(np.array(powers))
    truth = emotion_truth.truth(np.array(sources), loudness, kappa)
    return Clips(
        names=[f"soundscape_{index:04d}.wav" for index in range(count)],
        features=np.stack(features),
        labels=emotion_truth.columns(truth, seed),
        attributes={
            "sample_rate": SAMPLE_RATE_HZ,
            "db_ref": db_ref,
            "source": SYNTHETIC,
            "version": VERSION,
        },
    )


def _sorted_copy(root: Path) -> Path:
    """Check a feature file and cache its clips in order, so that they can be memory-mapped."""
    if not root.is_file():
        raise FileNotFoundError(f"feature file must exist, got {root}; {HOW_TO_MAKE}")
    with root.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return cache.prepared("emotion", {"sha256": digest}, lambda path: write(path, read(root)))


def _columns(clips: Clips) -> dict[str, Tensor]:
    """Lay out the columns that a model and its loss see."""
    columns = {
        "inputs": torch.from_numpy(clips.features),
        "rating": _pair(clips, "valence", "arousal")[:, 0],
    }
    if "valence_seg" in clips.labels:
        columns["segment_rating"] = _pair(clips, "valence_seg", "arousal_seg")
    return columns


def _pair(clips: Clips, valence: str, arousal: str) -> Tensor:
    """Stack two labels. Shape ``[C, 6, 2]``."""
    pair = np.stack([clips.labels[valence], clips.labels[arousal]], axis=-1)
    return torch.from_numpy(pair.astype(np.float32))


def _context_free_r2(clips: Clips, rows: Rows) -> dict[str, dict[str, float]]:
    """Score the best that can be said without a past, where the truth is known."""
    names = {"clip_valence": "valence", "segment_valence": "valence_seg"}
    return {
        level: {
            part: _r2(
                clips.labels[name][rows[part]], clips.labels[f"{name}_context_free"][rows[part]]
            )
            for part in rows
        }
        for level, name in names.items()
        if f"{name}_context_free" in clips.labels
    }


def _warnings(clips: Clips, split: str) -> list[str]:
    """Say what makes the data or the split unfit for a fair score."""
    found = []
    if "max" in str(clips.attributes.get("db_ref")):
        found.append("every segment peaks at 0 dB: loudness, which drives arousal, is lost")
    if split == "published":
        found.append("the published split tests on the clips that rank the trials")
    return found


def _r2(truth: NDArray[np.float64], prediction: NDArray[np.float64]) -> float:
    """Return the share of variance that a prediction explains."""
    return float(1 - np.sum((truth - prediction) ** 2) / np.sum((truth - truth.mean()) ** 2))


def main(argv: Sequence[str] | None = None) -> int:
    """Make a feature file from sound and ratings."""
    parser = argparse.ArgumentParser(prog="python -m datasets.emotion", description=main.__doc__)
    parser.add_argument("audio", type=Path, nargs="+", help="folders of wav files")
    parser.add_argument("ratings", type=Path, help="folder with Valence.csv and Arousal.csv")
    parser.add_argument("out", type=Path, help="feature file to write")
    parser.add_argument("--db-ref", choices=DB_REFERENCES, default="absolute")
    arguments = parser.parse_args(argv)
    try:
        clips = read_folders(arguments.audio, arguments.ratings, arguments.db_ref)
        partial = arguments.out.with_suffix(".part")  # an interrupted run leaves no half file
        write(partial, clips)
        partial.replace(arguments.out)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    print(f"{arguments.out}: {len(clips.names)} clips")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
