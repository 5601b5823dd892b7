import dataclasses
import io
import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import optuna
import pytest
from rich.console import Console

from tune import following, records, watch, workloads
from tune.ends import END
from tune.layout import Layout
from tune.lock import driver_lock, is_driven
from tune.study import Study
from tune.sweep import Sweep

SPACE = workloads.space("edc")


def make(results: Path, name: str = "monday", trials: int = 4) -> Sweep:
    """Begin a sweep as the driver does."""
    place = Layout(results / "edc" / name)
    place.directory.mkdir(parents=True)
    budget = dataclasses.asdict(SPACE.budget) | {"trials": trials}
    description = {"workload": "edc", "seed": 0, "fixed": {}, "budget": budget}
    records.write_json(place.description, description)
    return Sweep(place, Study(place.journal, SPACE, 0, {}), description)


def epoch(sweep: Sweep, number: int, objective: float) -> None:
    dropped = {target.dropped: 0.0 for target in SPACE.targets if target.dropped}
    metrics = {target.metric: objective / 10 for target in SPACE.targets} | dropped
    row = {"epoch": 1, "value": objective, "objective": objective, "best_epoch": 1}
    sweep.record_epoch(number, row | metrics | {"seconds": 2.5})


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """Make a sweep whose baseline ended, whose second trial failed, and whose third one runs."""
    sweep = make(tmp_path)
    for _ in range(3):
        sweep.next_trial()
    epoch(sweep, 0, 3.0)
    epoch(sweep, 2, 0.5)
    sweep.end_trial(0, "complete", "reached its last epoch")
    sweep.end_trial(1, "failed", "loss is nan [at step 3]")
    return sweep


@pytest.fixture
def driven(sweep: Sweep) -> Iterator[Sweep]:
    with driver_lock(sweep.layout.directory):
        yield sweep


def finish(sweep: Sweep) -> None:
    sweep.end_trial(2, "pruned", "stopped by ASHA at epoch 1")
    sweep.next_trial()
    epoch(sweep, 3, 0.7)
    sweep.end_trial(3, "complete", "stopped improving")


def once(results: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert watch.main([*arguments, "--once", "--results", str(results)]) == 0
    return " ".join(capsys.readouterr().out.split())


def contents(directory: Path) -> dict[Path, tuple[int, bytes]]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_screen_shows_what_the_driver_shows_and_why_trials_ended(
    driven: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = once(tmp_path, capsys)
    assert "sweep edc/monday: running" in text
    assert "2/4 trials ended: 1 complete, 0 pruned, 1 failed" in text
    assert "│ 2 │ 1 │ 0.5000 │ 0.5000 │ 2.5 │" in text  # epoch, value, best so far, seconds
    assert "│ objective │ 3.0000 │ 0.5000 │ <= 1 │" in text
    assert "│ edt_mae_s │ 0.3000 missed │ 0.0500 missed │ <= 0.02 │" in text
    assert "trial 1 failed: loss is nan [at step 3]" in text
    assert driven.layout.journal.exists()


def test_time_left_counts_what_ended_since_the_driver_began(
    driven: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "about" not in once(tmp_path, capsys)
    a_minute_ago = time.time() - 60
    os.utime(driven.layout.directory / "driver.lock", (a_minute_ago, a_minute_ago))
    assert "1 min 00 s so far, about 1 min 00 s left" in once(tmp_path, capsys)


def test_sweep_without_a_driver_is_interrupted_and_says_how_to_resume(
    sweep: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = once(tmp_path, capsys)
    assert "interrupted (resume with: python -m tune.run edc --resume monday" in text
    assert "s so far" not in text
    assert sweep.layout.journal.exists()


def test_sweep_that_holds_all_trials_is_finished(
    sweep: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(sweep)
    assert "sweep edc/monday: finished" in once(tmp_path, capsys)


def test_watching_writes_nothing(
    driven: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(driven.layout.directory)
    once(tmp_path, capsys)
    assert contents(driven.layout.directory) == before


def test_watching_leaves_the_lock_to_the_next_driver(
    sweep: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with driver_lock(sweep.layout.directory):
        pass
    once(tmp_path, capsys)
    with driver_lock(sweep.layout.directory):
        assert is_driven(sweep.layout.directory)


def test_half_written_lines_are_not_there_yet(
    driven: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with driven.layout.journal.open("a") as file:
        file.write('{"op_code":4,"worker')
    with (driven.layout.trial(2) / "metrics.csv").open("a") as file:
        file.write("2,0.4")
    assert "2/4 trials ended" in once(tmp_path, capsys)


def test_reader_ranks_the_trials_as_the_driver_does(sweep: Sweep) -> None:
    sweep.next_trial()  # without an epoch so far
    standings = following.read(sweep.layout).standings()
    assert standings == sweep.standings()
    assert [each.number for each in standings] == [2, 0]


def test_missing_description_is_waited_for(
    sweep: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(sweep)
    hidden = sweep.layout.description.rename(tmp_path / "elsewhere.json")
    monkeypatch.setattr(time, "sleep", lambda _: hidden.rename(sweep.layout.description))
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    watch.follow(sweep.layout, console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text.index("waiting: ") < text.index("finished")


def test_interrupting_the_watch_leaves_the_sweep_alone(
    driven: Sweep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupt)
    monkeypatch.setattr(watch, "Console", lambda: Console(force_terminal=True, width=100))
    before = contents(driven.layout.directory)
    assert watch.main(["--results", str(tmp_path)]) == 0
    assert "the sweep itself is left alone" in capsys.readouterr().err
    assert contents(driven.layout.directory) == before


def test_trial_without_an_epoch_for_three_is_stalled(
    driven: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "stalled" not in once(tmp_path, capsys)
    directory, now = driven.layout.directory, time.time()
    os.utime(directory / "driver.lock", (now - 300, now - 300))
    os.utime(driven.layout.trial(2) / "metrics.csv", (now - 90, now - 90))
    assert "trial 2 is stalled: no new epoch for 1 min 30 s" in once(tmp_path, capsys)


def test_failures_are_shown_although_others_ended_since() -> None:
    start = datetime(2026, 1, 1)
    ended = [
        optuna.trial.create_trial(value=1.0, user_attrs={END: {"outcome": outcome, "reason": ""}})
        for outcome in ["complete", "failed", *["complete"] * 7]
    ]
    for number, trial in enumerate(ended):
        trial.number, trial.datetime_complete = number, start + timedelta(minutes=number)
    assert [trial.number for trial in watch.latest(ended)] == [1, 4, 5, 6, 7, 8]


def test_without_a_name_the_sweep_worked_on_last_is_shown(
    sweep: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = make(tmp_path, "tuesday").layout
    os.utime(later.journal, (time.time() + 9, time.time() + 9))
    assert "edc/tuesday" in once(tmp_path, capsys)
    assert "edc/monday" in once(tmp_path, capsys, "monday")
    assert "edc/monday" in once(tmp_path, capsys, "edc/monday")
    assert sweep.layout.journal.exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("friday", "there is no sweep friday"),
        ("emotion/monday", "known: edc/monday"),
        ("../edc/monday", "a sweep's name may hold"),
        ("/monday", "a sweep's name may hold"),
        ("*", "a sweep's name may hold"),
    ],
)
def test_unknown_sweep_is_one_line(
    sweep: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    assert watch.main([name, "--once", "--results", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert sweep.layout.journal.exists()


def test_name_of_two_workloads_asks_for_the_workload(
    sweep: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = tmp_path / "emotion" / sweep.layout.directory.name
    twin.mkdir(parents=True)
    (twin / "study.journal").touch()
    assert watch.main(["monday", "--once", "--results", str(tmp_path)]) == 2
    assert "one of edc/monday, emotion/monday" in capsys.readouterr().err


@pytest.mark.parametrize("broken", ["sweep.json", "study.journal"])
def test_broken_file_is_named_on_one_line(
    sweep: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    (sweep.layout.directory / broken).write_text("[1]\n[2]\n")
    assert watch.main(["--once", "--results", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert broken in error
    assert error.count("\n") == 1


def test_no_sweep_at_all_names_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert watch.main(["--results", str(tmp_path)]) == 2
    assert "tune.run" in capsys.readouterr().err
