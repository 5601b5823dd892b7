import base64
import re
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path

import pytest

from tests.tune.reporting import HOSTILE, begin, hurry, metrics, run, train, written
from tune import following, gallery, report, report_page
from tune.pictures import Drawn
from tune.sweep import Sweep

PNG = b"\x89PNG"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


def said(sweep: Sweep) -> str:
    """Return what the page of a sweep says, without tags and pictures."""
    return text(report_page.render(following.read(sweep.layout), [], None))


def text(page: str) -> str:
    """Return what a page says, without its tags."""
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page, flags=re.S).split())


def titles(page: str) -> list[str]:
    return re.findall(r"<figure[^>]*>\s*<h3>([^<]*)", page)


COURSE = ["Best so far", "Learning curves"]
TARGETS = ["Targets", "Pareto front of the targets"]
PARAMETERS = ["Importance of the parameters", "Parallel coordinates", "Slices"]
TRAINING = [
    "Training of baseline and winner",
    "Generalisation gap and learning rate of the winner",
]


@pytest.mark.parametrize(
    ("workload", "count", "expected"),
    [
        ("edc", 0, []),
        ("edc", 1, [*COURSE, *TARGETS, *TRAINING]),
        ("edc", 12, [*COURSE, *TARGETS, *PARAMETERS, *TRAINING]),
        ("emotion", 12, [*COURSE, *PARAMETERS, *TRAINING]),
    ],
)
def test_report_holds_every_picture_for_which_there_is_something_to_show(
    tmp_path: Path, workload: str, count: int, expected: list[str]
) -> None:
    run(begin(tmp_path, workload), count)
    page = written(tmp_path, workload)
    assert titles(page) == expected
    figures = list((tmp_path / workload / "monday" / "figures").glob("*.png"))
    assert len(figures) == len(expected)
    embedded = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert {base64.b64decode(each) for each in embedded} == {f.read_bytes() for f in figures}
    assert all(figure.read_bytes().startswith(PNG) for figure in figures)


def test_page_fetches_nothing(tmp_path: Path) -> None:
    run(begin(tmp_path), 12)
    page = written(tmp_path)
    assert "default-src 'none'" in page
    assert not re.search(r'(src|href)=(?!"data:)', page)
    assert "url(" not in page
    assert "@import" not in page


def test_page_tells_what_tuning_gained_and_how_to_go_on(tmp_path: Path) -> None:
    sweep = begin(tmp_path)
    run(sweep, 5)
    page = said(sweep)
    assert "edc/monday interrupted" in page
    assert "best objective 0.5 published baseline: 0.5" in page  # trial 0: 3 / 6
    assert "targets met 5 of 5 published baseline: 5 of 5" in page
    assert "trials 5 of 12 2 complete, 2 pruned, 1 failed" in page
    assert "t20_mae_s ≤ 0.02 0.01 ✓ 0.01 ✓" in page
    assert f"python -m tune.run edc --resume monday --results {tmp_path} finish" in page
    assert "python -m tune.evaluate edc --sweep monday" in page
    assert "data / rows / train 3" in page


def test_missed_target_is_said_to_be_missed(tmp_path: Path) -> None:
    sweep = begin(tmp_path)
    sweep.next_trial()
    train(sweep, 0, 2, "complete", "by the test")
    assert "edc_r2 ≥ 0.98 0.97 ✗ missed 0.97 ✗ missed" in said(sweep)


def test_finished_sweep_is_extended_by_the_command_given(tmp_path: Path) -> None:
    sweep = begin(tmp_path, trials=4)
    run(sweep, 4)
    assert f"--resume monday --results {tmp_path} --trials 8" in said(sweep)


def test_running_trial_counts_too(tmp_path: Path) -> None:
    sweep = begin(tmp_path)
    run(sweep, 1)
    sweep.next_trial()
    value = metrics(sweep.study.space, 0.1)
    row = {"epoch": 1, "value": 0.1, "objective": 0.1, "best_epoch": 1}
    sweep.record_epoch(1, row | {"train_loss": 1.0, "lr": 1e-3, "seconds": 1.0} | value)
    assert "best objective 0.1 published baseline: 0.5" in said(sweep)


def test_what_strangers_wrote_stays_text(tmp_path: Path) -> None:
    sweep = begin(tmp_path)
    run(sweep, 12)
    journal = sweep.layout.journal.read_text()
    swapped = journal.replace("weighted_edc", HOSTILE).replace("hybrid_v2", "a$b$$_{")
    assert swapped != journal
    sweep.layout.journal.write_text(swapped)
    page = written(tmp_path)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert page.count("<script") == page.count("</script>")
    assert set(titles(page)) >= set(PARAMETERS)


def test_failures_are_gathered_by_reason(tmp_path: Path) -> None:
    sweep = begin(tmp_path)
    run(sweep, 3)
    for number, reason in ((3, "loss is nan"), (4, "out of memory"), (5, "loss is nan")):
        sweep.next_trial()
        train(sweep, number, 1, "failed", reason)
    page = said(sweep)
    assert "loss is nan 2 3, 5 out of memory 1 4" in page


def test_picture_that_cannot_be_drawn_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = begin(tmp_path)
    run(sweep, 2)
    (sweep.layout.trial(0) / "best.pt").write_bytes(b"not a checkpoint")
    page = text(written(tmp_path))
    assert "Predictions of the winner Could not be drawn: " in page
    assert "Predictions of the winner: Could not be drawn: " in capsys.readouterr().out


def test_report_goes_on_without_the_process_that_draws_the_winner(tmp_path: Path) -> None:
    begun = begin(tmp_path)
    run(begun, 6)
    sweep = following.read(begun.layout)
    died: Future[list[Drawn]] = Future()
    died.set_exception(BrokenExecutor())
    drawn = list(gallery.draw(sweep, gallery.parameters(sweep), [died]))
    assert "the process died" in drawn[-1].caption
    assert all(picture.path for picture in drawn[:-1])


@pytest.mark.parametrize("broken", ["sweep.json", "study.journal"])
def test_broken_file_is_named_on_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    sweep = begin(tmp_path)
    run(sweep, 2)
    (sweep.layout.directory / broken).write_text("[1]\n[2]\n")
    assert report.main(["edc", "--results", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert broken in error
    assert error.count("\n") == 1


def test_unknown_sweep_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(["edc", "--sweep", "friday", "--results", str(tmp_path)]) == 2
    assert "there is no sweep friday" in capsys.readouterr().err
