"""The parts of the data: embedded, from ready windows, and from raw series."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from datasets.contract import Part
from datasets.frequency_filter import load, load_test
from datasets.frequency_filter_signal import Array, series, windows


def mixture(part: Part) -> Array:
    """Return channel 0 of every row. Shape ``[n, L]``, float32."""
    return part.batch(torch.arange(len(part)))["inputs"][..., 0].numpy()


def save_windows(root: Path, seeds: tuple[int, int, int]) -> None:
    """Write layout A with one noise seed a part."""
    arrays: dict[str, Any] = {"sequence_length": 50, "selectors": np.eye(4)}
    for seed, suffix in zip(seeds, ("train", "val", "test"), strict=True):
        columns = windows(series(seed, duration_s=1.0), 50, 100)
        arrays |= {f"X_{suffix}": columns["inputs"], f"y_{suffix}": columns["target"]}
    np.savez(root / "training_data.npz", **arrays)


def save_recordings(root: Path, noise_std: float = 0.1) -> None:
    """Write layout B without a validation file, 4 s a part."""
    for seed, part in ((1, "train"), (2, "test")):
        made = series(seed, duration_s=4.0)
        targets: dict[str, Any] = {f"target{n + 1}": tone for n, tone in enumerate(made.tones)}
        np.savez(
            root / f"frequency_data_{part}.npz",
            x=np.linspace(0, 4, 4000),
            S=made.mixture,
            frequencies=[1.0, 3.0, 5.0, 7.0],
            phases=np.arange(4) * np.pi / 4,
            noise_std=noise_std,
            sampling_rate=1000.0,
            seed=seed,
            **targets,
        )


def test_default_parts_have_the_published_sizes_and_sums() -> None:
    data, test = load(), load_test()
    assert [len(part) for part in (data.train, data.validation, test)] == [3984, 1992, 1992]
    for part, total in ((data.train, -49.0758), (data.validation, -123.9367), (test, -110.5406)):
        assert mixture(part)[::4].sum(dtype=np.float64) == pytest.approx(total, abs=1e-4)
    target = data.validation.batch(torch.arange(1992))["target"].double()
    assert float(target.var(correction=0)) == pytest.approx(0.50025, abs=1e-5)


def test_facts_name_the_selectors_the_noise_and_the_floors() -> None:
    facts = load().facts
    assert facts["num_selectors"] == 4
    assert facts["noise_std"] == 0.1
    assert facts["mse_floor"] == pytest.approx(0.2063, abs=1e-4)
    assert facts["bidirectional_mse_floor"] == pytest.approx(0.125, abs=0.003)


def test_record_tells_where_the_data_come_from() -> None:
    record = load().record
    assert record["source"] == "embedded"
    assert (record["train_rows"], record["validation_rows"]) == (3984, 1992)
    assert record["split"] == "honest"
    assert record["warnings"] == []


def test_no_validation_sample_occurs_in_training() -> None:
    train, validation = series(1).mixture, series(3).mixture
    assert np.intersect1d(train, validation).size == 0
    data = load()
    # in float32 two of 20,000 different samples round to the same number
    assert np.intersect1d(mixture(data.train), mixture(data.validation)).size <= 1


@pytest.mark.slow
def test_source_split_is_the_published_one_and_leaks() -> None:
    data = load(split="source")
    assert [len(data.train), len(data.validation)] == [35_823, 3981]
    every = windows(series(1), 50, 1)
    for part, rows in (
        (data.validation, [20777, 36625, 38647, 38782, 19774]),
        (data.train, [19286, 31172, 12701]),
    ):
        batch = part.batch(torch.arange(len(rows)))
        for name, column in batch.items():
            np.testing.assert_array_equal(column.numpy(), every[name][rows])
    assert np.isin(mixture(data.validation), mixture(data.train)).mean() > 0.99
    assert data.record["split"] == "leaky"
    assert "100% of the validation samples occur in training" in data.record["warnings"][0]
    assert len(load_test(split="source")) == 39_804


def test_loading_twice_gives_the_same_data() -> None:
    assert load().record["fingerprint"] == load().record["fingerprint"]
    assert np.array_equal(mixture(load().train), mixture(load().train))


@pytest.mark.parametrize(
    "other", [{"noise_std": 0.2}, {"seq_len": 25}, {"stride": 20}, {"duration_s": 5.0}]
)
def test_fingerprint_changes_with_the_data(other: dict[str, Any]) -> None:
    assert load(**other).record["fingerprint"] != load().record["fingerprint"]


def test_number_of_tones_follows_the_frequencies() -> None:
    data = load(frequencies_hz=(2.0, 6.0), phases_rad=(0.0, 1.0), duration_s=2.0)
    assert data.facts["num_selectors"] == 2
    assert data.train.columns["inputs"].shape[-1] == 3


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"split": "random"}, ValueError, "split must be one of honest, source, got random"),
        ({"stride": 0}, ValueError, "stride must be at least 1, got 0"),
        ({"seq_length": 25}, TypeError, "unexpected keyword argument 'seq_length'"),
    ],
)
def test_wrong_argument_is_named(
    wrong: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        load(**wrong)


def test_ready_windows_become_the_parts(tmp_path: Path) -> None:
    save_windows(tmp_path, seeds=(1, 3, 2))
    data = load(tmp_path)
    assert sorted(data.train.columns) == ["inputs", "selector", "target"]
    expected = windows(series(3, duration_s=1.0), 50, 100)["inputs"][..., 0]
    np.testing.assert_array_equal(mixture(data.validation), expected)
    expected = windows(series(2, duration_s=1.0), 50, 100)["inputs"][..., 0]
    np.testing.assert_array_equal(mixture(load_test(tmp_path)), expected)
    assert data.facts == {"num_selectors": 4}
    assert data.record["split"] == "honest"
    assert data.record["source"] == str(tmp_path)


def test_ready_windows_that_leak_are_loaded_and_flagged(tmp_path: Path) -> None:
    save_windows(tmp_path, seeds=(1, 1, 2))
    record = load(tmp_path).record
    assert record["split"] == "leaky"
    assert len(record["warnings"]) == 1


@pytest.mark.parametrize(
    "fixed", [{"seq_len": 50}, {"stride": 5}, {"noise_std": 0.2}, {"split": "source"}]
)
def test_ready_windows_fix_window_and_noise(tmp_path: Path, fixed: dict[str, Any]) -> None:
    save_windows(tmp_path, seeds=(1, 3, 2))
    name, value = next(iter(fixed.items()))
    with pytest.raises(ValueError, match=f"fix the signal; leave out {name}={value}"):
        load(tmp_path, **fixed)


def test_raw_series_are_cut_into_windows(tmp_path: Path) -> None:
    save_recordings(tmp_path)
    data, test = load(tmp_path, seq_len=40), load_test(tmp_path, seq_len=40)
    assert len(data.train) == 4 * ((3200 - 40 - 40) // 10 + 1)
    assert len(data.validation) == 4 * ((800 - 40) // 20 + 1)
    assert len(test) == 4 * ((4000 - 40) // 20 + 1)
    assert np.intersect1d(mixture(data.train), mixture(data.validation)).size <= 1
    assert data.facts["noise_std"] == 0.1
    assert 0.1 < data.facts["mse_floor"] < 0.3


def test_raw_series_of_unknown_noise_have_no_floor(tmp_path: Path) -> None:
    save_recordings(tmp_path, noise_std=0.3)
    data = load(tmp_path)
    assert data.facts == {"num_selectors": 4}
    assert "clean" not in data.train.columns


def test_raw_series_fix_the_signal(tmp_path: Path) -> None:
    save_recordings(tmp_path)
    with pytest.raises(ValueError, match=r"leave out noise_std=0\.2"):
        load(tmp_path, noise_std=0.2)


def test_windows_longer_than_the_series_are_refused(tmp_path: Path) -> None:
    save_recordings(tmp_path)
    with pytest.raises(ValueError, match="between 1 and 800 samples, got 900"):
        load(tmp_path, seq_len=900)


def test_directory_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="leave the data root out"):
        load(tmp_path / "absent")


@pytest.mark.parametrize("split", ["honest", "source"])
def test_windows_of_two_groups_share_no_noise(split: str) -> None:
    data = load(split=split, duration_s=2.0, stride=5)
    assert data.groups is not None
    every = data.train.columns["inputs"][..., 0].numpy()
    groups = data.groups.numpy()
    assert len(np.unique(groups)) == {"honest": 21, "source": 11}[split]
    for group in np.unique(groups[groups >= 0]):
        known = every[(groups >= 0) & (groups != group)]
        assert np.isin(every[groups == group], known).mean() < 0.01  # equal by chance


def test_ready_windows_form_one_group_since_nobody_knows_which_overlap(tmp_path: Path) -> None:
    save_windows(tmp_path, seeds=(1, 3, 2))
    data = load(tmp_path)
    assert data.groups is not None
    assert data.groups.unique().tolist() == [0]
