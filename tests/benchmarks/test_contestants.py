from pathlib import Path

import pytest

from benchmarks.contestants import OURS, Contestant, Sweep, contestants
from benchmarks.peers.task import parse
from tune.run import parser

SWEEP = Sweep("edc", 7, 3, 5, 4, {"model/network": "mlp", "optim/lr": 0.01})


def test_soundsweep_comes_first_then_every_peer_in_every_mode() -> None:
    labels = [each.label for each in contestants(("ours", "original"), ("plain", "best"))]
    assert labels[0] == OURS
    assert len(set(labels)) == 1 + 3 * 4


def test_our_command_is_one_that_the_product_understands() -> None:
    _, _, module, *arguments = Contestant(OURS).command(SWEEP, Path("somewhere"))
    options = parser().parse_args(arguments)
    assert module == "tune.run"
    assert (options.trials, options.epochs, options.seed) == (7, 3, 5)
    assert options.concurrent == 4
    assert dict(options.set) == SWEEP.fixed


def test_command_of_a_peer_makes_the_same_task(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    command = Contestant("ray_tune", "original", "best").command(SWEEP, tmp_path)
    monkeypatch.setattr("sys.argv", command[2:])
    task = parse(None)
    assert (task.trials, task.epochs, task.seed, task.slots) == (7, 3, 5, 4)
    assert (task.style, task.best, task.fixed) == ("original", True, SWEEP.fixed)
    assert task.events == Contestant("ray_tune").record(SWEEP, tmp_path.resolve())
