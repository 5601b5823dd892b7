"""Tunes as blocks of notes, each with the note that follows: ``python -m datasets.melody``.

The embedded default: 1,000 generated folk tunes. Only pitch is used: a token is a key of the
piano, 0..87. The command reads ABC files once and writes them as processed melodies.
"""

import argparse
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from datasets import cache
from datasets.contract import Data, DataFormatError, Part
from datasets.melody_blocks import IGNORED, blocks
from datasets.melody_files import PROCESSED, read_tunes, write_json
from datasets.melody_folk import folk_tunes
from datasets.melody_splits import Parts, in_order, split_tunes, variants
from datasets.melody_tunes import LOWEST_MIDI, Tune
from datasets.melody_walk import random_walks

SOURCES = ("folk", "random_walk")
KEYS = ("original", "C")
MIN_TUNES = 10
PUBLISHED_MAX_LENGTH = 128
OPENING = 32  # notes of a tune that generated ones are compared with


@dataclass(frozen=True)
class Corpus:
    """Tunes, and the part that each belongs to.

    Attributes:
        tunes: All of them.
        parts: Places in ``tunes`` of ``train``, ``validation`` and ``test``.
        record: What is known of them, for ``sweep.json``.
    """

    tunes: Sequence[Tune]
    parts: Parts
    record: Mapping[str, Any]

    def tokens(self, part: str) -> list[tuple[int, ...]]:
        """Return the tunes of a part."""
        return [self.tunes[place].tokens for place in self.parts[part]]


def load(
    root: Path | None = None, *, context: int = 16, stride: int | None = None, **corpus: Any
) -> Data:
    """Load the training and validation blocks.

    Args:
        root: Directory of ABC files or of processed melodies; without it, the embedded data.
        context: T, notes that the model sees at most.
        stride: Notes between the starts of training blocks; T if None. 1 together with the loss
            of the last note only is the published training.
        **corpus: Keywords of ``prepare``.

    Returns:
        Columns ``inputs`` and ``target`` ``[N, T]`` and ``tune`` ``[N]``. Facts: ``context``, and
        ``openings``, the first notes of each validation tune.
    """
    prepared = prepare(root, **corpus)
    train = blocks(prepared.tokens("train"), context, stride)
    validation = blocks(prepared.tokens("validation"), context)
    columns = {name: torch.cat([train[name], validation[name]]) for name in train}
    count = len(train["tune"])
    columns["tune"][count:] += len(prepared.parts["train"])
    known = [
        prepared.tunes[place] for part in ("train", "validation") for place in prepared.parts[part]
    ]
    scored = {
        f"{name}_notes": int((part["target"] != IGNORED).sum())
        for name, part in (("train", train), ("validation", validation))
    }
    return Data(
        train=Part(columns, torch.arange(count)),
        validation=Part(columns, torch.arange(count, len(columns["tune"]))),
        facts={
            "context": context,
            "openings": [list(tokens[:OPENING]) for tokens in prepared.tokens("validation")],
        },
        record={**prepared.record, **scored, "context": context},
        groups=torch.from_numpy(variants(known))[columns["tune"]],
    )


def load_test(
    root: Path | None = None, *, context: int = 16, stride: int | None = None, **corpus: Any
) -> Part:
    """Load the test blocks; only the evaluation may.

    Args:
        root: As of ``load``.
        context: As of ``load``.
        stride: As of ``load``; test blocks do not depend on it.
        **corpus: As of ``load``.

    Returns:
        The columns of ``load``.

    Raises:
        ValueError: If the split has no test part.
    """
    prepared = prepare(root, **corpus)
    if not prepared.parts["test"]:
        raise ValueError(f"split '{prepared.record['split']}' of random walks has no test part")
    columns = blocks(prepared.tokens("test"), context)
    return Part(columns, torch.arange(len(columns["tune"])))


def prepare(  # noqa: PLR0913  the keywords are the schema of data/
    root: Path | None = None,
    *,
    source: str = "folk",
    num_tunes: int = 1000,
    seed: int = 0,
    min_length: int = 16,
    max_length: int | None = None,
    key: str = "original",
    split: str = "honest",
) -> Corpus:
    """Read or generate tunes, and deal them to the parts.

    Args:
        root: Directory of the user's files; without it, the embedded data.
        source: Of the embedded data: ``folk`` or ``random_walk``.
        num_tunes: Embedded tunes to generate.
        seed: Of the embedded data.
        min_length: Shorter tunes are left out.
        max_length: Longer tunes are left out; nothing if None.
        key: ``original``, or ``C`` to move every tune to C major or A minor.
        split: ``honest``, or ``source`` as published: tunes of at most 128 notes, and close
            variants of a training tune stay where they are. Random walks have no test part then.

    Returns:
        The tunes of every part.

    Raises:
        DataFormatError: If fewer than 10 tunes remain.
        ValueError: If an argument is out of range.
    """
    _check(key, KEYS, "key")
    if split == "source" and max_length is None:
        max_length = PUBLISHED_MAX_LENGTH
    found, dropped = (_embedded(source, num_tunes, seed), []) if root is None else read_tunes(root)
    kept = _keep(found, min_length, max_length, root or source)
    tunes = [tune.in_c() for tune in kept] if key == "C" else kept
    if root is None and source == "random_walk" and split == "source":
        parts, moved = in_order(len(tunes)), 0
    else:
        parts, moved = split_tunes(tunes, split)
    record = {
        "source": str(root or f"embedded ({source})"),
        "split": split,
        "no_test_split": not parts["test"],
        "tunes_left_out": len(found) - len(kept) + len(dropped),
        "tunes_moved_to_training": moved,
        "warnings": dropped,
        "fingerprint": _fingerprint(tunes, parts),
    }
    counts = {f"{name}_tunes": len(places) for name, places in parts.items()}
    return Corpus(tunes, parts, record | counts)


def _keep(
    found: Sequence[Tune], min_length: int, max_length: int | None, origin: Path | str
) -> list[Tune]:
    """Leave out tunes that are too short or too long."""
    longest = max_length or max((len(tune.tokens) for tune in found), default=0)
    kept = [tune for tune in found if min_length <= len(tune.tokens) <= longest]
    if len(kept) < MIN_TUNES:
        raise DataFormatError(
            f"{origin} must hold {MIN_TUNES} tunes or more of {min_length} to {longest} notes, "
            f"got {len(kept)} of {len(found)}"
        )
    return kept


def _embedded(source: str, num_tunes: int, seed: int) -> list[Tune]:
    _check(source, SOURCES, "source")
    if source == "random_walk":
        return random_walks(num_tunes, seed)
    return [
        Tune(
            tuple(pitch - LOWEST_MIDI for pitch in tune.pitches),
            key=tune.tonic + ("m" if tune.minor else ""),
            meter=tune.meter,
            number=str(number),
            source_file="folk",
        )
        for number, tune in enumerate(folk_tunes(num_tunes, seed))
    ]


def _check(value: str, allowed: Sequence[str], name: str) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value}")


def _fingerprint(tunes: Sequence[Tune], parts: Parts) -> str:
    """Hash the notes of every part; the blocks follow from them and a trial's ``data/context``."""
    notes = b"\xff".join(bytes(tune.tokens) for tune in tunes)
    places = {name: list(where) for name, where in parts.items()}
    return cache.fingerprint({"notes": hashlib.sha256(notes).hexdigest(), "parts": places})


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tunes of a directory of ABC files as processed melodies; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m datasets.melody", description=__doc__)
    parser.add_argument("source", type=Path, metavar="ABC_DIR")
    parser.add_argument("target", type=Path, metavar="OUT_DIR", help=f"takes {PROCESSED}")
    options = parser.parse_args(argv)
    try:
        tunes, dropped = read_tunes(options.source)
        write_json(options.target / PROCESSED, tunes)
    except (DataFormatError, FileNotFoundError) as error:
        parser.exit(2, f"error: {error}\n")
    for line in dropped:
        print(line)
    print(f"wrote {len(tunes)} tunes to {options.target / PROCESSED}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
