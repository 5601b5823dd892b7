"""What ``tune.plan`` prints and returns, on numbers given to it."""

from collections.abc import Sequence

import pytest

from tune import measurement, plan
from tune.hardware import Card, Machine
from tune.measurement import Measurement, Subject

GIB = 1024**3
CARD = Card(0, "Card", 80 * GIB, 60 * GIB)


def given(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, gpu: float = 0.0, busy_cores: float = 1.0
) -> None:
    """Let the verb find this machine, on which no trial holds another up."""

    def measure(_subject: Subject, count: int, _threads: int) -> Sequence[Measurement]:
        return [Measurement(2.0, busy_cores, GIB, int(gpu * GIB))] * count

    monkeypatch.setattr(measurement, "in_process", lambda _inspect: machine)
    monkeypatch.setattr(measurement, "side_by_side", measure)


@pytest.mark.parametrize(("gpu", "code"), [(10.0, 0), (18.0, 1), (25.0, 2)])
def test_exit_code_says_what_fits_on_the_gpu(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], gpu: float, code: int
) -> None:
    given(monkeypatch, Machine(16, 256 * GIB, CARD), gpu)
    assert plan.main(["edc"]) == code
    shown = capsys.readouterr().out
    assert "Card: 80.00 GiB in all, 20.00 GiB used, 60.00 GiB free" in shown
    assert "--gpus-per-trial" in shown


def test_without_a_gpu_the_plan_is_printed_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, Machine(2, 16 * GIB))
    assert plan.main(["edc", "--trials", "11", "--epochs", "30"]) == 3
    shown = capsys.readouterr().out
    assert "no GPU found" in shown
    assert "chosen: 2 side by side, cores each: 1" in shown
    assert "11 trials of 30 epochs" in shown
    assert "50 s if all others stop at epoch 2, 5 min 30 s if none stops early" in shown
    assert "options of tune.run: --cpus-per-trial 1 --concurrent 2" in shown
    assert "--gpus-per-trial" not in shown


@pytest.mark.parametrize(("busy_cores", "warned"), [(1.0, False), (0.4, True)])
def test_measurement_that_other_work_disturbed_is_told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    busy_cores: float,
    warned: bool,
) -> None:
    given(monkeypatch, Machine(2, 16 * GIB), busy_cores=busy_cores)
    plan.main(["edc"])
    assert ("other work kept the cores busy" in capsys.readouterr().out) == warned


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["edk"], "workload must be one of edc"),
        (["edc", "--trials", "0"], "must be a whole number of at least 1"),
        (["edc", "--set", "data/sise=tiny"], "--set data/sise must name one of size"),
    ],
)
def test_bad_request_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    given(monkeypatch, Machine(2, 16 * GIB))
    try:
        code: object = plan.main(arguments)
    except SystemExit as error:
        code = error.code
    assert code == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
