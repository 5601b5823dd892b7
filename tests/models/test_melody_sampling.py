"""Generated tunes and the files that are written of them."""

import json
from pathlib import Path

import mido
import pytest
import torch
from torch import Tensor, nn

from datasets.melody import load
from models.melody import build, sample
from models.melody_markov import Markov
from models.melody_midi import write_midi
from models.melody_sampling import continuations, generate


class Next(nn.Module):
    """Is sure that the next note is one higher; tells of the last note only if asked to."""

    def __init__(self, last_only: bool = False) -> None:
        """Choose whether to tell of every note."""
        super().__init__()
        self.last_only = last_only
        self.seen = 0

    def forward(self, inputs: Tensor) -> Tensor:
        self.seen = max(self.seen, inputs.shape[1])
        logits = 100 * nn.functional.one_hot((inputs + 1) % 88, 88).float()
        return logits[:, -1] if self.last_only else logits


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("last_only", [False, True])
def test_tunes_are_continued_to_their_length(last_only: bool) -> None:
    model = Next(last_only)
    tunes = generate(model, [[1, 2], [50, 60]], 6, context=4, generator=seeded())
    assert tunes == [[1, 2, 3, 4, 5, 6], [50, 60, 61, 62, 63, 64]]
    assert model.seen == 4


@pytest.mark.parametrize(
    "model",
    [
        build(embedding_dim=8, hidden_size=8),
        build(kind="transformer", embedding_dim=8, num_layers=1),
        Markov(2).fit(
            {key: load(num_tunes=20).train.columns[key] for key in ("inputs", "target")}
        ),
    ],
)
def test_equal_seeds_give_equal_tunes(model: nn.Module) -> None:
    starts = [[40, 42, 44]] * 5
    first, second, other = (
        generate(model, starts, 20, context=8, generator=seeded(seed)) for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other
    assert all(0 <= token < 88 for tune in first for token in tune)


def test_low_temperature_takes_the_likeliest_note() -> None:
    torch.manual_seed(0)
    model = build(embedding_dim=8, hidden_size=8).eval()
    (tune,) = generate(model, [[40]], 2, context=8, generator=seeded(), temperature=1e-4)
    assert tune[1] == int(model(torch.tensor([[40]]))[0, -1].argmax())


def test_generation_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    generate(build(hidden_size=8).eval(), [[40]], 4, context=8, generator=seeded())
    torch.set_rng_state(before)
    model = build(hidden_size=8).eval()
    state = torch.get_rng_state()
    generate(model, [[40]], 4, context=8, generator=seeded())
    assert torch.equal(torch.get_rng_state(), state)


def test_what_cannot_be_generated_is_refused() -> None:
    with pytest.raises(ValueError, match="temperature must be positive, got 0"):
        generate(Next(), [[1]], 4, context=8, generator=seeded(), temperature=0)
    with pytest.raises(ValueError, match="starts must hold a note for each tune"):
        generate(Next(), [[]], 4, context=8, generator=seeded())


def test_real_tunes_are_begun_in_turn() -> None:
    openings = [list(range(10, 42)), list(range(50, 82))]
    tunes = continuations(Next(), openings, 3, context=16, seed=0)
    assert [tune[0] for tune in tunes] == [10, 50, 10]
    assert {len(tune) for tune in tunes} == {32}


def test_sample_writes_tunes_and_what_they_measure(tmp_path: Path) -> None:
    facts = load(num_tunes=30).facts
    paths = sample(build(hidden_size=8), tmp_path / "new", 4, 7, **facts)
    assert [path.name for path in paths[:-1]] == [f"tune-{n:03d}.mid" for n in range(4)]
    assert all(path.exists() for path in paths)
    measures = json.loads(paths[-1].read_text())
    assert measures["generated"].keys() == measures["real"].keys()
    again = sample(build(hidden_size=8), tmp_path / "again", 4, 7, **facts)
    assert len(again) == 5


def test_midi_file_holds_the_tune(tmp_path: Path) -> None:
    write_midi([39, 41, 87, 0], tmp_path / "tune.mid")
    file = mido.MidiFile(tmp_path / "tune.mid")
    played = [message.note for message in file if message.type == "note_on"]
    assert played == [60, 62, 108, 21]
    assert file.length == pytest.approx(4 * 0.25)  # eighths at 120 beats a minute
