"""Disks that are full or read-only, sweeps that moved, and links that lead out of them.

In ``tests/tune``: tables deleted (``test_sweep``), the lock of a dead driver (``test_lock``).
"""

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from datasets.contract import Data
from tests.faults.driver import invent, opened, process, told, train, until_done
from tests.tune.test_run import refused
from tests.tune.test_run import sweep as written
from tune import checkpoints, layout, records
from tune.asha import RecordedASHA
from tune.errors import StorageFailure, UserError
from tune.searcher import EpochRecorder, Keeper, StudySearcher
from tune.study import read_trials
from tune.workloads import Space, Workload

Disk = Callable[[int], Path]
pytestmark = pytest.mark.fault


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, workload: Workload, data: Data) -> Iterator[None]:
    """Let the trial find the toy workload by name."""
    monkeypatch.setattr("tune.trainable.workloads.get", lambda _name: workload)
    monkeypatch.setattr("tune.trainable.data.load_folds", lambda *_: [data])
    yield
    torch.set_flush_denormal(False)


def fill(disk: Path, left_bytes: int = 0) -> Path:
    """Take all room on a disk but a rest; deleting the file gives it back."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError as error:
            assert error.errno == errno.ENOSPC
        file.truncate(max(file.tell() - left_bytes, 0))
    return ballast


def run(path: Path, space: Space, keeper: Keeper) -> None:
    """Run a sweep as Ray does: until there is no trial left, or a write fails."""
    sweep = opened(path, space)
    searcher = StudySearcher(sweep, RecordedASHA(space.budget, sweep.history()), keeper)
    recorder = EpochRecorder(sweep, keeper)
    while not keeper.stop_all() and isinstance(job := searcher.suggest("a"), dict):
        for result in until_done(process(job)):
            trial: Any = type("Trial", (), {"config": job})
            recorder.on_trial_result(0, [], trial, result)
        searcher.on_trial_complete("a", result)
    keeper.attempt(sweep.write_tables)


@pytest.mark.parametrize("left_kib", [0, 8, 16, 24, 40, 64])
def test_sweep_on_a_full_disk_stops_and_goes_on_when_there_is_room(
    tmp_path: Path, space: Space, disk: Disk, left_kib: int
) -> None:
    """The disk gets full sooner or later: at a checkpoint, at the journal, at a table."""
    run(tmp_path / "whole", space, Keeper())
    small = disk(4096)
    opened(small / "sweep", space)
    ballast = fill(small, left_kib * 1024)
    keeper = Keeper()
    run(small / "sweep", space, keeper)
    assert keeper.failure is not None
    assert "cannot be written: No space left on device" in keeper.failure
    ballast.unlink()
    run(small / "sweep", space, Keeper())
    found = [told(trial) for trial in read_trials(small / "sweep" / "study.journal")]
    assert found == [told(trial) for trial in read_trials(tmp_path / "whole" / "study.journal")]


def test_journal_that_could_not_be_extended_is_whole_after_a_resume(
    tmp_path: Path, space: Space, disk: Disk
) -> None:
    invent(opened(tmp_path / "whole", space))
    small = disk(256)
    sweep = opened(small / "sweep", space)
    ballast = fill(small)
    with pytest.raises(OSError, match="No space left"):
        invent(sweep)
    ballast.unlink()
    invent(opened(small / "sweep", space))
    found = [told(trial) for trial in read_trials(small / "sweep" / "study.journal")]
    assert found == [told(trial) for trial in read_trials(tmp_path / "whole" / "study.journal")]


def test_checkpoint_without_room_leaves_the_one_before_and_no_rubbish(disk: Disk) -> None:
    small = disk(256)
    last, previous = small / "last.pt", small / "previous.pt"
    checkpoints.save(last, {"epoch": 1}, previous)
    fill(small)
    with pytest.raises(StorageFailure, match=r"last\.pt cannot be written: No space left"):
        checkpoints.save(last, {"epoch": 2, "model": torch.zeros(1000)}, previous)
    assert checkpoints.load(last) == {"epoch": 1}
    assert sorted(path.name for path in small.iterdir()) == ["ballast", "last.pt"]


def test_table_without_room_leaves_the_one_before(disk: Disk) -> None:
    small = disk(64)
    records.write_csv(small / "trials.csv", [{"number": 1}])
    fill(small)
    with pytest.raises(OSError, match="No space left"):
        records.write_csv(small / "trials.csv", [{"number": 2}] * 3000)
    assert (small / "trials.csv").read_text() == "number\n1\n"


def test_trial_on_a_full_disk_is_not_to_blame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    params = {"optim/lr": 0.01, "train/batch_size": 8}
    told = {"number": 3, "seed": 11, "recorded": 0, "directory": str(tmp_path), "params": params}
    running = process(told)
    monkeypatch.setattr(os, "fsync", full)
    result = running.step()
    assert "failed" not in result
    assert "best.pt cannot be written: No space left on device" in result["unwritable"]


def test_read_only_sweep_is_refused_on_one_line(
    capsys: pytest.CaptureFixture[str], disk: Disk
) -> None:
    small = disk(256)
    written(small)
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    line = refused(capsys, "edc", "--resume", "monday", "--results", small)
    assert "must be writable, got: Read-only file system" in line


def test_moved_sweep_goes_on_where_it_lies(tmp_path: Path, space: Space) -> None:
    train(opened(tmp_path / "whole", space))
    sweep = opened(tmp_path / "here", space, trials=6)
    for number in range(3):
        job = sweep.next_trial()
        assert job is not None
        running = process(job)
        for _ in range(2 if number == 2 else 4):
            sweep.record_epoch(number, running.step()["row"])
        if number < 2:
            sweep.end_trial(number, "complete", "reached its last epoch")
    shutil.move(tmp_path / "here", tmp_path / "there")
    train(opened(tmp_path / "there", space))
    assert not (tmp_path / "here").exists()
    found = [told(trial) for trial in read_trials(tmp_path / "there" / "study.journal")]
    assert found == [told(trial) for trial in read_trials(tmp_path / "whole" / "study.journal")]


def test_nothing_in_a_sweep_names_the_place_where_it_lies(tmp_path: Path, space: Space) -> None:
    sweep = opened(tmp_path / "a-place", space)
    train(sweep)
    sweep.write_tables()
    for path in (tmp_path / "a-place").rglob("*"):
        assert not path.is_file() or b"a-place" not in path.read_bytes(), path


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", "\0", "[" * 100_000, '{"budget": 3}', '{"fixed": [], "seed": 0}'],
)
def test_unreadable_description_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    (written(tmp_path) / "sweep.json").write_text(text)
    line = refused(capsys, "edc", "--resume", "monday", "--results", tmp_path)
    assert "sweep.json must be JSON as tune.run wrote it" in line
    assert "restore it from a copy or start a new sweep" in line


@pytest.mark.parametrize("key", list(layout.SHAPE))
def test_description_without_what_a_resume_needs_names_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, key: str
) -> None:
    path = written(tmp_path) / "sweep.json"
    description = json.loads(path.read_text())
    del description[key]
    path.write_text(json.dumps(description))
    assert f"'{key}'" in refused(capsys, "edc", "--resume", "monday", "--results", tmp_path)


@pytest.mark.parametrize(
    "name", ["study.journal", "driver.lock", "trials/00000", ".trials.csv.part"]
)
def test_link_that_leads_out_of_a_sweep_is_refused_and_its_target_kept(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    directory = written(tmp_path / "results")
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (directory / name).unlink(missing_ok=True)
    (directory / name).parent.mkdir(exist_ok=True)
    (directory / name).symlink_to(precious)
    line = refused(capsys, "edc", "--resume", "monday", "--results", tmp_path / "results")
    assert "but is a link to" in line
    assert precious.read_text() == "mine"


def test_sweep_that_is_itself_a_link_out_of_the_results_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "elsewhere")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "edc").symlink_to(tmp_path / "elsewhere" / "edc")
    with pytest.raises(UserError, match="must lie in .*results, but is a link to"):
        layout.find(tmp_path / "results", "edc", "monday")


def test_results_that_are_a_link_themselves_are_the_users_own_choice(tmp_path: Path) -> None:
    written(tmp_path / "scratch")
    (tmp_path / "results").symlink_to(tmp_path / "scratch")
    assert layout.find(tmp_path / "results", "edc", "monday").journal.exists()


def test_pipe_in_a_sweep_is_refused_before_anybody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(written(tmp_path) / "trials.csv")
    with pytest.raises(UserError, match="must be a file or a directory"):
        layout.find(tmp_path, "edc", "monday")


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (written(tmp_path) / "circle").symlink_to("circle")
    with pytest.raises(UserError, match="circle must be a file or a directory"):
        layout.find(tmp_path, "edc", "monday")
