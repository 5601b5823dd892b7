"""Pictures of ``melody``: piano rolls, and models side by side as bars and as a radar chart."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor, nn

from models.melody_comparison import REAL, agreement, whole_tunes
from models.melody_metrics import metrics
from models.melody_music import measure
from models.melody_sampling import LENGTH, START, continuations

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROLLS = 3
MARGIN = 4  # keys shown above and below a tune
TRUE_COLOUR, COMPOSED_COLOUR = "black", "#d35400"


def draw(
    figure: Figure,
    output: Tensor,
    batch: dict[str, Tensor],
    *,
    context: int,
    model: nn.Module | None = None,
) -> None:
    """Draw how likely each key was before real notes sounded, and what the model composes.

    Args:
        figure: Is drawn into.
        output: Logits of the model. Shape ``[B, T, 88]``.
        batch: ``inputs``, ``target`` ``[B, T]`` and ``tune`` ``[B]``.
        context: T, a fact of the data.
        model: Continues the tunes; without it, only the likelihoods are drawn.
    """
    grid = figure.add_gridspec(1 if model is None else 2, ROLLS + (model is not None))
    starts = batch["tune"].diff(prepend=batch["tune"][:1] - 1).nonzero()[:, 0]
    for place, row in enumerate(starts[:ROLLS]):
        _likelihood(figure.add_subplot(grid[0, place]), output[row], batch["target"][row])
    if model is None:
        return
    openings = [tune[:LENGTH] for tune in whole_tunes(batch)]
    composed = continuations(model, openings, len(openings), context=context, seed=0)
    for place in range(len(starts[:ROLLS])):
        piano_roll(figure.add_subplot(grid[1, place]), openings[place], composed[place])
    scores = {"the model": metrics(output, batch) | measure(composed, openings)}
    scores[REAL] = measure(openings, openings)
    radar(figure.add_subplot(grid[:, -1], projection="polar"), scores)


def _likelihood(axes: "Axes", logits: Tensor, target: Tensor) -> None:
    """Draw the likelihood of every key at every note of a block, and the notes that came."""
    notes = target[target >= 0]
    likelihood = logits[: len(notes)].softmax(dim=-1).T.cpu().numpy()
    axes.imshow(likelihood, origin="lower", aspect="auto", cmap="Blues", vmin=0)
    axes.plot(notes, ".", color=TRUE_COLOUR, markersize=3, label="came next")
    _show_range(axes, notes.tolist(), "likelihood of the next note")


def piano_roll(axes: "Axes", real: Sequence[int], composed: Sequence[int]) -> None:
    """Draw a real tune, and what a model made of its first notes.

    Args:
        axes: Is drawn into.
        real: Tokens of the real tune.
        composed: Tokens of the other, the same first notes included.
    """
    axes.plot(real, "s", color=TRUE_COLOUR, markersize=2, label="real")
    axes.plot(composed, "s", color=COMPOSED_COLOUR, markersize=2, label="composed")
    axes.axvline(START - 0.5, color="#9aa5b1", linewidth=1)
    _show_range(axes, [*real, *composed], "a tune continued")


def _show_range(axes: "Axes", notes: Sequence[int], title: str) -> None:
    axes.set_ylim(min(notes) - MARGIN, max(notes) + MARGIN)
    axes.set_title(title, fontsize=8)
    axes.set_xlabel("note")
    axes.set_ylabel("key")
    axes.legend(fontsize=6, loc="upper right", framealpha=0.8, edgecolor="none")


def radar(axes: "Axes", scores: Mapping[str, Mapping[str, float]]) -> None:
    """Draw each model as a polygon; the axes are those of ``agreement``, the rim is 1.

    Args:
        axes: Polar axes; are drawn into.
        scores: Of ``compare``.
    """
    for name, values in scores.items():
        if name == REAL:
            continue
        sides = agreement(values, scores[REAL])
        angles = np.linspace(0, 2 * np.pi, len(sides), endpoint=False)
        radii = list(sides.values())
        axes.plot([*angles, angles[0]], [*radii, radii[0]], label=name)
        axes.set_xticks(angles, list(sides), fontsize=7)
    axes.set_ylim(0, 1)
    axes.set_yticks([0.25, 0.5, 0.75], [])
    axes.tick_params(axis="x", pad=8)
    axes.legend(frameon=False, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.15))


def bars(axes: "Axes", scores: Mapping[str, Mapping[str, float]]) -> None:
    """Draw each model as a colour, with a bar for each axis of the radar chart.

    Args:
        axes: Is drawn into.
        scores: Of ``compare``.
    """
    models = [name for name in scores if name != REAL]
    width = 0.8 / len(models)
    for number, name in enumerate(models):
        sides = agreement(scores[name], scores[REAL])
        places = np.arange(len(sides)) + (number - (len(models) - 1) / 2) * width
        axes.bar(places, list(sides.values()), width, label=name)
        axes.set_xticks(range(len(sides)), list(sides), fontsize=7)
    axes.set_ylim(0, 1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=7)


def write_comparison(scores: Mapping[str, Mapping[str, float]], directory: Path) -> list[Path]:
    """Write a comparison as numbers and as a picture.

    Args:
        scores: Of ``compare``.
        directory: Takes ``model_comparison.json`` and ``model_comparison.png``.

    Returns:
        Both paths.
    """
    numbers, picture = (directory / f"model_comparison.{kind}" for kind in ("json", "png"))
    numbers.write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
    figure = Figure(figsize=(10, 4), layout="constrained")
    bars(figure.add_subplot(1, 2, 1), scores)
    radar(figure.add_subplot(1, 2, 2, projection="polar"), scores)
    figure.savefig(picture, dpi=130)
    return [numbers, picture]
