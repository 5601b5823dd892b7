"""Loading of the five companion workloads: embedded data, the user's arrays, and their parts."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from datasets.companion_table import Rules
from datasets.contract import DataFormatError

NAMES = ("emotion", "melody", "harmony", "dynamics", "groove")
everyone = pytest.mark.parametrize("name", NAMES)

#: First three inputs and targets, mean and deviation of both, and the last input and target.
CHECKS: dict[str, tuple[list[float], list[float], list[float], list[float]]] = {
    "emotion": (
        [-0.51507, -0.50523, -0.51904],
        [0.05517, 0.37412, 0.12217],
        [-0.60398, 0.27561, 0.00364, 0.54365],
        [-0.73039, 0.04182],
    ),
    "melody": (
        [-0.06054, 0.40505, 0.14318],
        [0, 0, 0],
        [-0.00545, 0.54263, 0.10063, 0.30084],
        [-0.26089, 0],
    ),
    "harmony": (
        [0.64312, 0.83422, 0.82143],
        [0.05014, 0.00968, 0.04781],
        [0.01240, 0.39779, 0.01562, 0.03969],
        [0, 0],
    ),
    "dynamics": (
        [-0.39024, -0.57730, -0.83991],
        [0.47953, 0.37065, 0.60020],
        [0.03166, 0.55108, 0.46229, 0.29091],
        [-0.70346, 0.43915],
    ),
    "groove": (
        [-0.63313, -0.30905, -0.73748],
        [-0.14111, 0.25419, 0.30208],
        [0.00067, 0.54449, 0.08741, 0.13013],
        [0.61756, 0.06250],
    ),
}


def workload(name: str) -> ModuleType:
    return importlib.import_module(f"datasets.companion_{name}")


def columns(name: str, **data: Any) -> tuple[np.ndarray, np.ndarray]:
    loaded = workload(name).load(**data).train.columns
    return loaded["inputs"].numpy(), loaded["target"].numpy()


def save(path: Path, rules: Rules, num_samples: int = 60, **changed: Any) -> Path:
    """Write samples that keep the rules, but for those arrays that are given."""
    rng = np.random.default_rng(0)
    y = rng.uniform(0, 1, (num_samples, rules.num_outputs))
    y = y / y.sum(axis=1, keepdims=True) if rules.sums_to_one else y
    arrays = {"X": rng.standard_normal((num_samples, rules.num_inputs)), "y": y} | changed
    np.savez(path, **arrays)
    return path.parent


@everyone
def test_embedded_data_have_the_published_values(name: str) -> None:
    inputs, target = columns(name)
    first_inputs, first_target, moments, last = CHECKS[name]
    np.testing.assert_allclose(inputs[0, :3], first_inputs, atol=1e-5)
    np.testing.assert_allclose(target[0, :3], first_target, atol=1e-5)
    found = [
        measure(x, dtype=np.float64) for x in (inputs, target) for measure in (np.mean, np.std)
    ]
    np.testing.assert_allclose(found, moments, atol=1e-5)
    np.testing.assert_allclose([inputs[-1, -1], target[-1, -1]], last, atol=1e-5)


@everyone
def test_sizes_and_ranges_keep_the_rules(name: str) -> None:
    rules = workload(name).TASK.rules
    inputs, target = columns(name, quick=True)
    assert inputs.shape == (2000, rules.num_inputs)
    assert target.shape == (2000, rules.num_outputs)
    assert inputs.dtype == target.dtype == np.float32
    assert rules.bounds[0] <= target.min() <= target.max() <= rules.bounds[1]
    assert np.isfinite(inputs).all()


@everyone
def test_same_index_same_sample(name: str) -> None:
    """Earlier implementations drew missing labels anew at each access."""
    part = workload(name).load(quick=True).train
    first, again = (part.batch(torch.arange(5)) for _ in range(2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert np.array_equal(columns(name, quick=True)[1], columns(name, quick=True)[1])


def test_splits_are_the_published_ones() -> None:
    load = workload("dynamics").load
    honest, source = load(), load(split="source")
    assert honest.train.rows[:3].tolist() == [6252, 4684, 1731]
    assert source.train.rows[:3].tolist() == [7542, 8214, 3698]
    for data in (honest, source):
        assert (len(data.train), len(data.validation)) == (8000, 2000)
        rows = torch.cat([data.train.rows, data.validation.rows])
        assert sorted(rows.tolist()) == list(range(10_000))


def test_share_of_the_validation_part_is_free() -> None:
    data = workload("groove").load(quick=True, val_fraction=0.1)
    assert (len(data.train), len(data.validation)) == (1800, 200)


@everyone
def test_test_part_is_drawn_apart(name: str) -> None:
    test = workload(name).load_test(quick=True)
    assert len(test) == 2000
    table = workload(name).TASK.generate(
        np.random.default_rng([workload(name).TASK.seed + 100, 0]), 2000
    )
    np.testing.assert_array_equal(test.columns["inputs"], table.inputs.astype(np.float32))


def test_published_split_has_no_test_part() -> None:
    assert workload("groove").load(split="source").record["no_test_split"]
    with pytest.raises(ValueError, match="no test part; leave out split=source"):
        workload("groove").load_test(split="source")


def test_another_seed_is_another_data_set() -> None:
    load = workload("dynamics").load
    prints = {load(quick=True, seed=seed).record["fingerprint"] for seed in (None, 45, 46)}
    assert len(prints) == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"split": "random"}, "split must be honest or source, got random"),
        ({"val_fraction": 0.0}, "val_fraction must leave rows for both parts, got 0.0"),
        ({"val_fraction": 1.0}, "val_fraction must leave rows for both parts, got 1.0"),
    ],
)
def test_wrong_choice_is_named(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        workload("groove").load(quick=True, **wrong)


@everyone
def test_inputs_tell_of_their_targets(name: str) -> None:
    """They once were independent noise; here a line already beats the mean by far."""
    inputs, target = columns(name, quick=True)
    x = np.concatenate([inputs, np.ones((len(inputs), 1), np.float32)], axis=1)
    x_train, x_test, y_train, y_test = x[:1600], x[1600:], target[:1600], target[1600:]
    weights = np.linalg.solve(x_train.T @ x_train + 1e-3 * np.eye(x.shape[1]), x_train.T @ y_train)
    constant = np.square(y_test - y_train.mean(axis=0)).mean()
    linear = np.square(y_test - x_test @ weights).mean()
    assert linear < 0.9 * constant


@everyone
def test_ready_arrays_are_loaded_and_dealt_by_group(name: str, tmp_path: Path) -> None:
    songs = np.array([f"song {index % 10}" for index in range(60)])
    root = save(tmp_path / f"{name}.npz", workload(name).TASK.rules, group=songs)
    data, test = workload(name).load(root), workload(name).load_test(root)
    parts = [set(songs[part.rows].tolist()) for part in (data.train, data.validation, test)]
    assert [len(part) for part in parts] == [8, 1, 1]
    assert len(set.union(*parts)) == 10
    assert data.groups.tolist() == [index % 10 for index in range(60)]
    assert data.record["split"] == "by group"
    assert data.record["source"] == str(root)


def test_ready_arrays_win_over_the_readers(tmp_path: Path) -> None:
    (tmp_path / "chord_progressions.json").write_text("not even JSON")
    root = save(tmp_path / "harmony.npz", workload("harmony").TASK.rules)
    assert len(workload("harmony").load(root).train.columns["inputs"]) == 60


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    rules = workload("groove").TASK.rules
    prints = [
        workload("groove")
        .load(save(tmp_path / "groove.npz", rules, num_samples=count))
        .record["fingerprint"]
        for count in (60, 70)
    ]
    assert prints[0] != prints[1]


@everyone
def test_bad_data_root_is_an_error_not_a_fallback(name: str, tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(FileNotFoundError, match="leave the data root out to use the embedded"):
            workload(name).load(root)
        with pytest.raises(FileNotFoundError, match=f"{name}.npz"):
            workload(name).load_test(root)


@pytest.mark.parametrize("given", [{"quick": True}, {"seed": 1}, {"split": "source"}])
def test_own_data_reject_choices_among_the_embedded(tmp_path: Path, given: dict[str, Any]) -> None:
    root = save(tmp_path / "groove.npz", workload("groove").TASK.rules)
    with pytest.raises(ValueError, match=f"fix the data; leave out {next(iter(given))}"):
        workload("groove").load(root, **given)


def test_arrays_of_another_workload_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"X must have shape \(n, 128\)"):
        workload("emotion").load(save(tmp_path / "emotion.npz", workload("groove").TASK.rules))


@everyone
def test_loading_leaves_the_global_generators_alone(name: str) -> None:
    before, ours = np.random.get_state()[1].copy(), torch.get_rng_state()
    workload(name).load(quick=True)
    assert np.array_equal(before, np.random.get_state()[1])
    assert torch.equal(ours, torch.get_rng_state())
