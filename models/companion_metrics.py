"""How well the companion networks predict, over a whole part. n samples, M outputs."""

import torch
from torch import Tensor

from models import companion_losses
from models.companion_losses import SMALLEST, Batch

NUM_HIGHEST = 10  # of the notes


def embedding_scores(output: Tensor, batch: Batch) -> dict[str, float]:
    """Compare predicted with true embeddings of emotions.

    Args:
        output: Prediction. Shape ``[n, 64]``.
        batch: With ``target`` of the same shape; its first half follows valence.

    Returns:
        ``mse`` (the objective), ``mae``, ``cosine`` (mean over samples), and the mean correlation
        of the outputs, constant ones left out: ``mean_correlation`` of all, ``valence_r`` and
        ``arousal_r`` of each half.
    """
    predicted, target = output.double(), batch["target"].double()
    r = correlations(predicted, target)
    valence, arousal = r.chunk(2)
    means = {"mean_correlation": r, "valence_r": valence, "arousal_r": arousal}
    return (
        _errors(predicted, target)
        | {"cosine": float(torch.cosine_similarity(predicted, target).mean())}
        | {name: float(values.nanmean()) for name, values in means.items()}
    )


def output_scores(output: Tensor, batch: Batch) -> dict[str, float]:
    """Compare predicted with true values.

    Args:
        output: Prediction. Shape ``[n, M]``.
        batch: With ``target`` of the same shape.

    Returns:
        ``mse`` (the objective), ``mae``, ``r2`` over all outputs, each about its own mean, and
        the correlation of every output, ``r_0`` and so on; NaN for a constant one.
    """
    predicted, target = output.double(), batch["target"].double()
    error = (predicted - target).square().sum()
    spread = (target - target.mean(dim=0)).square().sum()
    r = correlations(predicted, target)
    return (
        _errors(predicted, target)
        | {"r2": float(1 - error / spread)}
        | {f"r_{index}": float(value) for index, value in enumerate(r)}
    )


def note_scores(output: Tensor, batch: Batch) -> dict[str, float]:
    """Compare probabilities of notes with the notes that sound.

    Args:
        output: Probabilities. Shape ``[n, 128]``.
        batch: With ``target`` of 0 and 1, of the same shape.

    Returns:
        ``bce`` (the objective); ``precision``, ``recall`` and ``f1`` of the notes above .5, over
        all notes of all samples, 0 where nothing counts; ``precision_at_10``, the share of the 10
        most probable notes that sound; ``topk_any``, the original's "top-10 accuracy": whether
        these meet the 10 highest targets, which chance alone does in .57 of the samples.
    """
    probability, target = output.double(), batch["target"].double()
    chosen = probability > 0.5
    hits = float((chosen * target).sum())
    num_chosen, num_sounding = float(chosen.sum()), float(target.sum())
    highest = probability.topk(NUM_HIGHEST).indices
    true_highest = target.topk(NUM_HIGHEST).indices
    meets = (highest[:, :, None] == true_highest[:, None]).any(dim=2).any(dim=1)
    return {
        "bce": float(companion_losses.cross_entropy(probability, {"target": target}).mean()),
        "precision": _share(hits, num_chosen),
        "recall": _share(hits, num_sounding),
        "f1": _share(2 * hits, num_chosen + num_sounding),
        "precision_at_10": float(target.gather(1, highest).mean()),
        "topk_any": float(meets.double().mean()),
    }


def chord_scores(output: Tensor, batch: Batch) -> dict[str, float]:
    """Compare predicted with true distributions of chords.

    Args:
        output: Probabilities. Shape ``[n, 64]``.
        batch: With ``target``, distributions of the same shape.

    Returns:
        ``kl`` (the objective); ``top1`` and ``top3``, whether the most probable chord is among
        the 1 or 3 highest; ``perplexity``, the exponential of the cross-entropy.
    """
    probability, target = output.double(), batch["target"].double()
    likeliest = target.argmax(dim=1, keepdim=True)
    highest = probability.topk(3).indices == likeliest
    log_probability = torch.log(probability + SMALLEST)
    return {
        "kl": float(companion_losses.divergence(probability, {"target": target}).mean()),
        "top1": float(highest[:, 0].double().mean()),
        "top3": float(highest.any(dim=1).double().mean()),
        "perplexity": float(torch.exp(-(target * log_probability).sum(dim=1).mean())),
    }


def correlations(predicted: Tensor, target: Tensor) -> Tensor:
    """Correlate every output over the samples.

    Args:
        predicted: Shape ``[n, M]``.
        target: Shape ``[n, M]``.

    Returns:
        Pearson's r, NaN where either side is constant. Shape ``[M]``.
    """
    varied = [values - values.mean(dim=0) for values in (predicted, target)]
    is_constant = torch.stack(
        [(values == values[:1]).all(dim=0) for values in (predicted, target)]
    )
    covariance = (varied[0] * varied[1]).sum(dim=0)
    r = covariance / (varied[0].norm(dim=0) * varied[1].norm(dim=0))
    return torch.where(is_constant.any(dim=0), torch.nan, r)


def _errors(predicted: Tensor, target: Tensor) -> dict[str, float]:
    error = predicted - target
    return {"mse": float(error.square().mean()), "mae": float(error.abs().mean())}


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
