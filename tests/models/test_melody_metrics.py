"""Metrics of melody, on cases that can be computed by hand."""

import math

import pytest
import torch
from torch import Tensor

from datasets.melody_blocks import IGNORED, blocks
from models.melody import build, loss
from models.melody_metrics import metrics


def sure(notes: Tensor, confidence: float) -> Tensor:
    """Return logits that give each note a likelihood, and the other keys the rest alike."""
    likelihood = torch.full((*notes.shape, 88), (1 - confidence) / 87)
    likelihood.scatter_(-1, notes.clamp(min=0)[..., None], confidence)
    return likelihood.log()


def test_perplexity_weighs_every_note_alike() -> None:
    target = torch.tensor([[1, 2, 3, 4], [5, IGNORED, IGNORED, IGNORED]])
    output = torch.cat([sure(target[:1], 0.5), sure(target[1:], 0.25)])
    values = metrics(output, {"target": target})
    nll = (4 * math.log(2) + math.log(4)) / 5  # not (log 2 + log 4) / 2, the mean of rows
    assert values["nll"] == pytest.approx(nll)
    assert values["perplexity"] == pytest.approx(2 ** (6 / 5))
    assert values["accuracy"] == 1.0


def test_accuracy_counts_the_likeliest_note() -> None:
    target = torch.tensor([[1, 2, 3, IGNORED]])
    output = sure(torch.tensor([[1, 7, 3, 9]]), 0.9)
    assert metrics(output, {"target": target})["accuracy"] == pytest.approx(2 / 3)


def test_accuracy_of_a_perfect_stub_is_one() -> None:
    rows = blocks([[40, 42, 44, 42, 40], [50, 50, 51]], context=3)
    values = metrics(sure(rows["target"], 1 - 1e-6), rows)
    assert values["accuracy"] == 1.0
    assert values["nll"] == pytest.approx(0, abs=1e-5)


def test_knowing_nothing_has_a_perplexity_of_88() -> None:
    rows = blocks([list(range(30, 60))], context=8)
    values = metrics(torch.zeros(*rows["inputs"].shape, 88), rows)
    assert values["perplexity"] == pytest.approx(88)


def test_perplexity_is_exp_of_nll_and_differs_from_88_after_training() -> None:
    torch.manual_seed(0)
    rows = blocks([[40, 42, 44, 45] * 8] * 4, context=16)
    model = build(embedding_dim=8, hidden_size=16, num_layers=1)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-2)
    for _ in range(20):
        optimiser.zero_grad()
        loss(model(rows["inputs"]), rows).mean().backward()
        optimiser.step()
    values = metrics(model.eval()(rows["inputs"]), rows)
    assert values["perplexity"] == pytest.approx(math.exp(values["nll"]))
    assert values["perplexity"] < 10


@pytest.mark.parametrize("batch_size", [1, 2, 7, 100])
def test_nll_does_not_depend_on_batch_size(batch_size: int) -> None:
    torch.manual_seed(0)
    rows = blocks([torch.randint(88, (n,)).tolist() for n in (5, 17, 40, 9)], context=6)
    model = build(embedding_dim=8, hidden_size=8).eval()
    whole = metrics(model(rows["inputs"]), rows)
    output = torch.cat([model(part) for part in rows["inputs"].split(batch_size)])
    assert metrics(output, rows)["nll"] == pytest.approx(whole["nll"], rel=1e-6)


def test_a_model_that_has_diverged_is_told_by_its_numbers() -> None:
    rows = {"target": torch.tensor([[1, 2]])}
    assert math.isnan(metrics(torch.full((1, 2, 88), math.nan), rows)["nll"])
    huge = torch.zeros(1, 2, 88)
    huge[..., 3] = 1e4
    assert metrics(huge, rows)["perplexity"] == math.inf
