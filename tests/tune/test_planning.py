import dataclasses
from collections.abc import Sequence

import pytest

from tune import workloads
from tune.errors import TrialFailure, UserError
from tune.hardware import Card, Machine
from tune.measurement import Measurement, Subject
from tune.planning import Findings, explore, known
from tune.sharing import Verdict
from tune.workloads import NAMES, Space

GIB = 1024**3
LAPTOP = Machine(cores=2, memory_bytes=16 * GIB)
CARD = Card(1, "Card", 80 * GIB, 60 * GIB)
SERVER = Machine(cores=16, memory_bytes=256 * GIB, card=CARD)


@dataclasses.dataclass
class Bench:
    """Stands for the measurement: trials that hold each other up by ``friction`` a neighbour."""

    friction: float = 0.0
    memory_gib: float = 1.0
    gpu_gib: float = 0.0
    asked: list[tuple[Subject, int, int]] = dataclasses.field(default_factory=list)

    def __call__(self, subject: Subject, count: int, threads: int) -> Sequence[Measurement]:
        self.asked.append((subject, count, threads))
        epoch_s = 1 + self.friction * (count - 1)
        memory, gpu = int(self.memory_gib * GIB), int(self.gpu_gib * GIB)
        return [Measurement(epoch_s, 1.0, memory, gpu)] * count


def explored(space: Space, machine: Machine, bench: Bench) -> Findings:
    return explore(space, Subject("toy", None, {}, 9), machine, bench, lambda _line: None)


def test_without_a_gpu_the_plan_is_for_the_cpu(space: Space) -> None:
    findings = explored(space, LAPTOP, Bench(friction=0.1))
    assert findings.verdict == Verdict.NO_GPU
    assert (findings.chosen.count, findings.chosen.threads) == (2, 1)
    assert [(each.count, each.threads) for each in findings.sharings] == [(1, 1), (2, 1), (1, 2)]


def test_trials_that_hold_each_other_up_run_one_at_a_time(space: Space) -> None:
    assert explored(space, LAPTOP, Bench(friction=1.5)).chosen.count == 1


def test_memory_of_the_machine_limits_the_trials(space: Space) -> None:
    findings = explored(space, LAPTOP, Bench(memory_gib=10.0))
    assert {each.count for each in findings.sharings} == {1}


@pytest.mark.parametrize(
    ("gpu", "verdict", "count"),
    [
        (1.0, Verdict.SEVERAL, 16),  # the cores end it
        (10.0, Verdict.SEVERAL, 5),
        (18.0, Verdict.TIGHT, 2),
        (25.0, Verdict.ONE_AT_A_TIME, 1),
    ],
)
def test_memory_of_the_gpu_limits_the_trials(
    space: Space, gpu: float, verdict: Verdict, count: int
) -> None:
    findings = explored(space, SERVER, Bench(gpu_gib=gpu))
    assert (findings.verdict, findings.chosen.count) == (verdict, count)


def test_several_fit_but_are_slower_is_one_at_a_time(space: Space) -> None:
    findings = explored(space, SERVER, Bench(friction=1.5, gpu_gib=1.0))
    assert findings.verdict == Verdict.ONE_AT_A_TIME
    assert findings.chosen.count == 1


def test_the_freest_card_is_trained_on(space: Space) -> None:
    bench = Bench(gpu_gib=1.0)
    explored(space, SERVER, bench)
    assert {subject.device for subject, _, _ in bench.asked} == {"cuda:1"}


def test_the_largest_known_trial_decides_what_fits(space: Space) -> None:
    large = {**space.baseline, "model/hidden": 8}
    bench = Bench()

    def measure(subject: Subject, count: int, threads: int) -> Sequence[Measurement]:
        taken = bench(subject, count, threads)
        grown = 10 if subject.config["model/hidden"] == 8 else 1
        return [dataclasses.replace(each, memory_bytes=grown * GIB) for each in taken]

    given = Subject("toy", None, {}, 9)
    both = dataclasses.replace(space, presets=(large,))
    assert explore(space, given, LAPTOP, measure, print).chosen.count == 2
    assert explore(both, given, LAPTOP, measure, print).chosen.count == 1


def test_sharing_that_does_not_fit_after_all_is_left_out(space: Space) -> None:
    bench = Bench()

    def measure(subject: Subject, count: int, threads: int) -> Sequence[Measurement]:
        if count > 1:
            raise MemoryError("no room")
        return bench(subject, count, threads)

    findings = explore(space, Subject("toy", None, {}, 9), LAPTOP, measure, lambda _line: None)
    assert {each.count for each in findings.sharings} == {1}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError("it died"), "baseline of toy must fit into memory alone, got: it died"),
        (TrialFailure("loss is nan"), "loss is nan"),
        (ValueError("file 3 is empty"), "file 3 is empty"),
    ],
)
def test_baseline_that_cannot_be_trained_is_one_line(
    space: Space, error: Exception, message: str
) -> None:
    def measure(subject: Subject, count: int, threads: int) -> Sequence[Measurement]:
        raise error

    with pytest.raises(UserError, match=message):
        explore(space, Subject("toy", None, {}, 9), LAPTOP, measure, lambda _line: None)


def test_points_that_cost_alike_are_measured_once(space: Space) -> None:
    faster = {**space.baseline, "optim/lr": 0.05}
    wider = {**space.baseline, "model/hidden": 8}
    points = dataclasses.replace(space, presets=(faster, wider))
    assert list(known(points, {})) == ["baseline", "preset 2"]


@pytest.mark.parametrize("name", NAMES)
def test_baseline_of_every_workload_comes_first(name: str) -> None:
    space = workloads.space(name)
    points = known(space, {})
    assert next(iter(points.items())) == ("baseline", space.baseline)
    assert len(points) <= 1 + len(space.presets)
