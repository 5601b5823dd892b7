"""A group of workloads: begun together, swept in turn, resumed together."""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from tune import choosing, export, group, report, run, session, workloads
from tune.errors import UserError
from tune.layout import Layout
from tune.study import Study
from tune.sweep import Sweep
from tune.workloads import Space

ROOT = Path(__file__).parents[2]
MEMBERS = ("edc", "emotion")
TINY = ("--set", "data/size=tiny")
NAME = "both"


@pytest.fixture(autouse=True)
def pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare a group of two workloads."""
    monkeypatch.setattr(workloads, "GROUPS", {"pair": MEMBERS})


def options(results: Path, *arguments: object) -> argparse.Namespace:
    given = ["pair", *TINY, "--results", str(results), *map(str, arguments)]
    return run.parser().parse_args(given)


def sweeping(code: int = 0) -> Callable[[Space, argparse.Namespace], int]:
    """Return a stand-in for ``session.run``: ends every trial at once if it is to succeed."""

    def sweep(space: Space, options: argparse.Namespace) -> int:
        choice = choosing.resume(space, options)
        opened = choosing.opened(space, choice)
        while not code and opened.next_trial() is not None:
            train(opened, len(opened.ended))
        return code

    return sweep


def train(sweep: Sweep, number: int) -> None:
    value = 4.0 - number
    row = {"epoch": 1, "value": value, "objective": value, "best_epoch": 1, "seconds": 30.0}
    sweep.record_epoch(number, row)
    sweep.end_trial(number, "complete", "reached its last epoch")


def begun(results: Path) -> list[str]:
    return sorted(path.parent.parent.name for path in results.glob(f"*/{NAME}/study.journal"))


def test_sweeps_of_a_group_begin_together_and_run_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    def sweep(space: Space, options: argparse.Namespace) -> int:
        assert begun(tmp_path) == sorted(MEMBERS)
        ran.append(space.name)
        return sweeping()(space, options)

    monkeypatch.setattr(session, "run", sweep)
    asked = options(tmp_path, "--name", NAME, "--trials", 2)
    assert group.run("pair", asked) == 0
    assert ran == list(MEMBERS)
    output = capsys.readouterr().out
    for name in MEMBERS:
        (line,) = [line for line in output.splitlines() if f" {name} " in line]
        cells = [cell.strip() for cell in line.strip("│ ").split("│")]
        assert cells == [name, "3", "1", "4", "25.0%", "2/2", "1 min 00 s"]
    assert "--resume" not in output


def test_interrupt_ends_the_group_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    def stopped(space: Space, _options: argparse.Namespace) -> int:
        ran.append(space.name)
        return 130

    monkeypatch.setattr(session, "run", stopped)
    assert group.run("pair", options(tmp_path, "--name", NAME)) == 130
    assert ran == [MEMBERS[0]]
    assert f"python -m tune.run pair --resume {NAME}" in capsys.readouterr().out


def test_interrupt_between_two_sweeps_does_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(_space: Space, _options: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "run", stopped)
    assert group.run("pair", options(tmp_path, "--name", NAME)) == 130
    assert f"python -m tune.run pair --resume {NAME}" in capsys.readouterr().out


def test_resumed_group_goes_on_with_the_settings_of_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "run", sweeping(code=130))
    asked = options(tmp_path, "--name", NAME, "--trials", 3, "--seed", 5, "--folds", 3)
    group.run("pair", asked)
    monkeypatch.setattr(session, "run", sweeping())
    assert group.run("pair", options(tmp_path, "--resume")) == 0
    for name in MEMBERS:
        place = Layout(tmp_path / name / NAME)
        assert not choosing.is_unfinished(place)
        description = place.describe()
        assert description["seed"] == 5
        assert description["budget"]["trials"] == 3
        assert description["fixed"] == {"data/size": "tiny", "train/folds": 3}


def test_sweep_that_cannot_succeed_does_not_keep_the_others_from_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def hopeless(space: Space, _options: argparse.Namespace) -> int:
        ran.append(space.name)
        return int(space.name == MEMBERS[0])

    monkeypatch.setattr(session, "run", hopeless)
    assert group.run("pair", options(tmp_path, "--name", NAME)) == 1
    assert ran == list(MEMBERS)


def test_request_that_one_member_cannot_fulfil_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results"
    arguments = ["pair", *TINY, "--set", "data/layout=free", "--results", str(results)]
    assert run.main(arguments) == 2
    assert "--set data/layout must name one of labels" in capsys.readouterr().err
    assert not results.exists()


def test_group_without_unfinished_sweep_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no unfinished sweep of all of edc, emotion"):
        group.run("pair", options(tmp_path, "--resume"))


def test_sweep_of_one_member_alone_is_not_taken_for_the_group(
    tmp_path: Path, space: Space
) -> None:
    place = Layout(tmp_path / "edc" / "alone")
    place.directory.mkdir(parents=True)
    Study(place.journal, space, 0, {})
    with pytest.raises(UserError, match="no unfinished sweep of all"):
        group.newest_unfinished(tmp_path, "pair")


def test_new_group_has_a_name_of_its_own_even_in_the_same_minute(tmp_path: Path) -> None:
    asked = options(tmp_path, "--trials", 2)
    spaces = [workloads.space(name) for name in MEMBERS]
    first, second = (group.begin("pair", spaces, asked) for _ in range(2))
    assert first != second
    assert second.startswith("pair-")


def test_table_of_sweeps_without_a_trial_is_drawn(tmp_path: Path) -> None:
    spaces = [workloads.space(name) for name in MEMBERS]
    name = group.begin("pair", spaces, options(tmp_path))
    console = Console(width=99)
    with console.capture() as shown:
        console.print(group.table([Layout(tmp_path / member / name) for member in MEMBERS]))
    assert "0/24" in shown.get()


def test_table_shows_the_best_of_every_sweep_and_its_epoch(tmp_path: Path) -> None:
    spaces = [workloads.space(name) for name in MEMBERS]
    name = group.begin("pair", spaces, options(tmp_path))
    place = Layout(tmp_path / MEMBERS[0] / name)
    sweep = choosing.opened(spaces[0], choosing.Choice(place, place.describe()))
    for values in ([0.5, 0.4], [0.375, 0.25, 0.3]):
        trial = sweep.next_trial()
        assert trial is not None
        for epoch, value in enumerate(values, 1):
            best = min(range(epoch), key=values.__getitem__)
            row = {
                "epoch": epoch,
                "objective": values[best],
                "best_epoch": best + 1,
                "value": value,
            }
            sweep.record_epoch(trial["number"], row | {"seconds": 30.0})
    shown = group.table([place])
    cells = [next(column.cells) for column in shown.columns]
    assert cells[:3] == [MEMBERS[0], "0.25", "2"]
    assert cells[3:5] == ["0.4", "37.5%"]


@pytest.mark.ray
@pytest.mark.slow
def test_interrupted_group_is_resumed_where_it_stopped(tmp_path: Path) -> None:
    first = start(tmp_path, "--name", NAME, *TINY, "--folds", 2, "--trials", 2, "--epochs", 4)
    rows = tmp_path / "emotion" / NAME / "trials" / "00000" / "metrics.csv"
    while not rows.exists():  # the first member's sweep has ended by then
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.05)
    first.send_signal(signal.SIGINT)
    output, _ = first.communicate(timeout=60)
    assert first.returncode == 130, output
    assert f"tune.run pair --resume {NAME}" in output
    second = start(tmp_path, "--resume")
    output, _ = second.communicate(timeout=240)
    assert second.returncode == 0, output
    assert "it holds all its 2 trials" in output
    for member in MEMBERS:
        place = Layout(tmp_path / member / NAME)
        assert not choosing.is_unfinished(place)
        assert len(place.describe()["data"]["folds"]) == 2
        assert "value_sd" in (place.trial(0) / "metrics.csv").read_text()
        weights = str(tmp_path / f"{member}.pt")
        of = [member, "--sweep", NAME, "--results", str(tmp_path)]
        assert export.main([*of, "--model", weights]) == 0
        assert report.main(of) == 0  # the first fold's weights fit the first fold's data


def start(results: Path, *arguments: object) -> subprocess.Popen[str]:
    program = f"""
from tune import run, workloads
workloads.GROUPS = {{"pair": {MEMBERS}}}
raise SystemExit(run.main())
"""
    shared = ["--results", results, "--concurrent", 1, "--quiet"]
    return subprocess.Popen(
        [sys.executable, "-c", program, "pair", *map(str, (*shared, *arguments))],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
