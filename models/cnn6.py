"""Cnn6 of PANNs (Kong et al., arXiv:1912.10211) with two regression heads.

Layers have the names of the published checkpoint ``Cnn6_mAP=0.343.pth``, which loads directly.

B batch, T time frames, M 64 mel bins, E embedding.
"""

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.functional import Number, dropout

FRAMES, MEL_BINS = 101, 64
CHANNELS = (64, 128, 256, 512)
HEAD_FEATURES = (256, 128)
BLOCK_DROPOUT, EMBEDDING_DROPOUT = 0.2, 0.5  # published; the dropout scale multiplies both


def scaled(units: int, width: float) -> int:
    """Multiply a number of units by the width of the network; at least one is left."""
    return max(1, round(units * width))


class ConvBlock(nn.Module):
    """Convolution 5x5, batch norm, ReLU and 2x2 average pooling."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Build the layers for so many input and output channels."""
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 5, padding=2, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        nn.init.xavier_uniform_(self.conv1.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Halve time and frequency. ``[B, C, T, M]`` to ``[B, C', T // 2, M // 2]``."""
        return F.avg_pool2d(F.relu(self.bn1(self.conv1(x))), 2)


class Head(nn.Module):
    """Three linear layers down to one number; ``features`` is what feedback listens to."""

    def __init__(self, inputs: int, width: float) -> None:
        """Build the layers upon ``inputs`` features."""
        super().__init__()
        first, last = (scaled(units, width) for units in HEAD_FEATURES)
        self.features = nn.Sequential(
            nn.Linear(inputs, first), nn.ReLU(), nn.Linear(first, last), nn.ReLU()
        )
        self.output = nn.Linear(last, 1)

    def forward(self, embedding: Tensor) -> Tensor:
        """Predict one number a row. ``[B, E]`` to ``[B]``."""
        prediction: Tensor = self.output(self.features(embedding))
        return prediction[:, 0]


class Cnn6Body(nn.Module):
    """Everything of Cnn6 below its classifier."""

    def __init__(self, width: float) -> None:
        """Build the layers, ``width`` times as wide as published."""
        super().__init__()
        channels = [scaled(units, width) for units in CHANNELS]
        self.embedding = channels[-1]
        self.frozen = False
        self.bn0 = nn.BatchNorm2d(MEL_BINS)
        self.conv_block1 = ConvBlock(1, channels[0])
        self.conv_block2 = ConvBlock(channels[0], channels[1])
        self.conv_block3 = ConvBlock(channels[1], channels[2])
        self.conv_block4 = ConvBlock(channels[2], channels[3])
        self.fc1 = nn.Linear(self.embedding, self.embedding)
        nn.init.xavier_uniform_(self.fc1.weight)
        nn.init.zeros_(self.fc1.bias)

    def forward(self, level_db: Tensor, scale: Number) -> Tensor:
        """Embed a segment.

        Args:
            level_db: Log-mel levels. Shape ``[B, T, M]``.
            scale: Multiplies the published dropout rates.

        Returns:
            Embedding. Shape ``[B, E]``.
        """
        x = self.bn0(level_db.transpose(1, 2).unsqueeze(3)).transpose(1, 3)
        for block in (self.conv_block1, self.conv_block2, self.conv_block3, self.conv_block4):
            x = dropout(block(x), BLOCK_DROPOUT * scale, self.training)
        x = x.mean(dim=3)
        x = dropout(x.amax(dim=2) + x.mean(dim=2), EMBEDDING_DROPOUT * scale, self.training)
        return dropout(F.relu(self.fc1(x)), EMBEDDING_DROPOUT * scale, self.training)

    def freeze(self) -> None:
        """Keep every parameter and statistic as it is; dropout goes on."""
        self.frozen = True
        self.requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set training mode; batch norms of a frozen body stay in evaluation."""
        super().train(mode)
        for module in self.modules():
            if self.frozen and isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


def load_body(body: Cnn6Body, path: Path) -> list[str]:
    """Load the published weights into a body of width 1.

    Args:
        body: Receives the weights.
        path: Checkpoint of PANNs, e.g. ``Cnn6_mAP=0.343.pth``.

    Returns:
        Keys of the checkpoint that the body has no use for.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the checkpoint lacks a weight.
    """
    if not path.exists():
        raise FileNotFoundError(
            f"base weights must exist, got {path}; "
            "Cnn6_mAP=0.343.pth is at zenodo.org/record/3987831"
        )
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    weights = checkpoint.get("model", checkpoint)
    names = body.state_dict().keys()
    missing = sorted(names - weights.keys())
    if missing:
        raise ValueError(f"{path} must hold all weights of Cnn6, got none of {missing}")
    body.load_state_dict({name: weights[name] for name in names})
    return sorted(weights.keys() - names)
