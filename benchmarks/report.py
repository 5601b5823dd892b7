"""The figures of all parts as one JSON file, and the table made of it.

Every figure is of the kind of which less is better, so that soundsweep's ratio to the best other
contestant reads the same in every row: below 1 is ahead. A median over runs of which some missed
the target counts those as infinite.

``python -m benchmarks.report FILE`` prints the table of a file of results.
"""

import argparse
import json
import math
import os
import platform
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.contestants import OURS
from tune import records
from tune.describe import commit, versions

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Figure:
    """One measured quantity of one contestant.

    Attributes:
        part: The benchmark.
        case: What was measured; the table has a row for each.
        contestant: Whose figure it is.
        unit: Of the values.
        values: One a run; None where the target was not reached in time.
    """

    part: str
    case: str
    contestant: str
    unit: str
    values: Sequence[float | None]

    @property
    def key(self) -> tuple[str, str, str]:
        """What a later measurement replaces."""
        return self.part, self.case, self.contestant

    @property
    def median(self) -> float:
        """The median over the runs."""
        return statistics.median(self._reached())

    @property
    def quartiles(self) -> tuple[float, float]:
        """The first and the third quartile over the runs."""
        values = sorted(self._reached())
        last = len(values) - 1
        return values[round(last / 4)], values[round(3 * last / 4)]

    def _reached(self) -> list[float]:
        return [math.inf if value is None else value for value in self.values]


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Return a part's command line, which begins with where the figures go."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--output", type=Path, default=RESULTS / f"{date.today()}.json")
    return parser


def add(path: Path, figures: Iterable[Figure]) -> None:
    """Add figures to a file of results; one that is there already is replaced."""
    figures = list(figures)
    known = {figure.key: figure for figure in [*read(path), *figures]}
    path.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {"date": str(date.today()), "commit": commit()}
    content |= {"machine": machine(), "versions": versions()}
    content |= {"figures": [asdict(figure) for figure in known.values()]}
    records.write_json(path, content)


def read(path: Path) -> list[Figure]:
    """Read the figures of a file of results; none if it does not exist."""
    if not path.exists():
        return []
    return [Figure(**figure) for figure in json.loads(path.read_text("utf-8"))["figures"]]


def show(path: Path, part: str) -> None:
    """Print the rows of one part."""
    print(table(figure for figure in read(path) if figure.part == part))


def machine() -> dict[str, Any]:
    """Say what it was measured on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cores = len(os.sched_getaffinity(0))
    return {"processor": platform.machine(), "cores": cores, "memory_gb": round(pages / 1e9)}


def table(figures: Iterable[Figure]) -> str:
    """Return a Markdown table: a row a case, with soundsweep's ratio to the best other."""
    columns = "| what | unit | soundsweep | best other | ratio | others |"
    return "\n".join([columns, "| --- " * 6 + "|", *map(_row, _cases(figures))])


def _cases(figures: Iterable[Figure]) -> Iterator[dict[str, Figure]]:
    cases: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in figures:
        cases.setdefault((figure.part, figure.case), {})[figure.contestant] = figure
    yield from cases.values()


def _row(case: Mapping[str, Figure]) -> str:
    some = next(iter(case.values()))
    ours = case.get(OURS)
    others = sorted((each for each in case.values() if each is not ours), key=lambda f: f.median)
    best = others[0] if others else None
    ratio = (
        f"{ours.median / best.median:.2f}" if ours and best and _comparable(ours, best) else "-"
    )
    rest = "; ".join(f"{each.contestant}: {_cell(each)}" for each in others[1:])
    named = f"{best.contestant}: {_cell(best)}" if best else "-"
    cells = (f"{some.part}: {some.case}", some.unit, _cell(ours), named, ratio, rest or "-")
    return f"| {' | '.join(cells)} |"


def _comparable(ours: Figure, best: Figure) -> bool:
    """Tell whether the ratio is a number: not if one missed, or the other's median is zero."""
    return best.median != 0 and math.isfinite(ours.median) and math.isfinite(best.median)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    low, high = figure.quartiles
    spread = f" [{_number(low)}, {_number(high)}]" if len(figure.values) > 1 else ""
    return f"{_number(figure.median)}{spread}"


def _number(value: float) -> str:
    return "not reached" if math.isinf(value) else f"{value:.3g}"


def main() -> None:
    """Print the table of a file of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    print(table(read(parser.parse_args().file)))


if __name__ == "__main__":
    main()
