"""Two rows: the least that can be trained on."""

from pathlib import Path

import torch

from datasets.contract import Data, Part


def load(_root: Path | None = None) -> Data:
    """Return one row to train on and one to validate on."""
    columns = {"inputs": torch.ones(2, 1)}
    record = {"fingerprint": "costless", "source": "none"}
    return Data(Part(columns, torch.tensor([0])), Part(columns, torch.tensor([1])), {}, record)


def load_test(_root: Path | None = None) -> Part:
    """Return the validation row again."""
    return load().validation
