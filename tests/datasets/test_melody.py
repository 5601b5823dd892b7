"""Parts of the melody data: embedded, from files, and everything the keywords change."""

import math
import random
import socket
from collections import Counter
from pathlib import Path

import pytest
import torch

from datasets.contract import DataFormatError, Part
from datasets.melody import load, load_test, main, prepare
from datasets.melody_blocks import IGNORED
from datasets.melody_files import PROCESSED, read_json, write_json
from datasets.melody_tunes import Tune

NOTTINGHAM = Path(__file__).parents[2].parent / "shared/data/nottingham"
needs_nottingham = pytest.mark.skipif(not NOTTINGHAM.is_dir(), reason="needs the reference tunes")


def scored(part: Part) -> int:
    return int((part.batch(torch.arange(len(part)))["target"] != IGNORED).sum())


def music(number: int) -> str:
    """Write a tune of 20 notes unlike the others."""
    return " ".join(random.Random(number).choices("CDEFGAB", k=20))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    tunes = [f"X:{n}\nT:Tune {n}\nK:{'D' if n % 2 else 'Am'}\n{music(n)}|\n" for n in range(1, 31)]
    (tmp_path / "tunes.abc").write_text("\n".join(tunes))
    return tmp_path


def test_embedded_parts_have_the_stated_notes() -> None:
    data, test = load(), load_test()
    assert (scored(data.validation), scored(test)) == (10_470, 10_183)
    assert data.record["validation_notes"] == 10_470
    assert data.record["train_notes"] == scored(data.train)
    assert len(data.facts["openings"]) == 100
    assert {len(opening) for opening in data.facts["openings"]} == {32}


@pytest.mark.parametrize("context", [16, 64])
def test_context_changes_the_blocks_and_not_the_notes(context: int) -> None:
    data = load(context=context)
    assert data.train.columns["inputs"].shape[1] == context
    assert data.facts["context"] == context
    assert scored(data.validation) == 10_470


def test_published_training_has_its_number_of_windows() -> None:
    data = load(stride=1)
    assert len(data.train) == 70_711
    assert scored(data.validation) == 10_470


def test_no_tune_is_in_two_parts() -> None:
    data = load()
    sides = [
        set(part.columns["tune"][part.rows].tolist()) for part in (data.train, data.validation)
    ]
    assert [len(side) for side in sides] == [800, 100]
    assert not sides[0] & sides[1]


def test_random_walk_teaches_nothing_but_its_steps() -> None:
    corpus = prepare(source="random_walk")
    steps = Counter(
        later - earlier
        for tune in corpus.tunes
        for earlier, later in zip(tune.tokens, tune.tokens[1:], strict=False)
        if 2 <= earlier <= 85
    )
    shares = [count / steps.total() for count in steps.values()]
    assert -sum(p * math.log(p) for p in shares) == pytest.approx(1.523, abs=0.005)
    assert {len(tune.tokens) for tune in corpus.tunes} == {32}


def test_published_split_of_walks_has_no_test_part() -> None:
    record = load(source="random_walk", split="source").record
    assert (record["train_tunes"], record["validation_tunes"]) == (800, 200)
    assert record["no_test_split"]
    with pytest.raises(ValueError, match="split 'source' of random walks has no test part"):
        load_test(source="random_walk", split="source")


def test_loading_opens_no_connection(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    def refuse(*_arguments: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    load(num_tunes=20)
    load(root)


def test_abc_files_become_parts(root: Path) -> None:
    data, test = load(root), load_test(root)
    counts = [data.record[f"{name}_tunes"] for name in ("train", "validation", "test")]
    assert sum(counts) == 30
    assert len(test) > 0
    assert data.record["source"] == str(root)


def test_fingerprint_changes_with_the_data(root: Path) -> None:
    fingerprints = [
        load(root).record["fingerprint"],
        load(root, key="C").record["fingerprint"],
        load(num_tunes=30).record["fingerprint"],
        load(num_tunes=30, seed=1).record["fingerprint"],
    ]
    assert len(set(fingerprints)) == 4
    assert load(root, context=64).record["fingerprint"] == fingerprints[0]


def test_every_tune_can_be_moved_to_c_or_a_minor() -> None:
    scale = {0, 2, 4, 5, 7, 9, 11}
    moved = prepare(key="C", num_tunes=50)
    assert all((token + 21) % 12 in scale for tune in moved.tunes for token in tune.tokens)
    for before, after in zip(prepare(num_tunes=50).tunes, moved.tunes, strict=True):
        shift = after.tokens[0] - before.tokens[0]
        assert -5 <= shift <= 6
        assert after.tokens == tuple(token + shift for token in before.tokens)


def test_a_tune_at_the_end_of_the_keyboard_moves_the_other_way() -> None:
    assert Tune((0, 9), key="D").in_c().tokens == (10, 19)
    assert Tune((80, 87), key="A").in_c().tokens == (71, 78)


def test_moving_needs_a_key(tmp_path: Path) -> None:
    write_json(tmp_path / PROCESSED, [Tune(tuple(range(20 + n)), "Odd") for n in range(10)])
    with pytest.raises(ValueError, match="data/key=C needs tunes of known key, got none for Odd"):
        load(tmp_path, key="C")


def test_too_few_tunes_are_counted_before_and_after(root: Path) -> None:
    words = "must hold 10 tunes or more of 21 to 20 notes, got 0 of 30"
    with pytest.raises(DataFormatError, match=words):
        load(root, min_length=21)
    with pytest.raises(DataFormatError, match="random_walk .* got 9 of 9"):
        load(source="random_walk", num_tunes=9)


def test_unknown_choices_list_the_known_ones() -> None:
    with pytest.raises(ValueError, match="source must be one of folk, random_walk, got jazz"):
        load(source="jazz")
    with pytest.raises(ValueError, match="key must be one of original, C, got D"):
        load(key="D")


def test_command_writes_processed_melodies(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out"
    target.mkdir()
    assert main([str(root), str(target)]) == 0
    assert "wrote 30 tunes" in capsys.readouterr().out
    assert len(read_json(target / PROCESSED)) == 30
    assert load(target).record["fingerprint"] == load(root).record["fingerprint"]


def test_command_says_in_one_line_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([str(tmp_path), str(tmp_path)])
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@needs_nottingham
def test_reference_collection_is_split_as_stated() -> None:
    plain, honest = (
        prepare(NOTTINGHAM, split=split, max_length=1000) for split in ("source", "honest")
    )
    parts = {name: len(places) for name, places in plain.parts.items()}
    assert parts == {"train": 827, "validation": 103, "test": 104}
    assert list(plain.parts["train"][:4]) == [301, 756, 919, 192]
    assert sum(len(tune) - 1 for tune in plain.tokens("validation")) == 10_395
    # two ties inside chords are merged that the stated 11,216 counts as notes
    assert sum(len(tune) - 1 for tune in plain.tokens("test")) == 11_216 - 2
    assert honest.record["tunes_moved_to_training"] == 5


def test_all_blocks_of_a_tune_lie_in_one_group() -> None:
    data = load(stride=4)
    assert data.groups is not None
    pairs = set(zip(data.train.columns["tune"].tolist(), data.groups.tolist(), strict=True))
    assert len(pairs) == len({tune for tune, _ in pairs}) == 900
