import dataclasses

import numpy as np
import pytest
from matplotlib.figure import Figure
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, create_trial

from tune import figures
from tune.figures_interactive import prepare
from tune.figures_parameters import place
from tune.figures_targets import front
from tune.figures_training import losses, progress, scores
from tune.quiet import libraries_muted
from tune.workloads import Space

RATE = FloatDistribution(1e-4, 1e-1, log=True)
KIND = CategoricalDistribution(["a", "b"])
DEPTH = IntDistribution(1, 9)


def trial(number: int, depth: int, rate: float = 1e-2, kind: str = "a") -> FrozenTrial:
    """Return a trial whose objective is its depth."""
    made = create_trial(
        value=float(depth),
        params={"model/depth": depth, "optim/lr": rate, "optim/kind": kind},
        distributions={"model/depth": DEPTH, "optim/lr": RATE, "optim/kind": KIND},
    )
    made.number = number
    return made


def some(count: int) -> list[FrozenTrial]:
    generator = np.random.default_rng(0)
    return [
        trial(number, int(generator.integers(1, 10)), 10 ** generator.uniform(-4, -1), kind)
        for number, kind in enumerate(generator.choice(["a", "b"], count))
    ]


def test_values_lie_where_their_axis_is_linear() -> None:
    one = trial(0, 4, 1e-3, "b")
    names = ("model/depth", "optim/lr", "optim/kind")
    assert [place(one, name) for name in names] == pytest.approx([4.0, -3.0, 1.0])


def test_front_holds_what_no_other_beats_in_everything() -> None:
    ratios = np.array([[1.0, 4.0], [2.0, 2.0], [2.0, 3.0], [4.0, 1.0], [2.0, 2.0]])
    assert front(ratios).tolist() == [True, True, False, True, True]


def test_progress_is_the_share_of_the_way_down() -> None:
    assert progress([4.0, 2.0, 3.0, 0.0]).tolist() == [0.0, 0.5, 0.25, 1.0]
    assert progress([-1.0, -3.0]).tolist() == [0.0, 1.0]
    assert progress([1.0, 2.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a$b$", r"a\$b\$"), (0.00123456, "0.001235"), (2048.0, "2048"), ("x" * 30, "x" * 23 + "…")],
)
def test_labels_are_literal_and_short(text: object, shown: str) -> None:
    assert figures.literal(text) == shown


def test_numbers_of_a_logarithmic_axis_are_written_out() -> None:
    axes = Figure().subplots()
    axes.plot([1, 2], [0.03, 200.0])
    figures.logarithmic(axes)
    labels = [axes.yaxis.get_major_formatter()(value) for value in (0.1, 1.0, 100.0)]
    assert labels == ["0.1", "1", "100"]


def test_interactive_pictures_carry_their_library() -> None:
    with libraries_muted():
        made = prepare(some(8), ["model/depth", "optim/lr"], logarithmic=True)
    assert list(made.figures) == ["Parallel coordinates", "Slices"]
    assert made.trials == 8
    assert 1e6 < len(made.library) < 2.5e6
    assert made.figures["Slices"]["layout"]["yaxis"]["type"] == "log"


def test_scores_are_bounded_metrics_of_which_more_is_better(space: Space) -> None:
    rising = dataclasses.replace(space, rising=("accuracy", "snr"))
    rows = [{"mse": 0.1, "accuracy": 0.3, "snr": 2.0}, {"mse": 0.1, "accuracy": 0.4, "snr": 0.9}]
    assert scores(rows, rising) == ["accuracy"]
    assert scores(rows, space) == []


@pytest.mark.parametrize("epochs", [2, 19])
def test_epochs_are_counted_in_whole_numbers(epochs: int) -> None:
    axes = Figure().subplots()
    losses([{"epoch": n + 1, "train_loss": 0.5, "value": 0.7} for n in range(epochs)], axes)
    ticks = axes.get_xticks()
    assert len(ticks) > 1
    assert all(tick == round(tick) for tick in ticks)
