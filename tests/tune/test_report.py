import base64
import dataclasses
import os
import re
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from typing import Any

import optuna
import pytest

from tune import following, gallery, records, report, report_page, workloads
from tune.layout import Layout
from tune.study import Study
from tune.sweep import Sweep
from tune.workloads import Space

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
HOSTILE = "</script><script>alert('$x$')</script>"
PNG = b"\x89PNG"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make sweeps in moments: without the sampler's thinking, syncing and clearing up."""

    def sample(study: Study, asked: int) -> None:
        study.optuna.sampler = optuna.samplers.RandomSampler(seed=asked)

    monkeypatch.setattr(Study, "_seed_sampler", sample)
    monkeypatch.setattr(Sweep, "_write_table_in_time", lambda _: None)
    monkeypatch.setattr(Sweep, "_remove_checkpoints", lambda _: None)
    monkeypatch.setattr(os, "fsync", lambda _: None)


def begin(results: Path, workload: str = "edc", trials: int = 12) -> Sweep:
    """Begin a sweep as the driver does."""
    space = workloads.space(workload)
    place = Layout(results / workload / "monday")
    place.directory.mkdir(parents=True)
    budget = dataclasses.asdict(space.budget) | {"trials": trials}
    description: dict[str, Any] = {"workload": workload, "budget": budget, "seed": 0}
    description |= {
        "root": None,
        "fixed": {},
        "data": {"rows": {"train": 3}},
    }
    description |= {"versions": {"torch": "2"}, "commit": None, "command": f"run {HOSTILE}"}
    records.write_json(place.description, description)
    return Sweep(place, Study(place.journal, space, 0, {}), description)


def metrics(space: Space, objective: float) -> dict[str, float]:
    """Return metrics by which every target is missed or met as the objective is."""
    if space.metric is not None:
        return {space.metric: objective}
    found = {target.dropped: 0.0 for target in space.targets if target.dropped}
    for target in space.targets:
        if target.at_most is not None:
            found[target.metric] = objective * target.at_most
        else:
            assert target.at_least is not None
            found[target.metric] = 1 - objective * (1 - target.at_least)
    return found


def train(sweep: Sweep, number: int, epochs: int, outcome: str, reason: str) -> None:
    """Record a trial whose objective falls with the epochs."""
    for epoch in range(1, epochs + 1):
        value = (3.0 + number % 7) / epoch
        row = {"epoch": epoch, "value": value, "objective": value, "best_epoch": epoch}
        row |= {"train_loss": value / 2, "lr": 1e-3, "skipped_steps": 0, "seconds": 1.0}
        sweep.record_epoch(number, row | metrics(sweep.study.space, value))
    sweep.end_trial(number, outcome, reason)


def run(sweep: Sweep, count: int) -> None:
    """Train trials: the first one whole, then pruned, failed and whole ones in turn."""
    kinds = [(6, "complete"), (2, "pruned"), (1, "pruned"), (0, "failed")]
    for _ in range(count):
        job = sweep.next_trial()
        assert job is not None
        number = job["number"]
        epochs, outcome = kinds[number % len(kinds)]
        train(sweep, number, epochs, outcome, HOSTILE if outcome == "failed" else "by the test")


def written(results: Path, workload: str = "edc") -> str:
    """Write the report; return its page."""
    assert report.main([workload, "--results", str(results)]) == 0
    return (results / workload / "monday" / "report.html").read_text("utf-8")


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


def test_report_goes_on_without_the_process_that_draws_predictions(tmp_path: Path) -> None:
    begun = begin(tmp_path)
    run(begun, 6)
    sweep = following.read(begun.layout)
    died: Future[gallery.Drawn | None] = Future()
    died.set_exception(BrokenExecutor())
    drawn = list(gallery.draw(sweep, gallery.parameters(sweep), died))
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


@pytest.fixture
def long_page(tmp_path: Path) -> Path:
    """Write the report of a thousand trials."""
    run(begin(tmp_path, trials=1000), 1000)
    written(tmp_path)
    return tmp_path / "edc" / "monday" / "report.html"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    if not (CHROMIUM.exists() and DRIVER.exists()):
        pytest.skip(f"needs {CHROMIUM} and {DRIVER}")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    flags = ["headless", "no-sandbox", "disable-gpu", "disable-background-networking"]
    for flag in [*flags, f"user-data-dir={tmp_path / 'profile'}"]:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


DRAWN = """
const done = arguments[0], closer = document.getElementById("closer");
closer.open = true;
const timer = setInterval(() => {
  const drawn = closer.querySelectorAll(".plot svg.main-svg").length > 0
    && [...closer.querySelectorAll(".plot")].every(plot => plot.querySelector("svg.main-svg"));
  if (drawn) { clearInterval(timer); done(true); }
}, 100);
"""
SORTED = """
document.querySelectorAll(".trials th")[3].click();
return [...document.querySelectorAll(".trials tbody tr")].map(row => row.cells[3].textContent);
"""


@pytest.mark.slow
def test_thousand_trials_are_below_five_megabytes_and_draw_without_an_error(
    long_page: Path, browser: Any
) -> None:
    assert long_page.stat().st_size < 5_000_000
    grounds = set()
    for scheme in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        browser.get(long_page.as_uri())
        assert browser.execute_async_script(DRAWN)
        images = "return [...document.images].every(each => each.naturalWidth > 0)"
        assert browser.execute_script(images)
        ground = "return getComputedStyle(document.body).backgroundColor"
        grounds.add(browser.execute_script(ground))
    assert len(grounds) == 2
    values = browser.execute_script(SORTED)
    numbers = [float(value) for value in values if value]
    assert len(values) == 1000
    assert numbers == sorted(numbers)
    assert browser.get_log("browser") == []
