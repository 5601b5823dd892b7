from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from tune import ensembles, records, run_folder, workloads
from tune.errors import UserError
from tune.scoring import BARE, score
from tune.workloads import Workload

ROWS = 20


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, workload: Workload) -> Workload:
    monkeypatch.setattr(workloads, "get", lambda _name: workload)
    return workload


def members(toy: Workload, directory: Path, label: str, seeds: Sequence[int]) -> list[Path]:
    """Write run folders of poor guesses at the same truth."""
    target = torch.linspace(0, 1, ROWS)[:, None]
    folders = []
    for number, seed in enumerate(seeds):
        generator = torch.Generator().manual_seed(seed)
        guess = target + torch.randn(target.shape, generator=generator)
        scored = score(toy, guess, {"target": target}, {"offset": 0.0})
        folder = directory / label / f"seed-{number}"
        folder.mkdir(parents=True)
        told = {"workload": "toy", "facts": {"offset": 0.0}, "metrics": scored.metrics}
        told |= run_folder.write_arrays(folder, scored)
        run_folder.write_ids(folder, list(map(str, range(ROWS))))
        records.write_json(folder / "metadata.json", told)
        folders.append(folder)
    return folders


def mse(folder: Path) -> float:
    return float(run_folder.read_metadata(folder)["metrics"]["mse"])


def test_ensemble_of_one_equals_its_member(toy: Workload, tmp_path: Path) -> None:
    (member,) = members(toy, tmp_path, "trial-1", [3])
    told = ensembles.evaluate(tmp_path / "ensemble" / "seed-0", [member])
    assert told["metrics"] == run_folder.read_metadata(member)["metrics"]
    ours, theirs = (
        np.load(folder / "predictions.npy") for folder in (tmp_path / "ensemble/seed-0", member)
    )
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("count", [2, 5])
def test_ensemble_is_no_worse_than_its_members_in_the_mean(
    toy: Workload, tmp_path: Path, count: int
) -> None:
    folders = members(toy, tmp_path, "trial-1", range(count))
    told = ensembles.evaluate(tmp_path / "trial-1" / "all-seeds", folders)
    assert told["metrics"]["mse"] <= np.mean([mse(folder) for folder in folders])
    assert told["members"] == [f"trial-1/seed-{number}" for number in range(count)]


def test_mean_of_distributions_is_one(toy: Workload) -> None:
    shares = [torch.softmax(torch.randn(8, 5), dim=1) for _ in range(4)]
    mean = ensembles.mean([{BARE: each} for each in shares])[BARE]
    assert torch.allclose(mean.sum(1), torch.ones(8))
    assert (mean >= 0).all()


def test_only_what_all_members_predict_is_averaged() -> None:
    first = {"edc": torch.zeros(4, 3), "t20": torch.zeros(4)}
    second = {"edc": torch.ones(4, 3)}
    mean = ensembles.mean([first, second])
    assert list(mean) == ["edc"]
    assert torch.equal(mean["edc"], torch.full((4, 3), 0.5))


def test_members_without_a_common_prediction_are_refused() -> None:
    with pytest.raises(UserError, match="must predict the same, got edc and one output"):
        ensembles.mean([{"edc": torch.zeros(4)}, {BARE: torch.zeros(4)}])


def test_members_scored_on_other_rows_are_refused(toy: Workload, tmp_path: Path) -> None:
    first, second = members(toy, tmp_path, "trial-1", [0, 1])
    np.save(second / "targets.npy", np.zeros((ROWS, 1), np.float32))
    with pytest.raises(UserError, match="scored on the same rows"):
        ensembles.evaluate(tmp_path / "ensemble" / "seed-0", [first, second])


def test_configurations_are_joined_seed_by_seed_without_the_failed(
    toy: Workload, tmp_path: Path
) -> None:
    scores = {}
    for label, seeds in (("trial-1", [0, 1, 2]), ("trial-4", [3, 4, 5])):
        folders = members(toy, tmp_path, label, seeds)
        scores[label] = [run_folder.read_metadata(folder) for folder in folders]
    scores["trial-4"][1] = {"failed": "loss is nan"}
    scores["trial-1"][2] = scores["trial-4"][2] = {"failed": "loss is nan"}
    both, one, none = ensembles.of_configurations(tmp_path, scores)
    assert both["members"] == ["trial-1/seed-0", "trial-4/seed-0"]
    assert one["metrics"] == scores["trial-1"][1]["metrics"]
    assert none == {"failed": "an ensemble must have a member that was trained, got none"}


def test_configurations_scored_on_other_rows_are_no_ensemble_but_no_error_either(
    toy: Workload, tmp_path: Path
) -> None:
    scores = {}
    for label in ("trial-1", "trial-4"):
        (folder,) = members(toy, tmp_path, label, [0])
        scores[label] = [run_folder.read_metadata(folder)]
    np.save(folder / "targets.npy", np.zeros((ROWS, 1), np.float32))
    (run,) = ensembles.of_configurations(tmp_path, scores)
    assert "scored on the same rows" in run["failed"]


def test_one_configuration_alone_is_no_ensemble(toy: Workload, tmp_path: Path) -> None:
    assert ensembles.of_configurations(tmp_path, {"trial-1": []}) == []
    assert ensembles.of_seeds(tmp_path, "trial-1", [{"metrics": {}}, {"failed": "x"}]) is None


def test_seeds_of_a_configuration_are_joined(toy: Workload, tmp_path: Path) -> None:
    folders = members(toy, tmp_path, "trial-1", [0, 1])
    runs = [run_folder.read_metadata(folder) for folder in folders]
    metrics = ensembles.of_seeds(tmp_path, "trial-1", runs)
    assert metrics["mse"] <= np.mean([mse(folder) for folder in folders])
