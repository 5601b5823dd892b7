"""Model of ``emotion``: valence and arousal of soundscapes, with or without feedback.

With feedback, what the heads of Cnn6 said of one second modulates how its layers hear the next:
arousal the early blocks (energy), valence the late ones (meaning).

B clips, K 6 segments, T 101 frames, M 64 mel bins, P passes over a segment, D 2 dimensions
(valence, arousal).
"""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models import emotion_metrics
from models.cnn6 import FRAMES, MEL_BINS, load_body, scaled
from models.emotion_figure import draw as draw
from models.emotion_network import EmotionModel, Regressor, check_choice
from models.functional import Number, rowwise
from models.modulation import Connection, LongRangeModulation, ModBlock

Batch = dict[str, Tensor]

_log = logging.getLogger(__name__)

ALIASES = {  # the names of the original project
    "FeatureEmotionRegression_Cnn6_NewAffective": "baseline",
    "FeatureEmotionRegression_Cnn6_LRM": "lrm",
}
KINDS = ("baseline", "lrm", *ALIASES)
SOURCES = {"block1": "arousal", "block2": "arousal", "block3": "valence", "block4": "valence"}
MOD_INITS = ("random", "zero")
ERRORS: dict[str, Callable[..., Tensor]] = {
    "mse": F.mse_loss,
    "huber": partial(F.huber_loss, delta=0.25),
}
STRIPES = 2
FAILED_LOSS = 2.0  # 1 - CCC is at most 2


def build(  # noqa: PLR0913  the keywords are the schema of model/
    *,
    kind: str = "baseline",
    width: float = 0.125,
    bottleneck: int = 64,
    paths: str = "block1+block2+block3+block4",
    mod_variant: str = "bottleneck",
    mod_init: str = "random",
    strength_site: str = "outer",
    freeze_base: bool = False,
    base_weights: str | None = None,
) -> EmotionModel:
    """Build the model; the defaults are the published baseline at an eighth of its width.

    Args:
        kind: ``baseline``, or ``lrm`` with feedback.
        width: Multiplies the units of every layer. 1 is published; an epoch then takes 27 times
            as long.
        bottleneck: Units within a feedback block, at width 1.
        paths: The conv blocks that are modulated, e.g. ``block3+block4``.
        mod_variant: ``bottleneck``, ``direct`` or ``origin``; see ``ModBlock``.
        mod_init: ``random``, or ``zero`` to start equal to the baseline.
        strength_site: ``outer`` or ``inner``; see ``LongRangeModulation``.
        freeze_base: Train the heads and the feedback only; needs ``base_weights``.
        base_weights: Checkpoint of Cnn6; needs width 1.

    Returns:
        The model, in training mode.

    Raises:
        ValueError: If a choice is unknown, or a base shall be frozen without weights.
    """
    check_choice("kind", kind, KINDS)
    check_choice("mod_init", mod_init, MOD_INITS)
    blocks = paths.split("+")
    if len(set(blocks)) < len(blocks) or not set(blocks) <= SOURCES.keys():
        raise ValueError(f"paths must join some of {', '.join(SOURCES)} by +, got '{paths}'")
    if freeze_base and base_weights is None:
        raise ValueError("freeze_base must come with base_weights, got none")
    if base_weights is not None and width != 1:
        raise ValueError(f"base_weights must be used at width 1, got {width}")
    regressor = Regressor(width)
    if base_weights is not None:
        unused = load_body(regressor.body, Path(base_weights))
        _log.info("%s holds weights that have no place: %s", base_weights, ", ".join(unused))
    if freeze_base:
        regressor.body.freeze()
    connected = blocks if ALIASES.get(kind, kind) == "lrm" else []
    modulated = LongRangeModulation(
        regressor,
        [Connection(f"{SOURCES[name]}.features", f"body.conv_{name}") for name in connected],
        {"level_db": torch.zeros(1, FRAMES, MEL_BINS)},
        block=partial(ModBlock, bottleneck=scaled(bottleneck, width), variant=mod_variant),
        strength_site=strength_site,
    )
    if mod_init == "zero":
        modulated.zero()
    # Channels last: a training step takes two thirds of the time on CPU (1.9 against 2.8 ms a
    # segment at width .125, one core).
    model = EmotionModel(modulated)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in the stub
    return model


def loss(
    output: Batch,
    batch: Batch,
    *,
    valence_weight: Number = 1.0,
    kind: str = "mse",
    segment_share: Number = 1.0,
    label_mode: str = "clip",
) -> Tensor:
    """Sum the errors of valence and arousal.

    A listener rates the whole clip. Where that rating stands for every segment
    (``segment_share`` 1, as published), a network is fined for hearing the segments differ, and
    rarely learns what a sound means after another one within 24 epochs. Scoring the mean of the
    segments alone (0) leaves free how they share the rating; a little of both finds it.

    Args:
        output: ``passes`` of the model. Shape ``[B, P, K, D]``.
        batch: ``rating`` ``[B, D]``, and ``segment_rating`` ``[B, K, D]`` for segment labels.
        valence_weight: Weight of valence; arousal has 1.
        kind: ``mse``, or ``huber`` with delta .25.
        segment_share: Share of the loss, in [0, 1], that scores each segment; the rest scores
            the mean over a clip's segments against its rating.
        label_mode: ``clip``, the rating for every segment, or ``segment``.

    Returns:
        Mean over passes and segments. Shape ``[B]``.

    Raises:
        ValueError: If a choice is unknown or the labels do not have the shape of the output.
    """
    check_choice("kind", kind, tuple(ERRORS))
    segments = output["passes"]
    clip = segments.mean(dim=2, keepdim=True)
    rating = batch["rating"][:, None]
    target = (
        batch["segment_rating"]
        if label_mode == "segment"
        else rating.expand(-1, segments.shape[2], -1)
    )
    each = _error(segments, target, kind, valence_weight)
    whole = _error(clip, rating, kind, valence_weight)
    return torch.lerp(whole, each, rowwise(segment_share, each).expand_as(each)).mean(dim=1)


def _error(prediction: Tensor, target: Tensor, kind: str, valence_weight: Number) -> Tensor:
    """Score predictions ``[B, P, K, D]`` by labels ``[B, K, D]``. Shape ``[B, P]``."""
    if target.shape != prediction[:, 0].shape:
        raise ValueError(
            f"labels must have shape {tuple(prediction[:, 0].shape)}, got {tuple(target.shape)}"
        )
    error = ERRORS[kind](prediction, target[:, None].expand_as(prediction), reduction="none")
    valence, arousal = error.unbind(dim=-1)
    return (rowwise(valence_weight, valence) * valence + arousal).mean(dim=2)


def augment(
    batch: Batch, *, time_stripe: Number = 16.0, mel_stripe: Number = 8.0, mixup: Number = 0.0
) -> Batch:
    """Mix clips and hide stripes of their spectrograms; for training only.

    SpecAugment (Park et al., arXiv:1904.08779) with two stripes along each axis, and mixup (Zhang
    et al., arXiv:1710.09412) with one coefficient for a whole clip and its labels.

    Args:
        batch: ``inputs`` ``[B, K, T, M]`` and the labels. Left as it is.
        time_stripe: Upper bound of a stripe's width, in frames.
        mel_stripe: Upper bound of a stripe's width, in mel bins.
        mixup: Both parameters of the beta distribution of the coefficient; 0 for no mixing.

    Returns:
        A new batch of the same shapes.
    """
    batch = {name: column.float() for name, column in batch.items()}
    share = _mixing_share(mixup, batch["inputs"])
    partner = torch.randperm(len(share), device=share.device)
    mixed = {
        name: torch.lerp(column[partner], column, rowwise(share, column))
        for name, column in batch.items()
    }
    level_db = mixed["inputs"]
    hidden = _stripes(level_db, 2, time_stripe) | _stripes(level_db, 3, mel_stripe)
    # The batch's mean level of a mel bin is what the first batch norm maps to zero.
    mean_db = level_db.mean(dim=(0, 1, 2))
    return mixed | {"inputs": torch.where(hidden, mean_db, level_db)}


def _mixing_share(alpha: Number, inputs: Tensor) -> Tensor:
    """Draw how much of each clip is kept; 1 where ``alpha`` is 0. Shape ``[B, 1]``."""
    concentration = rowwise(alpha, inputs.flatten(1)).expand(len(inputs), 1)
    pair = concentration.clamp(min=1e-3).expand(-1, 2)
    share = torch.distributions.Dirichlet(pair, validate_args=False).sample()[:, :1]
    return torch.where(concentration > 0, share, 1.0)


def _stripes(level_db: Tensor, axis: int, width: Number) -> Tensor:
    """Choose two stripes for each segment. True where hidden, broadcastable to the levels."""
    size = level_db.shape[axis]
    shape = (STRIPES, *level_db.shape[:2], 1, 1)
    draws = torch.rand((2, *shape), device=level_db.device)
    widths = (draws[0] * rowwise(width, level_db)).floor()
    starts = (draws[1] * (size - widths)).floor()
    place = torch.arange(size, device=level_db.device)
    place = place.reshape((-1, 1) if axis == 2 else (1, -1))
    return ((place >= starts) & (place < starts + widths)).any(dim=0)


def metrics(output: Batch, batch: Batch) -> dict[str, float]:
    """Score whole clips, segments, and what the past does.

    Args:
        output: ``rating`` and ``isolated`` of the model in evaluation. Shapes ``[B, K, D]``.
        batch: ``rating`` ``[B, D]``, where known ``segment_rating`` ``[B, K, D]``.

    Returns:
        See ``emotion_metrics.by_level`` and ``over_time``. ``ccc_loss`` is 1 minus the mean
        concordance of clip valence and arousal; 2, with ``failed``, if a prediction is not
        finite. ``below_constant`` marks a clip error above that of always saying 0.
    """
    prediction, isolated, rating = (
        column.where(column.isfinite(), torch.nan).double().cpu().numpy()
        for column in (output["rating"], output["isolated"], batch["rating"])
    )
    segment_rating = rating[:, None].repeat(prediction.shape[1], axis=1)
    if "segment_rating" in batch:
        segment_rating = batch["segment_rating"].double().cpu().numpy()
    scores = emotion_metrics.by_level(prediction, rating, segment_rating)
    scores |= emotion_metrics.over_time(prediction, isolated, rating)
    failed = bool(np.isnan(prediction).any())
    agreed = (scores["clip_valence_ccc"] + scores["clip_arousal_ccc"]) / 2
    constant_mae = np.abs(rating).mean(axis=0)
    maes = np.array([scores["clip_valence_mae"], scores["clip_arousal_mae"]])
    return scores | {
        "ccc_loss": FAILED_LOSS if failed else 1 - agreed,
        "failed": float(failed),
        "below_constant": float((maes > constant_mae).any()),
        "num_audio_files": float(len(prediction)),
        "total_segments": float(prediction.shape[0] * prediction.shape[1]),
    }
