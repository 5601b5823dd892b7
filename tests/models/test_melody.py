"""The networks of melody as a workload: sizes, losses, transposition."""

from typing import Any

import pytest
import torch
from torch import Tensor

from datasets.melody_blocks import IGNORED, blocks
from models.melody import augment, build, loss, metrics
from models.melody_networks import VOCABULARY

SHAPES: list[dict[str, Any]] = [
    {"kind": "lstm"},
    {"kind": "gru"},
    {"kind": "rnn", "num_layers": 1},
    {"kind": "transformer", "embedding_dim": 16, "num_heads": 4, "feedforward_dim": 32},
    {"kind": "transformer", "embedding_dim": 16, "num_heads": 4, "norm_first": True},
]
everyone = pytest.mark.parametrize("shape", SHAPES)


def small(**model: Any) -> torch.nn.Module:
    """Build a small network with reproducible weights."""
    torch.manual_seed(0)
    return build(**{"embedding_dim": 8, "hidden_size": 8, **model})


def batch(num_rows: int = 5, num_notes: int = 12) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    tunes = torch.randint(30, 60, (num_rows, num_notes + 1), generator=generator)
    return blocks(tunes.tolist(), context=num_notes)


@pytest.mark.parametrize(
    ("model", "count"),
    [
        ({}, 248_408),
        ({"kind": "gru"}, 190_552),
        ({"kind": "rnn"}, 74_840),
        ({"hidden_size": 256}, 884_312),
        ({"embedding_dim": 16, "hidden_size": 16, "num_layers": 1}, 5_080),
        ({"kind": "transformer", "embedding_dim": 128, "num_layers": 4}, 943_704),
        (
            {
                "kind": "transformer",
                "embedding_dim": 64,
                "num_heads": 4,
                "feedforward_dim": 256,
                "norm_first": True,
            },
            175_320,
        ),
    ],
)
def test_parameter_counts_are_the_stated_ones(model: dict[str, Any], count: int) -> None:
    assert sum(weights.numel() for weights in build(**model).parameters()) == count


def test_weights_have_the_published_names() -> None:
    assert {name.split(".")[0] for name, _ in build().named_parameters()} == {
        "embedding",
        "lstm",
        "fc",
    }
    transformer = build(kind="transformer", embedding_dim=8)
    names = {name.split(".")[0] for name, _ in transformer.named_parameters()}
    assert names == {"embedding", "pos_encoder", "transformer", "fc"}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"kind": "markov"}, "kind must be one of lstm, gru, rnn, transformer, got markov"),
        ({"init": "large"}, "init must be one of published, small, got large"),
        ({"hidden_size": 0}, "hidden_size must be at least 1, got 0"),
        (
            {"kind": "transformer", "embedding_dim": 36},
            "embedding_dim must be a multiple of num_heads, got 36 and 8",
        ),
    ],
)
def test_impossible_networks_are_refused(model: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build(**model)


@everyone
@pytest.mark.parametrize("arguments", [{}, {"objective": "last"}, {"label_smoothing": 0.1}])
def test_loss_does_not_depend_on_pad_value(
    shape: dict[str, Any], arguments: dict[str, Any]
) -> None:
    model = small(**shape).eval()
    padded = blocks([[40, 41, 43], [50, 51, 52, 53, 54, 55, 56]], context=6)
    values = []
    for pad in (0, 87):
        inputs = padded["inputs"].where(padded["target"] != IGNORED, pad)
        values.append(loss(model(inputs), padded, **arguments))
    torch.testing.assert_close(values[0], values[1])


def test_loss_is_the_mean_over_scored_notes() -> None:
    likelihood = torch.full((1, 3, VOCABULARY), 0.5 / 86)
    likelihood[0, :, 10], likelihood[0, :, 20] = 0.3, 0.2
    rows = {"target": torch.tensor([[10, 20, IGNORED]])}
    output = likelihood.log()
    expected = [-torch.tensor(p).log().item() for p in (0.3, 0.2)]
    assert loss(output, rows).tolist() == pytest.approx(expected)
    assert loss(output, rows, objective="last").tolist() == pytest.approx(expected[1:])
    smoothed = -(0.9 * likelihood[0, 0, 10].log() + 0.1 * likelihood[0, 0].log().mean())
    assert loss(output, rows, label_smoothing=0.1)[0].item() == pytest.approx(float(smoothed))


def test_loss_of_the_last_note_takes_one_note_a_block() -> None:
    rows = blocks([[40, 41, 43], list(range(30, 44))], context=6)
    output = torch.randn(len(rows["tune"]), 6, VOCABULARY)
    every, last = loss(output, rows), loss(output, rows, objective="last")
    assert len(every) == 2 + 13
    assert len(last) == len(rows["tune"])
    assert set(last.tolist()) <= set(every.tolist())


def test_a_network_that_predicts_one_note_a_block_has_the_same_loss() -> None:
    rows = batch()
    output = torch.randn(5, 12, VOCABULARY)
    torch.testing.assert_close(
        loss(output[:, -1], rows), loss(output, rows, objective="last"), msg="of the last note"
    )
    assert metrics(output[:, -1], rows)["nll"] == pytest.approx(
        loss(output, rows, objective="last").mean().item()
    )


def test_label_smoothing_may_be_one_number_a_row() -> None:
    rows, output = batch(2), torch.randn(2, 12, VOCABULARY)
    smoothing = torch.tensor([[0.0], [0.1]])
    mixed = loss(output, rows, label_smoothing=smoothing)
    torch.testing.assert_close(mixed[:12], loss(output, rows)[:12])
    torch.testing.assert_close(mixed[12:], loss(output, rows, label_smoothing=0.1)[12:])


def test_unknown_objective_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="objective must be one of all, last, got first"):
        loss(torch.zeros(1, 12, VOCABULARY), batch(1), objective="first")


def test_nothing_is_transposed_unless_asked_for() -> None:
    rows = batch()
    assert augment(rows) is rows


def test_blocks_move_as_a_whole_through_all_twelve_keys() -> None:
    torch.manual_seed(0)
    rows = batch(num_rows=400)
    moved = augment(rows, transpose=True)
    shifts = moved["inputs"] - rows["inputs"]
    assert (shifts == shifts[:, :1]).all()
    assert (moved["target"] - rows["target"] == shifts).all()
    counts = torch.bincount(shifts[:, 0] + 5, minlength=12)
    assert len(counts) == 12
    assert counts.min() > 15
    again = augment(rows, transpose=True)
    assert not torch.equal(again["inputs"], moved["inputs"])


def test_transposition_stays_on_the_keyboard_and_leaves_padding_alone() -> None:
    rows = blocks([[1, 2, 0], [86, 87, 87]] * 20, context=4)
    for _ in range(20):
        moved = augment(rows, transpose=True)
        padding = rows["target"] == IGNORED
        assert torch.equal(moved["target"] == IGNORED, padding)
        assert (moved["inputs"][padding] == 0).all()
        notes = torch.cat([moved["inputs"][~padding], moved["target"][~padding]])
        assert notes.min() >= 0
        assert notes.max() < VOCABULARY


@everyone
def test_training_lowers_the_loss_and_two_runs_are_identical(shape: dict[str, Any]) -> None:
    results = []
    for _ in range(2):
        rows, model = batch(num_rows=8), small(**shape)
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
        losses = []
        for _step in range(8):
            optimiser.zero_grad()
            value = loss(model(rows["inputs"], dropout=0.1), rows).mean()
            value.backward()
            optimiser.step()
            losses.append(value.item())
        assert losses[-1] < losses[0]
        results.append(losses)
    assert results[0] == results[1]
