"""The battery: what every workload must pass."""

import io
import math
from functools import cache
from typing import Any

import optuna
import pytest
import torch
from matplotlib.figure import Figure

from datasets.contract import Data, Part
from tune import data, workloads
from tune.errors import UserError
from tune.folds import begin
from tune.routing import named
from tune.training import Plan, Training

SMALL: dict[str, dict[str, Any]] = {  # data on which an epoch is short
    "edc": {"data/size": "tiny"},
    "emotion": {"data/size": "tiny"},
    "frequency_filter": {"data/stride": 200},
    "melody": {"data/num_tunes": 160, "data/context": 200},
    "companion_emotion": {"data/quick": True},
    "companion_melody": {"data/quick": True},
    "companion_harmony": {"data/quick": True},
    "companion_dynamics": {"data/quick": True},
    "companion_groove": {"data/quick": True},
}
everyone = pytest.mark.parametrize("name", workloads.NAMES)


@cache
def sampled(name: str, seed: int) -> dict[str, Any]:
    """Return a configuration drawn from the space, on small data."""
    sampler = optuna.samplers.RandomSampler(seed=seed)
    trial = optuna.create_study(sampler=sampler).ask()
    workloads.space(name).declare(trial)
    return trial.params | SMALL[name]


def loaded(name: str, config: dict[str, Any]) -> Data:
    return data.load(name, None, config)


def training(name: str, config: dict[str, Any], epochs: int = 3) -> Training:
    return Training(workloads.get(name), config, loaded(name, config), Plan(epochs, seed=1))


@everyone
def test_baseline_and_presets_lie_inside_the_space(name: str) -> None:
    space = workloads.space(name)
    for known in (space.baseline, *space.presets):
        trial = optuna.trial.FixedTrial(dict(known))
        space.declare(trial)  # type: ignore[arg-type]  # a trial whose values are given
        assert trial.params == known


@everyone
@pytest.mark.filterwarnings("error::UserWarning")  # Optuna's, for a value outside its range
def test_baseline_trains_an_epoch(name: str) -> None:
    config = dict(workloads.space(name).baseline) | SMALL[name]
    row = training(name, config).epoch()
    assert math.isfinite(row["objective"])


@everyone
@pytest.mark.parametrize("seed", range(4))
def test_any_sampled_point_trains_an_epoch_to_finite_metrics(name: str, seed: int) -> None:
    row = training(name, sampled(name, seed)).epoch()
    assert math.isfinite(row["objective"])
    assert row["seconds"] > 0


@everyone
def test_restored_training_continues_identically(name: str) -> None:
    config = sampled(name, 0)
    whole, first = training(name, config), training(name, config)
    rows = [whole.epoch() for _ in range(3)]
    first.epoch()
    buffer = io.BytesIO()
    torch.save(first.state_dict(), buffer)
    buffer.seek(0)
    second = training(name, config)
    second.load_state_dict(torch.load(buffer, weights_only=True))
    again = [first.history[0], second.epoch(), second.epoch()]
    for row in (*rows, *again):
        del row["seconds"]
    assert repr(again) == repr(rows)  # repr, since a metric may be NaN


@everyone
def test_training_lowers_the_loss(name: str) -> None:
    config = dict(workloads.space(name).baseline) | SMALL[name]
    trained = training(name, config, epochs=5)
    rows = [trained.epoch() for _ in range(5)]
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]


@everyone
def test_parts_share_no_row(name: str) -> None:
    parts = loaded(name, dict(SMALL[name]))
    train, validation = set(parts.train.rows.tolist()), set(parts.validation.rows.tolist())
    assert train
    assert validation
    assert not train & validation


@everyone
def test_loading_is_repeatable_and_states_a_fingerprint(name: str) -> None:
    workload = workloads.get(name)
    arguments = {key.removeprefix("data/"): value for key, value in SMALL[name].items()}
    first, second = workload.load(None, **arguments), workload.load(None, **arguments)
    assert first.record["fingerprint"] == second.record["fingerprint"]
    for key, column in first.train.columns.items():
        assert torch.equal(column[first.train.rows], second.train.columns[key][second.train.rows])


@everyone
def test_data_leave_the_global_generators_alone(name: str) -> None:
    before = torch.get_rng_state()
    loaded(name, dict(SMALL[name]))
    assert torch.equal(before, torch.get_rng_state())


@everyone
def test_missing_data_directory_is_named(name: str, tmp_path: Any) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        workloads.get(name).load(tmp_path / "nowhere")


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UserError, match="must be one of edc.*, got 'edk'"):
        workloads.space("edk")


@everyone
def test_picture_of_predictions_is_drawn(name: str) -> None:
    workload = workloads.get(name)
    assert workload.draw is not None
    trained = training(name, sampled(name, 1))
    part = trained.data.validation
    figure = Figure()
    facts = named(workload.draw, trained.data.facts)
    workload.draw(figure, trained.predict(part), part.batch(torch.arange(len(part))), **facts)
    buffer = io.BytesIO()
    figure.savefig(buffer)
    assert len(figure.axes) > 1
    assert buffer.getvalue().startswith(b"\x89PNG")


@everyone
def test_test_part_shares_no_row_with_the_others(name: str) -> None:
    workload = workloads.get(name)
    arguments = {key.removeprefix("data/"): value for key, value in SMALL[name].items()}
    parts, test = workload.load(None, **arguments), workload.load_test(None, **arguments)
    assert len(test) > 0
    held_out = rows(test)
    for part in (parts.train, parts.validation):
        assert not rows(part) & held_out


@everyone
def test_folds_are_disjoint_cover_all_known_rows_and_are_equal_in_all_trials(name: str) -> None:
    config = SMALL[name] | {"train/folds": 3}
    plain, folds = loaded(name, SMALL[name]), data.load_folds(name, None, config)
    known = set(plain.train.rows.tolist()) | set(plain.validation.rows.tolist())
    groups = plain.groups
    if groups is not None:
        known = {row for row in known if groups[row] >= 0}
    validated = [set(fold.validation.rows.tolist()) for fold in folds]
    assert set.union(*validated) == known
    assert sum(map(len, validated)) == len(known)
    data._load.cache_clear()
    for fold, again in zip(folds, data.load_folds(name, None, config), strict=True):
        train, validation = fold.train.rows, fold.validation.rows
        assert set(train.tolist()) == known - set(validation.tolist())
        assert torch.equal(validation, again.validation.rows)
        if groups is not None:
            assert not set(groups[train].tolist()) & set(groups[validation].tolist())


@everyone
def test_baseline_trains_an_epoch_of_every_fold(name: str) -> None:
    config = dict(workloads.space(name).baseline) | SMALL[name] | {"train/folds": 3}
    parts = data.load_folds(name, None, config)
    row = begin(workloads.get(name), config, parts, Plan(epochs=3, seed=1)).epoch()
    assert math.isfinite(row["objective"])
    assert row["value_sd"] > 0


def rows(part: Part) -> set[tuple[float, ...]]:
    inputs = part.batch(torch.arange(len(part)))["inputs"]
    return {tuple(row.flatten().tolist()) for row in inputs}
