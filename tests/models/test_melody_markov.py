"""Markov models: by hand, by their sum, and against what was measured on the default data."""

import pytest
import torch

from datasets.contract import Part
from datasets.melody import load, load_test
from datasets.melody_blocks import blocks
from models.melody_markov import Markov
from models.melody_metrics import metrics


def likelihood(model: Markov, notes: list[int]) -> torch.Tensor:
    return model(torch.tensor([notes]))[0, -1].exp()


def test_order_one_by_hand() -> None:
    model = Markov(1).fit(blocks([[1, 2, 1, 2, 1, 3]], context=16))
    # after any note: 2 twice, 1 twice, 3 once; N = 5, T = 3
    alone = {note: (times + 3 / 88) / 8 for note, times in ((1, 2), (2, 2), (3, 1), (4, 0))}
    # after 1: 2 twice, 3 once; N = 3, T = 2
    after_one = {note: (times + 2 * alone[note]) / 5 for note, times in ((2, 2), (3, 1), (1, 0))}
    found = likelihood(model, [1])
    for note, expected in after_one.items():
        assert found[note].item() == pytest.approx(expected)
    # a note never seen before another leaves the order below
    for note, expected in alone.items():
        assert likelihood(model, [80])[note].item() == pytest.approx(expected)


@pytest.mark.parametrize("order", [0, 1, 2, 5, 8])
def test_likelihoods_sum_to_one(order: int) -> None:
    torch.manual_seed(0)
    rows = blocks(torch.randint(40, 50, (20, 30)).tolist(), context=64)
    model = Markov(order).fit(rows)
    sums = model(torch.randint(38, 52, (4, 12))).exp().sum(dim=-1)
    torch.testing.assert_close(sums, torch.ones(4, 12))


def test_order_two_knows_what_order_one_cannot() -> None:
    rows = blocks([[1, 5, 2, 3, 5, 4] * 30], context=512)
    for order, sure in ((1, 0.6), (2, 0.95)):
        found = likelihood(Markov(order).fit(rows), [1, 5])[2].item()
        assert (found > 0.9) == (sure > 0.9)


def test_contexts_end_where_the_tune_begins() -> None:
    rows = blocks([[1, 2, 3], [4, 2, 5]] * 5, context=8)
    model = Markov(2).fit(rows)
    first = model(torch.tensor([[2]]))[0, 0]
    torch.testing.assert_close(first, Markov(1).fit(rows)(torch.tensor([[2]]))[0, 0])


def test_future_notes_do_not_change_past_likelihoods() -> None:
    model = Markov(3).fit(blocks([list(range(30, 60))], context=64))
    first, second = model(torch.tensor([[30, 31, 32, 33]])), model(torch.tensor([[30, 31, 50, 2]]))
    torch.testing.assert_close(first[:, :2], second[:, :2])


def test_order_has_limits() -> None:
    for order in (-1, 9):
        with pytest.raises(ValueError, match=f"order must be 0..8, got {order}"):
            Markov(order)


def test_default_data_are_as_hard_as_stated() -> None:
    data = load(context=200)  # whole tunes
    parts: list[Part] = [data.train, data.validation, load_test(context=200)]
    train, validation, test = (part.batch(torch.arange(len(part))) for part in parts)
    stated = {
        0: (3.044, 0.105, 3.063, 0.097),
        1: (2.182, 0.270, 2.166, 0.271),
        2: (2.134, 0.279, 2.103, 0.287),
        3: (2.237, None, 2.200, None),
        4: (2.479, None, 2.434, None),
    }
    for order, values in stated.items():
        model = Markov(order).fit(train)
        scores = [metrics(model(rows["inputs"]), rows) for rows in (validation, test)]
        found = [score[name] for score in scores for name in ("nll", "accuracy")]
        for value, expected in zip(found, values, strict=True):
            assert expected is None or value == pytest.approx(expected, abs=0.001)
