"""Checkpoints that are empty, cut or flipped; ``tests/tune`` kills while one is written."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from datasets.contract import Data
from tests.faults.driver import process, until_done
from tune import checkpoints, workloads
from tune.errors import UserError
from tune.workloads import Workload

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "last byte lost": lambda content: content[:-1],
    "flipped": lambda content: flipped(content, len(content) // 3),
    "zeros": lambda content: bytes(len(content)),
}
pytestmark = pytest.mark.fault


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, workload: Workload, data: Data) -> Iterator[None]:
    """Let the trial find the toy workload by name."""
    monkeypatch.setattr(workloads, "get", lambda _name: workload)
    monkeypatch.setattr("tune.trainable.data.load_folds", lambda *_: [data])
    yield
    torch.set_flush_denormal(False)


def trial(directory: Path, recorded: int = 0) -> dict[str, Any]:
    params = {"optim/lr": 0.01, "train/batch_size": 8}
    told = {"number": 3, "seed": 11, "recorded": recorded, "directory": str(directory)}
    return told | {"params": params}


def values(results: list[dict[str, Any]]) -> list[tuple[int, float]]:
    return [(result["epoch"], result["row"]["value"]) for result in results]


def killed(directory: Path, epochs: int = 3) -> None:
    """Train some epochs of a trial, and go no further."""
    running = process(trial(directory))
    for _ in range(epochs):
        running.step()


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    ("damaged", "after"), [(["last.pt"], 2), (["last.pt", "previous.pt"], 0), (["best.pt"], 0)]
)
def test_trial_goes_on_from_what_is_whole_and_says_so(
    tmp_path: Path, damage: str, damaged: list[str], after: int
) -> None:
    whole = values(until_done(process(trial(tmp_path / "whole"))))
    killed(tmp_path / "killed")
    for name in damaged:
        path = tmp_path / "killed" / name
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
    results = until_done(process(trial(tmp_path / "killed", recorded=3)))
    assert dict(values(results)).items() >= dict(whole[3:]).items()
    assert dict(values(results)).items() <= dict(whole).items()
    note = f"{' and '.join(damaged)} damaged, went on after epoch {after}"
    assert {result["note"] for result in results} == {note}
    best = [checkpoints.load(tmp_path / name / "best.pt") for name in ("whole", "killed")]
    assert best[0]["epoch"] == best[1]["epoch"]
    assert all(
        torch.equal(best[0]["model"][key], best[1]["model"][key]) for key in best[0]["model"]
    )


def test_trial_with_whole_checkpoints_has_nothing_to_say(tmp_path: Path) -> None:
    killed(tmp_path)
    assert all("note" not in result for result in until_done(process(trial(tmp_path, 3))))


def test_checkpoint_that_vanished_between_two_renames_costs_one_epoch(tmp_path: Path) -> None:
    whole = values(until_done(process(trial(tmp_path / "whole"))))
    killed(tmp_path / "killed")
    (tmp_path / "killed" / "last.pt").unlink()
    assert values(until_done(process(trial(tmp_path / "killed", 3)))) == whole[2:]


def check_flips(path: Path, step: int) -> None:
    """Flip a bit in every so manieth byte: the content is as it was, or it is refused."""
    checkpoints.save(path, {"model": {"weight": torch.arange(40.0)}, "history": [{"mse": 0.5}]})
    content = path.read_bytes()
    for place in range(0, len(content), step):
        path.write_bytes(flipped(content, place))
        try:
            state = checkpoints.load(path)
        except UserError as error:
            assert f"{path} must be a whole checkpoint" in str(error)
        else:
            assert torch.equal(state["model"]["weight"], torch.arange(40.0))
            assert state["history"] == [{"mse": 0.5}]


# A flipped bit may ask torch for an old format, of which it warns before it refuses.
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_flipped_bit_is_refused_or_harmless(tmp_path: Path) -> None:
    check_flips(tmp_path / "best.pt", step=13)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_bit_flipped_anywhere_is_refused_or_harmless(tmp_path: Path) -> None:
    check_flips(tmp_path / "best.pt", step=1)


def test_checkpoint_with_code_in_it_is_refused_without_running_it(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    torch.save({"model": Evil()}, tmp_path / "best.pt")
    with pytest.raises(UserError, match="UnpicklingError"):
        checkpoints.load(tmp_path / "best.pt")
    assert not (tmp_path / "ran").exists()
