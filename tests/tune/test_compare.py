import csv
import dataclasses
import json
import math
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend

from tune import compare, ranking, watch, workloads
from tune.ends import END, End
from tune.ranking import Entry
from tune.workloads import Space


class Journal(BaseJournalBackend):
    """Writes a journal without a sync a line: a thousand trials in a second."""

    def __init__(self, path: Path) -> None:
        """Begin an empty journal."""
        self.path = path
        self.logs: list[dict[str, Any]] = []

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self.logs += logs
        with self.path.open("a") as file:
            file.writelines(json.dumps(log) + "\n" for log in logs)

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        yield from self.logs[log_number_from:]


def make(results: Path, name: str, objectives: Sequence[float | None], asked: int = 3) -> Path:
    """Write a sweep with ended trials; one whose objective is None failed before any epoch."""
    workload = name.partition("/")[0]
    space, directory = workloads.space(workload), results / name
    directory.mkdir(parents=True)
    sampler = optuna.samplers.RandomSampler(seed=0)
    storage = JournalStorage(Journal(directory / "study.journal"))
    study = optuna.create_study(storage=storage, sampler=sampler, study_name=workload)
    for objective in objectives:
        trial = study.ask()
        space.declare(trial)
        end = ended(space, objective)
        trial.set_user_attr(END, dataclasses.asdict(end))
        state = optuna.trial.TrialState.PRUNED
        if objective is None:
            study.tell(trial, state=state)
            continue
        trial.report(objective, 1)
        study.tell(trial, objective)
        folder = directory / "trials" / f"{trial.number:05d}"
        folder.mkdir(parents=True)
        (folder / "metrics.csv").touch()
        (folder / "best.pt").touch()
    description = {"workload": workload, "seed": 0, "fixed": {}, "budget": {"trials": asked}}
    (directory / "sweep.json").write_text(json.dumps(description))
    return directory


def ended(space: Space, objective: float | None) -> End:
    if objective is None:
        return End("failed", "loss is nan", {"epochs": 0, "seconds": 0.0})
    names = [target.metric for target in space.targets] + ([space.metric] if space.metric else [])
    metrics = dict.fromkeys(names, objective / 10)
    metrics |= {target.dropped: 0.0 for target in space.targets if target.dropped}
    metrics["extra"] = -objective
    told = {"epochs": 1, "best_epoch": 1, "objective": objective, "seconds": 1.0}
    return End("complete", "reached its last epoch", told | {"best": metrics, "last": metrics})


@pytest.fixture
def results(tmp_path: Path) -> Path:
    make(tmp_path, "edc/monday", [3.0, 0.1, None])
    make(tmp_path, "frequency_filter/monday", [2.0], asked=2)
    return tmp_path


def run(results: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[list[str]]:
    """Return the printed lines, each cut into its cells."""
    assert compare.main([*arguments, "--results", str(results)]) == 0
    lines = capsys.readouterr().out.splitlines()
    return [[cell.strip() for cell in line.strip("│┃ ").split("│")] for line in lines]


def order(lines: list[list[str]]) -> list[tuple[str, str]]:
    return [(cells[1], cells[2]) for cells in lines if cells[0].isdecimal()]


def test_trials_of_all_workloads_are_ranked_together(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = run(results, capsys)
    best, worst = ("edc/monday", "1"), ("edc/monday", "2")
    expected = [best, ("frequency_filter/monday", "0"), ("edc/monday", "0"), worst]
    assert order(lines) == expected


def test_met_targets_are_ticked(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(results, capsys, "edc/monday")
    rows = [cells for cells in lines if cells[0].isdecimal()]
    ticked = ["0.1", *["0.01 ✓"] * 4, "0.01"]  # r2 of .01 is poor
    assert rows[0][3:12] == ["validation", "complete", "1", *ticked]
    assert rows[1][6:12] == ["3", "0.3", "0.3", "0.3", "0.3 ✓", "0.3"]
    assert rows[2][4:12] == ["failed", "0", *["-"] * 6]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("edt_mae_s", "102"), ("edc_r2", "012"), ("extra", "012"), ("objective", "102")],
)
def test_direction_follows_the_metric_and_failed_trials_come_last(
    results: Path, capsys: pytest.CaptureFixture[str], metric: str, expected: str
) -> None:
    lines = run(results, capsys, "edc/monday", "--sort-by", metric)
    assert [number for _, number in order(lines)] == list(expected)


def entry(space: Space, number: int, value: float | None) -> Entry:
    row = {"number": number, "state": "complete", "objective": 1.0, "best/mse": value}
    return Entry("toy/monday", space, row, {"optim/lr": 0.1})


def test_metric_to_maximise_is_sorted_downward_and_missing_ones_come_last(space: Space) -> None:
    values = [math.nan, 1.0, None, 3.0]
    for mode, expected in (("max", [3, 1, 0, 2]), ("min", [1, 3, 0, 2])):
        told = dataclasses.replace(space, mode=mode)
        found = [entry(told, number, value) for number, value in enumerate(values)]
        assert [each.row["number"] for each in ranking.ranked(found, "mse")] == expected


def test_failed_trial_comes_last_however_good_it_was(space: Space) -> None:
    failed, other = entry(space, 0, 0.1), entry(space, 1, 5.0)
    failed.row["state"] = "failed"
    assert ranking.ranked([failed, other], "mse") == [other, failed]


def test_only_parameters_that_differ_are_shown(space: Space) -> None:
    first, second = (entry(space, number, 1.0) for number in range(2))
    second.params["model/hidden"] = [4, 8]  # a list, as --set may give one
    assert ranking.differing([first, second]) == ["model/hidden"]
    assert ranking.differing([first]) == []


def test_unknown_metric_lists_the_known_ones(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare.main(["--sort-by", "r3", "--results", str(results)]) == 2
    captured = capsys.readouterr()
    assert "one of objective, " in captured.err
    assert "edt_mae_s" in captured.err
    assert "got r3" in captured.err
    assert captured.err.count("\n") == 1


def test_top_limits_the_rows_and_csv_holds_every_column_of_them(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "compared.csv"
    assert len(order(run(results, capsys, "--top", "2", "--csv", str(path)))) == 2
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["sweep"] for row in rows] == ["edc/monday", "frequency_filter/monday"]
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert rows[0]["best/edt_mae_s"] == "0.01"
    assert float(rows[0]["optim/lr"]) > 0


def test_audit_counts_files_and_complete_trials(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / "edc" / "monday" / "trials" / "00000" / "metrics.csv").unlink()
    scored = results / "edc/monday/evaluation/as-swept"
    for name in ("baseline/seed-0", "trial-1/seed-0", "trial-1/seed-1", "ensemble/seed-0"):
        (scored / name).mkdir(parents=True)
        (scored / name / "predictions.npy").touch()
    lines = run(results, capsys)
    assert ["edc/monday", "3", "3", "1", "2", "2", "1"] in lines
    assert ["frequency_filter/monday", "2", "1", "1", "1", "0", "1"] in lines
    assert lines[-1] == ["2/5 complete"]


def test_weights_are_missed_only_where_they_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = make(tmp_path, "edc/monday", [float(number) for number in range(1, 8)], asked=7)
    for number in (4, 6):  # the fifth is among those kept, the seventh is not
        (directory / "trials" / f"{number:05d}" / "best.pt").unlink()
    assert run(tmp_path, capsys)[-1] == ["6/7 complete"]


def test_single_trials_are_compared_by_number(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = run(results, capsys, "edc/monday:0,2", "frequency_filter/monday:0")
    expected = [("frequency_filter/monday", "0"), ("edc/monday", "0"), ("edc/monday", "2")]
    assert order(lines) == expected


def test_sweep_may_be_given_as_its_directory(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = run(results, capsys, str(results / "edc" / "monday") + ":1")
    assert order(lines) == [("edc/monday", "1")]


def test_json_holds_what_the_csv_holds_and_the_summary_what_counts(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    options = [text for name in ("csv", "json", "summary") for text in (f"--{name}", str(exports))]
    run(results, capsys, "edc/monday", *options)
    (table,), (told,) = exports.glob("runs_comparison_*.csv"), exports.glob("*.json")
    with table.open() as file:
        columns = list(next(csv.DictReader(file)))
    rows = json.loads(told.read_text())
    assert set(rows[0]) <= set(columns)
    assert [row["number"] for row in rows] == [1, 0, 2]
    with (exports / "results_summary.csv").open() as file:
        summary = list(csv.DictReader(file))
    judged = ["edc_mae", "edt_mae_s", "t20_mae_s", "c50_mae_db", "edc_r2"]
    start = ["rank", "sweep", "number", "scored_on", "objective"]
    assert list(summary[0]) == [*start, *judged]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("sweep.json", "{"),
        ("sweep.json", "[]"),
        ("sweep.json", '{"workload": "unheard"}'),
        ("sweep.json", None),
        ("study.journal", "[]\n{}\n"),
        ("study.journal", '{"op_code"\n{}\n'),
        ("study.journal", None),
    ],
)
def test_broken_sweep_is_one_line_and_hides_no_other(
    results: Path, capsys: pytest.CaptureFixture[str], file: str, text: str | None
) -> None:
    broken = results / "edc" / "monday" / file
    broken.unlink() if text is None else broken.write_text(text)
    lines = run(results, capsys)
    assert order(lines) == [("frequency_filter/monday", "0")]
    told = [cells[0] for cells in lines if cells[0].startswith("unreadable: ")]
    assert len(told) == 1
    assert told[0].startswith("unreadable: edc/monday: ")
    assert lines[-1] == ["1/2 complete"]
    assert broken.exists() == (text is not None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["friday"], "there is no sweep friday"),
        (["monday"], "one of edc/monday, frequency_filter/monday"),
        (["--csv", "/nowhere/best.csv"], "/nowhere must be a directory"),
        (["edc/monday:9"], "sweep edc/monday has no trial 9"),
        (["edc/monday:"], "must be given as NAME:0,7, got edc/monday:"),
        (["docs"], "docs must hold runs with predictions.npy"),
    ],
)
def test_bad_request_is_one_line(
    results: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert compare.main([*arguments, "--results", str(results)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.slow
def test_a_thousand_trials_are_compared_and_watched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path, "edc/long", [1.0 + number for number in range(1000)], asked=1000)
    assert run(tmp_path, capsys, "--top", "3")[-1] == ["1000/1000 complete"]
    assert watch.main(["--once", "--results", str(tmp_path)]) == 0
    assert "1000/1000 trials ended" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("metric", "upward"),
    [("t20_r2", True), ("c50_jnd", True), ("edc_r2", True), ("t20_mae_s", False)],
)
def test_more_of_some_metrics_is_better_though_they_are_no_target(
    metric: str, upward: bool
) -> None:
    assert workloads.space("edc").rises(metric) == upward
