"""The workload ``edc``: building, loss, derived columns and metrics."""

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor

from models import edc
from models.edc_networks import NETWORKS
from search_spaces.edc import BASELINE
from tune import data, workloads
from tune.training import Plan, Training

RATE_HZ = 250.0
NUM_SAMPLES = 100
FACTS = {"num_samples": NUM_SAMPLES, "sample_rate_hz": RATE_HZ}
STRENGTHS: dict[str, dict[str, float]] = {
    "mse": {},
    "edc_rir": {"rir_beta": 0.4},
    "weighted_edc": {"edt_weight": 1.5, "t20_weight": 4.0, "c50_weight": 2.5},
    "auxiliary": {"aux_weight": 0.1, "softmax_k": 2.0},
    "db": {"db_weight": 0.01},
}
HEADS = {"head_t20_weight": 100.0, "head_c50_weight": 50.0}


def small(network: str = "hybrid_v2", **settings: Any) -> edc.DecayModel:
    """Build a small model, always with the same weights."""
    torch.manual_seed(0)
    return edc.build(network, fc_hidden=8, lstm_hidden=4, **(FACTS | settings))


def example(num_rows: int = 6) -> dict[str, Tensor]:
    """Features and exponential decays, with the derived columns."""
    generator = torch.Generator().manual_seed(1)
    decay_s = 0.1 + 0.2 * torch.rand(num_rows, 1, generator=generator)
    curve = 10 ** (-6 * torch.arange(NUM_SAMPLES) / RATE_HZ / decay_s)
    batch = {"inputs": torch.randn(num_rows, 16, generator=generator), "curve": curve}
    return batch | edc.derive(batch, sample_rate_hz=RATE_HZ)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("head", ["linear", "monotone"])
@pytest.mark.parametrize("kind", STRENGTHS)
def test_every_network_trains_with_every_head_and_loss(network: str, head: str, kind: str) -> None:
    model, batch = small(network, head=head), example()
    output = model(batch["inputs"], dropout=0.2)
    loss = edc.loss(output, batch, kind, sample_rate_hz=RATE_HZ, **STRENGTHS[kind])
    assert loss.shape == (6,)
    loss.mean().backward()
    gradients = [parameter.grad for parameter in model.parameters()]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("kind", STRENGTHS)
def test_numbers_give_equal_losses_and_gradients_in_all_three_forms(kind: str) -> None:
    batch = example()

    def row(form: Any) -> tuple[Tensor, list[Tensor]]:
        model = small("multihead", head="monotone")
        torch.manual_seed(3)
        output = model(batch["inputs"], dropout=form(0.3))
        numbers = {name: form(value) for name, value in (STRENGTHS[kind] | HEADS).items()}
        loss = edc.loss(output, batch, kind, sample_rate_hz=RATE_HZ, **numbers)
        loss.mean().backward()
        return loss, [p.grad for p in model.parameters() if p.grad is not None]

    expected_loss, expected_gradients = row(float)
    for form in (torch.tensor, lambda value: torch.full((6, 1), value)):
        loss, gradients = row(form)
        torch.testing.assert_close(loss, expected_loss, rtol=1e-6, atol=1e-6)
        for gradient, expected in zip(gradients, expected_gradients, strict=True):
            torch.testing.assert_close(gradient, expected, rtol=1e-6, atol=1e-6)


def test_rows_of_one_batch_may_have_different_numbers() -> None:
    batch, model = example(2), small().eval()
    output = model(batch["inputs"])
    weights = torch.tensor([[1.5], [4.0]])
    both = edc.loss(output, batch, t20_weight=weights, sample_rate_hz=RATE_HZ)
    for index, weight in enumerate((1.5, 4.0)):
        alone = edc.loss(output, batch, t20_weight=weight, sample_rate_hz=RATE_HZ)
        torch.testing.assert_close(both[index], alone[index])


def test_a_model_takes_features_in_their_own_units() -> None:
    mean, std = torch.arange(16.0), torch.arange(1.0, 17.0)
    scaled, plain = small(feature_mean=mean, feature_std=std).eval(), small().eval()
    inputs = torch.randn(3, 16)
    torch.testing.assert_close(scaled(inputs * std + mean)["edc"], plain(inputs)["edc"])


def test_a_loaded_model_brings_its_scalers_and_leaves_the_data_alone() -> None:
    shift, scale = torch.rand(NUM_SAMPLES), torch.rand(NUM_SAMPLES) + 1
    trained = small(curve_shift=shift, curve_scale=scale).eval()
    other_shift = torch.zeros(NUM_SAMPLES)
    loaded = small(curve_shift=other_shift).eval()
    loaded.load_state_dict(trained.state_dict())
    inputs = torch.randn(3, 16)
    torch.testing.assert_close(loaded(inputs)["edc"], trained(inputs)["edc"])
    assert (other_shift == 0).all()


@pytest.mark.parametrize("network", NETWORKS)
def test_scaling_is_undone_once_for_every_network(network: str) -> None:
    shift, scale = torch.rand(NUM_SAMPLES), torch.rand(NUM_SAMPLES) + 1
    output = small(network, curve_shift=shift, curve_scale=scale)(torch.randn(3, 16))
    torch.testing.assert_close(output["edc"], output["z"] * scale + shift)


def test_curves_keep_single_precision_when_the_network_does_not() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = small(head="monotone")(torch.randn(3, 16))
    assert output["edc"].dtype == output["z"].dtype == torch.float32


@pytest.mark.parametrize("argument", ["network", "head"])
def test_an_unknown_part_lists_the_known_ones(argument: str) -> None:
    with pytest.raises(ValueError, match=rf"{argument} must be one of .*, got nonsense"):
        edc.build(**{**FACTS, argument: "nonsense"})


def test_an_unknown_loss_lists_the_known_ones() -> None:
    batch = example()
    output = {"edc": batch["curve"]}
    with pytest.raises(ValueError, match="kind must be one of mse, .*, got nonsense"):
        edc.loss(output, batch, "nonsense", sample_rate_hz=RATE_HZ)


def test_a_strength_of_another_loss_is_refused() -> None:
    batch = example()
    with pytest.raises(TypeError, match="db_weight"):
        edc.loss({"edc": batch["curve"]}, batch, "mse", sample_rate_hz=RATE_HZ, db_weight=0.1)


def test_t20_weight_acts_on_standardised_curves() -> None:
    batch = example()
    scale = batch["curve"].std(0).clamp(min=1e-3)
    output = small(curve_shift=batch["curve"].mean(0), curve_scale=scale)(batch["inputs"])
    losses = [
        edc.loss(output, batch, t20_weight=w, sample_rate_hz=RATE_HZ, curve_scale=scale)
        for w in (1.5, 4.0)
    ]
    assert (losses[0] < losses[1]).all()


def test_derived_columns_do_not_depend_on_how_many_rows_are_taken_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = example(7)
    monkeypatch.setattr(edc, "ROWS_AT_ONCE", 3)
    for name, column in edc.derive(batch, sample_rate_hz=RATE_HZ).items():
        torch.testing.assert_close(column, batch[name], rtol=0, atol=0)


def test_a_perfect_prediction_meets_every_metric() -> None:
    batch = example()
    scores = edc.metrics({"edc": batch["curve"]}, batch, sample_rate_hz=RATE_HZ)
    for name in ("edc_mae", "edt_mae_s", "t20_mae_s", "t30_mae_s", "c50_mae_db", "d50_mae"):
        assert scores[name] == 0
    for name in ("origin_edt_mae_s", "origin_t20_mae_s", "origin_c50_mae_db", "aux_fallbacks"):
        assert scores[name] == 0
    assert scores["edc_r2"] == scores["t20_r2"] == scores["t20_jnd"] == 1


def test_a_flat_prediction_is_reported_as_dropped() -> None:
    batch = example()
    scores = edc.metrics({"edc": torch.ones(6, NUM_SAMPLES)}, batch, sample_rate_hz=RATE_HZ)
    for name in ("edt", "t20", "t30", "origin_edt", "origin_t20"):
        assert scores[f"{name}_dropped"] == 1
        assert scores[f"{name}_jnd"] == 0
    assert scores["c50_dropped"] == 0


def test_outputs_beside_the_curve_are_judged_by_themselves() -> None:
    batch = example()
    output = {"edc": batch["curve"], "t20": batch["iso_t20"] + 0.1, "c50": batch["iso_c50"]}
    scores = edc.metrics(output, batch, sample_rate_hz=RATE_HZ)
    assert scores["head_t20_mae_s"] == pytest.approx(0.1)
    assert scores["head_c50_mae_db"] == scores["t20_mae_s"] == 0


def test_nothing_that_is_tuned_enters_the_metrics() -> None:
    assert set(inspect.signature(edc.metrics).parameters) == {"output", "batch", "sample_rate_hz"}


def trained_objective(epochs: int, **changes: object) -> float:
    """Best worst ratio to a target on the ``fast`` data, with the settings of the reference."""
    config: dict[str, object] = {
        "data/size": "fast",
        "model/fc_hidden": 256,
        "forward/dropout": 0.1,
        "optim/lr": 1e-3,
        "schedule/kind": "onecycle",
        "train/batch_size": 32,
        "train/clip_norm": 1.0,
    }
    config |= {name.replace("__", "/"): value for name, value in changes.items()}
    loaded = data.load("edc", None, config)
    training = Training(workloads.get("edc"), config, loaded, Plan(epochs, seed=0))
    return [training.epoch() for _ in range(epochs)][-1]["objective"]


@pytest.mark.slow
def test_a_monotone_head_with_the_level_loss_beats_the_published_pair() -> None:
    ours = trained_objective(15, model__head="monotone", loss__kind="db")
    published = trained_objective(15, model__head="linear", loss__kind="mse")
    assert ours < 3 < published


def test_defaults_are_the_published_baseline() -> None:
    for function, group in ((edc.build, "model"), (edc.loss, "loss")):
        for name, parameter in inspect.signature(function).parameters.items():
            if f"{group}/{name}" in BASELINE:
                assert parameter.default == BASELINE[f"{group}/{name}"]
