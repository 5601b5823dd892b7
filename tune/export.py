"""Write a sweep's best configurations, or its best model: ``python -m tune.export <workload>``."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from optuna.trial import FrozenTrial

from tune import layout, records, table, workloads
from tune.arguments import Parser, positive
from tune.errors import UserError
from tune.layout import Layout
from tune.study import read_trials


def parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m tune.export", description=__doc__)
    parser.add_argument("workload", metavar="WORKLOAD", help=", ".join(workloads.NAMES))
    parser.add_argument("--sweep", metavar="NAME", help="the sweep; without it, the newest one")
    parser.add_argument("--top", type=positive, default=10, help="how many (default 10)")
    parser.add_argument("--format", choices=FORMATS, default="csv", help="default csv")
    parser.add_argument("--output", type=Path, help="a file; without it, the screen")
    parser.add_argument("--model", type=Path, metavar="PATH", help="write the best weights there")
    parser.add_argument("--results", type=Path, default=Path("results"), help="where sweeps lie")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    try:
        workloads.space(options.workload)
        place = layout.choose(options.results, options.workload, options.sweep)
        best = table.best(read_trials(place.journal), options.top)
        if not best:
            raise UserError(f"sweep {place.directory.name} must hold an ended trial, but has none")
        if options.model:
            write_model(place, best[0], options.model)
        if options.output or not options.model:
            emit(FORMATS[options.format](rows(best, place)), options.output)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def rows(trials: Sequence[FrozenTrial], place: Layout) -> list[records.Row]:
    """Return the rows of an export: the table's, with rank, data fingerprint and commit."""
    description = place.describe()
    origin = {
        "sweep": place.directory.name,
        "data_fingerprint": description["data"]["fingerprint"],
        "commit": description["commit"],
    }
    ranked = enumerate(trials, 1)
    return [{"rank": rank} | table.row(each, place, description) | origin for rank, each in ranked]


def emit(text: str, output: Path | None) -> None:
    """Write a text to a file, or to the screen."""
    if output is None:
        sys.stdout.write(text)
        return
    _check_parent(output)
    records.write_text(output, text)
    print(f"wrote {output}")


def write_model(place: Layout, trial: FrozenTrial, output: Path) -> None:
    """Write the best epoch's weights of a trial, and beside them what builds the model.

    Args:
        place: The sweep.
        trial: One of its trials.
        output: File of the plain state dict; its configuration goes to the same name with
            ``.json``.

    Raises:
        UserError: If the checkpoint is gone.
    """
    from tune import checkpoints  # here, since the tables need no torch

    source = place.trial(trial.number) / "best.pt"
    if not source.exists():
        raise UserError(f"{source} must hold the best weights, but is gone; train them again")
    _check_parent(output)
    best = checkpoints.load(source)
    checkpoints.save(output, best["model"])
    description = {key: value for key, value in best.items() if key != "model"}
    records.write_json(output.with_suffix(".json"), description)
    print(f"wrote {output} and {output.with_suffix('.json')} (trial {trial.number})")


def _check_parent(output: Path) -> None:
    if not output.parent.is_dir():
        raise UserError(f"{output.parent} must be a directory, but there is none; make it first")


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(records.finite(rows), indent=2, allow_nan=False) + "\n"


def _yaml(rows: Sequence[Mapping[str, Any]]) -> str:
    return yaml.safe_dump(records.finite(rows), sort_keys=False)


FORMATS: dict[str, Callable[[Sequence[records.Row]], str]] = {
    "csv": records.csv_text,
    "json": _json,
    "yaml": _yaml,
}

if __name__ == "__main__":
    raise SystemExit(main())
