"""Tunes that a network continues, note by note, and the files that a user takes home.

N tunes, T notes, V 88 keys of the piano.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from models.melody_midi import write_midi
from models.melody_music import measure

START = 8  # notes of a real tune that a generated one begins with
LENGTH = 32


@torch.inference_mode()
def generate(
    model: nn.Module,
    starts: Sequence[Sequence[int]],
    length: int,
    *,
    context: int,
    generator: torch.Generator,
    temperature: float = 1.0,
) -> list[list[int]]:
    """Continue tunes; equal seeds give equal tunes.

    Args:
        model: From ``[N, T]`` int64 to logits ``[N, T, V]`` or, of the last note, ``[N, V]``.
        starts: First notes of each tune, equally many.
        length: Notes of a finished tune.
        context: Notes that the model is shown at most, as in its training.
        generator: Draws the notes.
        temperature: Below 1 prefers likely notes.

    Returns:
        Tokens of each tune, the first notes included.

    Raises:
        ValueError: If the temperature is not positive, or there is no first note.
    """
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    if not starts or not starts[0]:
        raise ValueError("starts must hold a note for each tune, got none")
    model.eval()
    tokens = torch.tensor([list(start) for start in starts])
    while tokens.shape[1] < length:
        output = model(tokens[:, -context:])
        logits = output if output.dim() == 2 else output[:, -1]
        likelihood = (logits / temperature).softmax(dim=-1)
        drawn = torch.multinomial(likelihood, 1, generator=generator)
        tokens = torch.cat([tokens, drawn], dim=1)
    found: list[list[int]] = tokens.tolist()
    return found


def continuations(
    model: nn.Module, openings: Sequence[Sequence[int]], count: int, *, context: int, seed: int
) -> list[list[int]]:
    """Continue the first 8 notes of real tunes to 32.

    Args:
        model: As of ``generate``.
        openings: First notes of real tunes; used in turn.
        count: How many tunes.
        context: As of ``generate``.
        seed: Of the drawing.

    Returns:
        Tokens of each tune.
    """
    starts = [openings[number % len(openings)][:START] for number in range(count)]
    generator = torch.Generator().manual_seed(seed)
    return generate(model, starts, LENGTH, context=context, generator=generator)


def sample(  # noqa: PLR0913  four arguments of the contract and two facts
    model: nn.Module,
    directory: Path,
    count: int,
    seed: int,
    *,
    context: int,
    openings: Sequence[Sequence[int]],
) -> list[Path]:
    """Write tunes that the model continues as MIDI, and what they measure beside real ones.

    Args:
        model: As of ``generate``, in evaluation mode afterwards.
        directory: Takes the files; is made if it is not there.
        count: How many tunes.
        seed: Of the drawing.
        context: Notes that the model is shown at most, a fact of the data.
        openings: First notes of real tunes, a fact of the data.

    Returns:
        ``tune-000.mid`` ... and ``measures.json``.
    """
    tunes = continuations(model, openings, count, context=context, seed=seed)
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"tune-{number:03d}.mid" for number in range(count)]
    for tokens, path in zip(tunes, paths, strict=True):
        write_midi(tokens, path)
    real = [list(opening[:LENGTH]) for opening in openings]
    measures = {"generated": measure(tunes, real), "real": measure(real, real)}
    report = directory / "measures.json"
    report.write_text(json.dumps(measures, indent=2) + "\n", encoding="utf-8")
    return [*paths, report]
