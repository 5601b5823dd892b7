"""Real sweeps in which trials run out of memory, hang and die, and in which the disk gets full."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.test_storage import fill
from tests.sweeps import run
from tune.ends import outcome
from tune.study import read_trials

pytestmark = [pytest.mark.fault, pytest.mark.ray, pytest.mark.slow]
#: Python runs this in every process that starts; it spoils the steps of three trials.
SPOILER = """
import importlib.abc, importlib.util, os, sys

class Spoiler(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "tune.trainable":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (execute(module), spoil(module))
        return spec

def spoil(module):
    whole = module.TrialTrainable._epoch
    def step(self):
        number = self.trial["number"]
        with open(os.environ["SPOILER_LOG"], "a") as log:
            log.write(f"{number} {self.trial.get('retried', False)}\\n")
        if number == 1:
            raise module.torch.OutOfMemoryError("CUDA out of memory (simulated)")
        if number == 2:
            __import__("time").sleep(600)
        if number == 3:
            os.kill(os.getpid(), 9)  # as the kernel does for want of memory
        return whole(self)
    module.TrialTrainable._epoch = step

sys.meta_path.insert(0, Spoiler())
"""


SMALL = ["--set", "data/size=tiny", "--epochs", "3", "--concurrent", "1"]


def test_trials_that_fail_each_in_its_way_end_alone_and_with_their_reason(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SPOILER)
    spoiled = {"PYTHONPATH": str(tmp_path), "SPOILER_LOG": str(tmp_path / "log")}
    asked = ["--name", "bad", "--trials", "5", "--trial-timeout", "8s", *SMALL]
    done = run(tmp_path, *asked, environment=spoiled)
    assert done.returncode == 0, done.stderr
    found = read_trials(tmp_path / "edc" / "bad" / "study.journal")
    outcomes = [outcome(each) for each in found]
    assert outcomes[:4] == ["complete", "failed", "failed", "failed"]
    assert outcomes[4] != "failed"
    reasons = [each.user_attrs["end"]["reason"] for each in found]
    assert reasons[1].startswith("out of memory, with a larger share too: CUDA out of memory")
    assert reasons[2] == "took longer than its 8 s"
    assert reasons[3] == "its process died twice (out of memory?)"
    tries = (tmp_path / "log").read_text().splitlines()
    assert [each for each in tries if each[0] in "13"] == [
        "1 False",
        "1 True",
        "3 False",
        "3 True",
    ]


def test_sweep_on_a_full_disk_stops_with_one_line_and_goes_on_when_there_is_room(
    disk: Callable[[int], Path],
) -> None:
    small = disk(200_000)
    ballast = fill(small, left_bytes=8_000_000)
    done = run(small, "--name", "full", "--trials", "3", *SMALL)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    before = [
        (each.number, each.intermediate_values)
        for each in read_trials(small / "edc" / "full" / "study.journal")
    ]
    ballast.unlink()
    done = run(small, "--resume", "full", "--concurrent", "1")
    assert done.returncode == 0, done.stderr
    found = read_trials(small / "edc" / "full" / "study.journal")
    assert [each.number for each in found] == [0, 1, 2]
    assert "failed" not in {outcome(each) for each in found}
    for number, values in before:
        assert found[number].intermediate_values.items() >= values.items()
