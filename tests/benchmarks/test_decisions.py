import json
import lzma
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from benchmarks.curves import Curve
from benchmarks.decisions import SHARES, Case, figures, horizon, regrets, scale

Table = Callable[..., list[Curve]]


def case(path: Path, curves: list[Curve], method: str = "random", workers: int = 1) -> Case:
    table = path / "costless.json.xz"
    table.write_bytes(lzma.compress(json.dumps({"curves": [asdict(c) for c in curves]}).encode()))
    return Case("costless", table, method, workers, trials=1000)


def test_regret_never_rises_and_ends_at_zero_once_everything_was_tried(
    tmp_path: Path, table: Table
) -> None:
    found = [each for each in regrets(case(tmp_path, table()), seed=1) if each is not None]
    assert found == sorted(found, reverse=True)
    assert found[-1] == 0


def test_failed_rows_count_with_what_they_reached(table: Table) -> None:
    curves = table(failing=3)
    best, width = scale(curves)
    assert best == min(min(curve.values) for curve in curves)
    assert width > 0


def test_time_is_never_shorter_than_the_longest_trial(table: Table) -> None:
    assert horizon(table(epochs=9), trials=30, workers=3) == 90
    assert horizon(table(epochs=9), trials=30, workers=1000) == 9


def test_our_figures_stand_beside_the_peers_and_beside_the_decisions_taken_back(
    tmp_path: Path, table: Table
) -> None:
    curves, rows = table(), [[0.1] * len(SHARES)]
    for method, parts in (
        ("soundsweep", 2),
        ("ASHA", 1),
        ("ours, rungs lost halfway", 1),
    ):
        made = list(figures(case(tmp_path, curves, method), rows))
        assert len({figure.part for figure in made}) == parts
        assert len(made) == parts * len(SHARES)
