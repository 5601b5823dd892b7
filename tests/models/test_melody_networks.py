"""Recurrent networks and Transformer: causality, dropout at call time, torch's own results."""

from typing import Any

import pytest
import torch
from torch import nn

from models.melody import build
from models.melody_networks import INITS, RecurrentMelody, TransformerMelody

KINDS: list[dict[str, Any]] = [
    {"kind": "lstm"},
    {"kind": "gru"},
    {"kind": "rnn"},
    {"kind": "transformer", "norm_first": False},
    {"kind": "transformer", "norm_first": True, "init": "small"},
]
everyone = pytest.mark.parametrize("shape", KINDS)


def small(**model: Any) -> RecurrentMelody | TransformerMelody:
    torch.manual_seed(0)
    return build(**{"embedding_dim": 16, "hidden_size": 12, "feedforward_dim": 24, **model})


def notes(num_rows: int = 3, num_notes: int = 10) -> torch.Tensor:
    return torch.randint(88, (num_rows, num_notes), generator=torch.Generator().manual_seed(1))


@everyone
def test_logits_have_a_value_for_every_key_at_every_note(shape: dict[str, Any]) -> None:
    assert small(**shape)(notes()).shape == (3, 10, 88)


@everyone
@pytest.mark.parametrize("training", [False, True])
def test_future_notes_do_not_change_past_logits(shape: dict[str, Any], training: bool) -> None:
    model = small(**shape).train(training)
    first = notes()
    second = first.clone()
    second[:, 6:] = (second[:, 6:] + 17) % 88
    before, after = model(first, dropout=0.0), model(second, dropout=0.0)
    torch.testing.assert_close(before[:, :6], after[:, :6])
    assert not torch.allclose(before[:, 6], after[:, 6])


@everyone
def test_training_without_dropout_equals_evaluation(shape: dict[str, Any]) -> None:
    model = small(**shape)
    trained = model.train()(notes(), dropout=0.0)
    torch.testing.assert_close(trained, model.eval()(notes(), dropout=0.4))


@everyone
def test_dropout_may_be_one_number_a_row(shape: dict[str, Any]) -> None:
    model = small(**shape).train()
    rates = torch.tensor([[0.0], [0.5], [0.0]])
    first, second = model(notes(), dropout=rates), model(notes(), dropout=rates)
    torch.testing.assert_close(first[[0, 2]], second[[0, 2]])
    assert not torch.allclose(first[1], second[1])


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_recurrent_network_is_torchs_own(kind: str) -> None:
    model = small(kind=kind).eval()
    assert isinstance(model, RecurrentMelody)
    recurrent = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[kind](16, 12, 2, batch_first=True)
    recurrent.load_state_dict(model.recurrent.state_dict())
    expected = model.fc(recurrent(model.embedding(notes()))[0])
    torch.testing.assert_close(model(notes()), expected)


@pytest.mark.parametrize("norm_first", [False, True])
def test_transformer_is_torchs_own(norm_first: bool) -> None:
    model = small(kind="transformer", norm_first=norm_first).train()
    assert isinstance(model, TransformerMelody)
    states = 4.0 * model.embedding(notes()) + model.pos_encoder[:, :10]  # sqrt(16)
    mask = nn.Transformer.generate_square_subsequent_mask(10)
    expected = model.fc(model.transformer(states, mask=mask, is_causal=True))
    torch.testing.assert_close(model(notes(), dropout=0.0), expected)


@pytest.mark.parametrize("init", INITS)
def test_initialisation_scales_embeddings_and_positions(init: str) -> None:
    model = small(kind="transformer", init=init)
    assert isinstance(model, TransformerMelody)
    scale, deviation = {"published": (4.0, 1.0), "small": (0.4, 0.02)}[init]
    assert model.scale == pytest.approx(scale)
    assert model.pos_encoder.std().item() == pytest.approx(deviation, rel=0.05)


def test_transformer_refuses_more_notes_than_it_has_positions() -> None:
    model = small(kind="transformer")
    with pytest.raises(ValueError, match="context must be at most 1000 notes, got 1001"):
        model(torch.zeros(1, 1001, dtype=torch.int64))


def test_published_dropout_is_the_default() -> None:
    for shape, rate in (({"kind": "lstm"}, 0.2), ({"kind": "transformer"}, 0.1)):
        model = small(**shape).train()
        outputs = []
        for arguments in ({}, {"dropout": rate}):
            torch.manual_seed(3)
            outputs.append(model(notes(), **arguments))
        torch.testing.assert_close(outputs[0], outputs[1])
