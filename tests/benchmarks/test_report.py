import json
import math
from pathlib import Path

import pytest

from benchmarks.report import Figure, add, read, table


def figure(contestant: str, *values: float | None, case: str = "case") -> Figure:
    return Figure("part", case, contestant, "s", values)


def test_ratio_is_ours_over_the_best_other() -> None:
    figures = [figure("soundsweep", 1.0), figure("slow", 8.0), figure("quick", 2.0)]
    row = table(figures).splitlines()[-1]
    assert row == "| part: case | s | 1 | quick: 2 | 0.50 | slow: 8 |"


def test_run_that_missed_its_target_counts_as_infinite() -> None:
    assert math.isinf(figure("soundsweep", 1.0, None, None).median)
    assert figure("soundsweep", 1.0, None, 3.0).median == 3.0
    assert figure("soundsweep", 1.0, 2.0, 3.0, 4.0, None).quartiles == (2.0, 4.0)


@pytest.mark.parametrize(("ours", "other"), [(None, None), (2.0, None), (None, 2.0)])
def test_nothing_is_divided_where_one_missed(ours: float | None, other: float | None) -> None:
    row = table([figure("soundsweep", ours), figure("other", other)]).splitlines()[-1]
    cells = ["not reached" if value is None else "2" for value in (ours, other)]
    assert row == f"| part: case | s | {cells[0]} | other: {cells[1]} | - | - |"


def test_later_measurement_replaces_the_earlier_one_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    add(path, [figure("soundsweep", 1.0), figure("other", 2.0)])
    add(path, [figure("other", None)])
    assert [each.values for each in read(path)] == [[1.0], [None]]
    content = json.loads(path.read_text())
    assert {"date", "machine", "versions", "commit", "figures"} == set(content)
