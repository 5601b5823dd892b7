"""Windows of a noisy mixture of tones, each with the clean tone that its selector asks for.

The embedded default: 1, 3, 5 and 7 Hz, 10 s at 1 kHz, noise of .1, windows of 50 ms. Training,
validation and test carry different noise. K tones, L steps of a window.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from datasets import cache
from datasets.contract import Data, Part
from datasets.frequency_filter_files import has_windows, read_windows
from datasets.frequency_filter_floor import floors
from datasets.frequency_filter_recordings import read_recordings
from datasets.frequency_filter_signal import BLOCKS, Array, Columns, Series, series, windows

NOISE_SEEDS = {"train": 1, "validation": 3, "test": 2}
STRIDES = {"honest": 10, "source": 1}
SEQ_LEN = 50
LEAKY_SHARE = 0.01


@dataclass(frozen=True)
class Prepared:
    """Everything that the parts of one data set share.

    Attributes:
        tables: Columns of ``train``, ``validation`` and ``test``.
        heard: The series that validation windows are cut from, if it is known.
    """

    tables: Mapping[str, Columns]
    heard: Series | None


def load(root: Path | None = None, **data: Any) -> Data:
    """Load the training and validation windows.

    Args:
        root: Directory of the user's files; without it, the embedded data.
        **data: Keywords of ``prepare``.

    Returns:
        Columns ``inputs`` ``[N, L, 1 + K]``, ``target`` ``[N, L, 1]``, ``selector`` ``[N]`` and,
        where the noise is known, ``clean`` ``[N, L, 1]``. Facts: ``num_selectors``, and where
        the noise is known ``noise_std``, ``mse_floor`` and ``bidirectional_mse_floor``.
    """
    prepared = prepare(root, **data)
    train, validation = prepared.tables["train"], prepared.tables["validation"]
    num_train, seq_len, num_channels = train["inputs"].shape
    columns = {key: np.concatenate([train[key], validation[key]]) for key in train}
    blocks = columns.pop("block")
    tensors = {key: torch.from_numpy(column) for key, column in columns.items()}
    facts = {"num_selectors": num_channels - 1} | _noise(prepared.heard, seq_len)
    record = {
        "source": "embedded" if root is None else str(root),
        "train_rows": num_train,
        "validation_rows": len(validation["selector"]),
        "seq_len": seq_len,
        "fingerprint": _fingerprint(columns, num_train),
    }
    return Data(
        train=Part(tensors, torch.arange(num_train)),
        validation=Part(tensors, torch.arange(num_train, len(columns["selector"]))),
        facts=facts,
        record=record | facts | _leakage(train["inputs"], validation["inputs"]),
        groups=torch.from_numpy(blocks),
    )


def load_test(root: Path | None = None, **data: Any) -> Part:
    """Load the test windows; only the evaluation may.

    Args:
        root: As of ``load``.
        **data: As of ``load``.

    Returns:
        The columns of ``load``.
    """
    table = prepare(root, **data).tables["test"]
    columns = {key: torch.from_numpy(table[key]) for key in table if key != "block"}
    return Part(columns, torch.arange(len(table["selector"])))


def prepare(
    root: Path | None = None,
    *,
    seq_len: int | None = None,
    stride: int | None = None,
    split: str = "honest",
    **signal: Any,
) -> Prepared:
    """Read or generate the mixture, and cut the windows of every part.

    Args:
        root: Directory of the user's files; without it, the embedded data.
        seq_len: Samples of a window, 50 unless the files hold ready windows.
        stride: Samples between the starts of neighbouring training windows, 10 (``source``: 1)
            unless the files hold ready windows.
        split: ``honest``: validation has noise of its own, at twice the stride. ``source``: as
            published, a random tenth of the overlapping training windows; it leaks.
        **signal: Keywords of ``frequency_filter_signal.series``, with the embedded data only.

    Returns:
        The columns of every part.

    Raises:
        ValueError: If an argument is out of range, or fixed by the files already.
    """
    if split not in STRIDES:
        raise ValueError(f"split must be one of {', '.join(STRIDES)}, got {split}")
    if root is not None and has_windows(root):
        chosen = {} if split == "honest" else {"split": split}
        _reject({"seq_len": seq_len, "stride": stride} | chosen | signal, root)
        return Prepared(read_windows(root), heard=None)
    seq_len = SEQ_LEN if seq_len is None else seq_len
    stride = STRIDES[split] if stride is None else stride
    if root is None:
        heard = {part: series(seed, **signal) for part, seed in NOISE_SEEDS.items()}
    else:
        _reject(signal, root)
        heard = read_recordings(root, gap_samples=seq_len)
    cut = _cut_source if split == "source" else _cut_honest
    return Prepared(cut(heard, seq_len, stride), heard["validation"])


def _noise(heard: Series | None, seq_len: int) -> dict[str, float]:
    """Return what is known of the noise: its level, and the errors that it forces."""
    if heard is None or heard.noise_std is None:
        return {}
    return {"noise_std": heard.noise_std} | floors(heard, seq_len)


def _reject(given: Mapping[str, Any], root: Path) -> None:
    """Reject arguments that the user's files fix."""
    wrong = [f"{name}={value}" for name, value in given.items() if value is not None]
    if wrong:
        raise ValueError(f"the files in {root} fix the signal; leave out {', '.join(wrong)}")


def _cut_honest(heard: Mapping[str, Series], seq_len: int, stride: int) -> dict[str, Columns]:
    """Cut each part from a series of its own."""
    strides = {"train": stride, "validation": 2 * stride, "test": 2 * stride}
    return {
        part: windows(heard[part], seq_len, strides[part], number * BLOCKS)
        for number, part in enumerate(strides)
    }


def _cut_source(heard: Mapping[str, Series], seq_len: int, stride: int) -> dict[str, Columns]:
    """Draw the validation windows from among the training windows, as the published project."""
    every = windows(heard["train"], seq_len, stride)
    order = np.random.RandomState(42).permutation(len(every["selector"]))
    held_out = math.ceil(0.1 * len(order))
    return {
        "train": {key: column[order[held_out:]] for key, column in every.items()},
        "validation": {key: column[order[:held_out]] for key, column in every.items()},
        "test": windows(heard["test"], seq_len, stride),
    }


def _leakage(train: Array, validation: Array) -> dict[str, Any]:
    """Compare the samples of both parts, and say so if validation knows the training noise.

    Equal noise makes equal bits; a chance coincidence of two float32 is one in thousands.
    """
    share = float(np.isin(validation[..., 0], train[..., 0]).mean())
    if share <= LEAKY_SHARE:
        return {"split": "honest", "warnings": []}
    message = (
        f"the split leaks: {share:.0%} of the validation samples occur in training, so its error "
        "says nothing about fresh noise"
    )
    return {"split": "leaky", "warnings": [message]}


def _fingerprint(columns: Columns, count: int) -> str:
    """Hash the columns and the place where they part."""
    content = {
        key: hashlib.sha256(column.tobytes()).hexdigest() for key, column in columns.items()
    }
    return cache.fingerprint(content | {"train_rows": count})
