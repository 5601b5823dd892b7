"""The search space of ``edc``."""

import inspect
from collections.abc import Mapping
from typing import Any

import optuna
import pytest
import torch

from datasets import edc as rooms
from models import edc
from models.edc_networks import NETWORKS
from search_spaces.edc import BASELINE, BUDGET, PRESETS, TARGETS, cautions, space
from tune.routing import route

NUM_SAMPLES = 40


def declared(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give the space a configuration; a value outside its range is a warning, so an error."""
    trial = optuna.trial.FixedTrial(dict(config))
    space(trial)
    return trial.params


def sampled(count: int) -> list[dict[str, Any]]:
    """Draw configurations from the space."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trials = [study.ask() for _ in range(count)]
    for trial in trials:
        space(trial)
    return [trial.params for trial in trials]


@pytest.mark.parametrize("config", [BASELINE, *PRESETS])
def test_baseline_and_presets_lie_inside_the_space(config: dict[str, Any]) -> None:
    assert declared(config) == config


def test_the_published_presets_differ_from_the_baseline_in_their_weights_only() -> None:
    names = [f"loss/{weight}_weight" for weight in ("edt", "t20", "c50")]
    published = [preset for preset in PRESETS if preset["model/network"] == "hybrid_v2"]
    weights = [tuple(preset[name] for name in names) for preset in published]
    assert weights == [(1.5, 2.5, 2.0), (1.5, 3.0, 2.5), (1.5, 4.0, 3.5)]
    for preset in published:
        assert {**preset, **{name: BASELINE[name] for name in names}} == BASELINE


def test_conditional_parameters_are_declared_only_where_they_act() -> None:
    acts = {
        "model/lstm_hidden": lambda c: c["model/network"] != "mlp",
        "data/scaler_y": lambda c: c["model/head"] == "linear" or c["loss/kind"] != "db",
        "loss/edt_weight": lambda c: c["loss/kind"] == "weighted_edc",
        "loss/t20_weight": lambda c: c["loss/kind"] == "weighted_edc",
        "loss/c50_weight": lambda c: c["loss/kind"] == "weighted_edc",
        "loss/aux_weight": lambda c: c["loss/kind"] == "auxiliary",
        "loss/softmax_k": lambda c: c["loss/kind"] == "auxiliary",
        "loss/db_weight": lambda c: c["loss/kind"] == "db",
        "loss/rir_beta": lambda c: c["loss/kind"] == "edc_rir",
        "loss/head_t20_weight": lambda c: c["model/network"] == "multihead",
        "loss/head_c50_weight": lambda c: c["model/network"] == "multihead",
        "optim/weight_decay": lambda c: c["optim/kind"] == "adamw",
    }
    for config in sampled(100):
        for name, condition in acts.items():
            assert (name in config) == condition(config), name


def test_every_sampled_configuration_fits_the_functions_it_reaches() -> None:
    decays = 10 ** (-torch.arange(NUM_SAMPLES) / torch.tensor([[5.0], [10.0]]))
    batch = {"inputs": torch.randn(2, 16), "curve": decays}
    batch |= edc.derive(batch, sample_rate_hz=250)
    for config in sampled(60):
        groups = route({**config, "model/fc_hidden": 4})
        model = edc.build(num_samples=NUM_SAMPLES, sample_rate_hz=250, **groups["model"])
        output = model(batch["inputs"], **groups["forward"])
        assert edc.loss(output, batch, sample_rate_hz=250, **groups["loss"]).isfinite().all()
        inspect.signature(rooms.load).bind(**groups["data"])


def test_every_network_but_the_optional_transformer_is_searched() -> None:
    networks = {config["model/network"] for config in sampled(100)}
    assert networks == set(NETWORKS) - {"transformer"}


def test_a_batch_of_two_is_excluded() -> None:
    with pytest.raises(ValueError, match="'2' not in"):
        declared({**BASELINE, "train/batch_size": 2})


def test_targets_are_metrics_of_the_model() -> None:
    curve = 10 ** (-torch.arange(NUM_SAMPLES) / torch.tensor([[5.0], [10.0]]))
    columns = {"curve": curve} | edc.derive({"curve": curve}, sample_rate_hz=250)
    scores = edc.metrics({"edc": curve}, columns, sample_rate_hz=250)
    for target in TARGETS:
        assert target.metric in scores
        assert target.dropped is None or target.dropped in scores


def test_every_time_and_level_target_charges_for_dropped_rows() -> None:
    caps = {target.metric: target.cap for target in TARGETS if target.dropped}
    assert caps == {"edt_mae_s": 1.0, "t20_mae_s": 1.0, "c50_mae_db": 20.0}


def test_the_default_sweep_reaches_past_baseline_and_presets() -> None:
    assert BUDGET.trials > 2 * (1 + len(PRESETS))


@pytest.mark.parametrize(
    ("name", "calm", "risky"),
    [("train/batch_size", 8, 2), ("train/clip_norm", 1.0, 0.0), ("loss/aux_weight", 0.1, 0.3)],
)
def test_values_with_which_published_runs_went_wrong_are_warned_of(
    name: str, calm: float, risky: float
) -> None:
    assert cautions({name: calm}) == []
    assert name in cautions({name: risky})[0]
    assert cautions({}) == []
