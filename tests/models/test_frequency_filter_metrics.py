"""Metrics of a whole part: formulas, the floor, and spectra of streamed signals."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from models.frequency_filter import build
from models.frequency_filter_metrics import metrics, spectral_mse, streamed


def part(num_rows: int = 40, num_steps: int = 9) -> tuple[Tensor, dict[str, Tensor]]:
    """Draw a prediction and its targets for four selectors."""
    generator = torch.Generator().manual_seed(0)
    target = torch.randn(num_rows, num_steps, 1, generator=generator)
    output = 0.8 * target + 0.3 * torch.randn(num_rows, num_steps, 1, generator=generator)
    return output, {"target": target, "selector": torch.arange(num_rows) % 4}


def test_scores_follow_their_formulas() -> None:
    output, batch = part()
    for suffix, rows in (("", np.arange(40)), ("_f3", np.arange(2, 40, 4))):
        p = output.numpy()[rows].astype(np.float64)
        y = batch["target"].numpy()[rows].astype(np.float64)
        error = ((p - y) ** 2).sum()
        expected = {
            "mse": error / p.size,
            "rmse": math.sqrt(error / p.size),
            "mae": np.abs(p - y).mean(),
            "r2": 1 - error / ((y - y.mean()) ** 2).sum(),
            "r": np.corrcoef(p.ravel(), y.ravel())[0, 1],
            "snr_db": 10 * math.log10((y**2).sum() / error),
            "mse_last": ((p[:, -1] - y[:, -1]) ** 2).mean(),
        }
        scores = metrics(output, batch)
        for name, value in expected.items():
            assert scores[name + suffix] == pytest.approx(value), name


def test_every_selector_is_scored_by_itself() -> None:
    output, batch = part()
    scores = metrics(output, batch)
    per_selector = [scores[f"mse_f{number}"] for number in (1, 2, 3, 4)]
    assert np.mean(per_selector) == pytest.approx(scores["mse"])
    assert "mse_f5" not in scores


def test_metric_does_not_depend_on_batch_size() -> None:
    torch.manual_seed(0)
    model = build(hidden_size=4).eval()
    _, batch = part()
    inputs = torch.randn(40, 9, 5)
    with torch.inference_mode():
        whole = metrics(model(inputs), batch)
        pieces = metrics(torch.cat([model(piece) for piece in inputs.split(7)]), batch)
    assert pieces == pytest.approx(whole)


def test_predicting_silence_explains_nothing() -> None:
    _, batch = part()
    scores = metrics(torch.zeros(40, 9, 1), batch)
    assert scores["mse"] == pytest.approx(float(batch["target"].square().mean()))
    assert scores["r2"] == pytest.approx(0, abs=0.01)
    assert scores["snr_db"] == pytest.approx(0)


def test_value_below_the_floor_is_flagged() -> None:
    output, batch = part()
    mse = metrics(output, batch)["mse"]
    for excess, flag in ((0.02, 0.0), (-0.005, 0.0), (-0.02, 1.0)):
        scores = metrics(output, batch, mse_floor=mse - excess)
        assert scores["excess_mse"] == pytest.approx(excess)
        assert scores["mse_floor"] == mse - excess
        assert scores["suspected_leak"] == flag


def test_bidirectional_filter_has_a_floor_of_its_own() -> None:
    output, batch = part()
    mse = metrics(output, batch)["mse"]
    floors = {"mse_floor": mse + 0.02, "bidirectional_mse_floor": mse - 0.06}
    assert metrics(output, batch, **floors)["suspected_leak"] == 1.0
    scores = metrics(output, batch, **floors, bidirectional=True)
    assert scores["suspected_leak"] == 0.0
    assert scores["mse_floor"] == floors["bidirectional_mse_floor"]


def test_without_a_known_floor_nothing_is_said_about_it() -> None:
    scores = metrics(*part())
    assert not {"mse_floor", "excess_mse", "suspected_leak"} & set(scores)


def test_streamed_signal_is_the_last_step_of_each_window() -> None:
    signal = torch.arange(100.0).reshape(2, 50)
    windows = signal.unfold(1, 8, 1).transpose(0, 1).reshape(-1, 8, 1)
    selector = torch.arange(2).repeat(43)
    torch.testing.assert_close(streamed(windows, selector), signal[:, 7:])


def test_spectral_error_is_the_squared_difference_of_amplitudes() -> None:
    time = torch.arange(1000) / 1000
    tone = torch.sin(2 * torch.pi * 5 * time)
    other = torch.sin(2 * torch.pi * 7 * time + 1)
    target = torch.stack([tone, tone])
    predicted = torch.stack([0.4 * tone, other])
    errors = spectral_mse(predicted, target)
    assert errors.tolist() == pytest.approx([0.36 / 501, 2 / 501], rel=1e-3)
    shifted = torch.roll(tone, 30)
    assert float(spectral_mse(shifted, tone)) == pytest.approx(0, abs=1e-9)
