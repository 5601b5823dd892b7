"""Write a sweep's best configurations, its best model, or examples of what that model generates.

``python -m tune.export <workload>``, then ``--model PATH`` or ``--sample N --output DIR``.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from optuna.trial import FrozenTrial

from tune import layout, records, table, workloads
from tune.arguments import Parser, add_sweep, positive
from tune.errors import UserError, answer
from tune.layout import Layout
from tune.study import read_trials


def parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m tune.export", description=__doc__)
    add_sweep(parser)
    parser.add_argument("--top", type=positive, default=10, help="how many (default 10)")
    parser.add_argument(
        "--format",
        choices=[*FORMATS, *MODELS],
        help="of the table, default csv; or of the model, default state_dict",
    )
    output_help = "a file; without it, the screen; of --sample, a directory"
    parser.add_argument("--output", type=Path, metavar="PATH", help=output_help)
    model = parser.add_mutually_exclusive_group()
    model.add_argument("--model", type=Path, metavar="PATH", help="write the best model there")
    sample_help = "let the best model generate so many examples"
    model.add_argument("--sample", type=positive, metavar="N", help=sample_help)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    return answer(lambda: export(options))


def export(options: argparse.Namespace) -> int:
    """Write what the command line asks for; return the exit code."""
    workloads.space(options.workload)
    place = layout.choose(options.results, options.workload, options.sweep)
    best = table.best(read_trials(place.journal), options.top)
    if not best:
        raise UserError(f"sweep {place.directory.name} must hold an ended trial, but has none")
    if options.model:
        write_model(place, best[0], options)
    elif options.sample:
        write_samples(place, best[0], options)
    else:
        emit(_table_format(options.format)(rows(best, place)), options.output)
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


def write_model(place: Layout, trial: FrozenTrial, options: argparse.Namespace) -> None:
    """Write a trial's model in the chosen format.

    Args:
        place: The sweep.
        trial: One of its trials.
        options: The parsed command line.

    Raises:
        UserError: If the format is one of tables.
    """
    from tune.model_formats import MODEL_FORMATS  # here, since the tables need no torch

    chosen = options.format or "state_dict"
    if chosen not in MODEL_FORMATS:
        raise UserError(f"--format of a model must be one of {', '.join(MODELS)}, got {chosen}")
    _check_parent(options.model)
    MODEL_FORMATS[chosen](place, trial, options.model)


def write_samples(place: Layout, trial: FrozenTrial, options: argparse.Namespace) -> None:
    """Let a trial's model write examples.

    Args:
        place: The sweep.
        trial: One of its trials.
        options: The parsed command line.

    Raises:
        UserError: If the directory is missing, or a format is given.
    """
    from tune import sampling  # here, since the tables need no torch

    if options.output is None:
        raise UserError("--sample must say where its files go, with --output DIR")
    if options.format is not None:
        raise UserError(f"--format {options.format} is not of samples; leave it out")
    _check_parent(options.output)
    sampling.write_samples(place, trial, options.output, options.sample)


def _table_format(name: str | None) -> Callable[[Sequence[records.Row]], str]:
    if name in MODELS:
        raise UserError(f"--format {name} is of a model; say where it goes with --model PATH")
    return FORMATS[name or "csv"]


def _check_parent(output: Path) -> None:
    if not output.parent.is_dir():
        raise UserError(f"{output.parent} must be a directory, but there is none; make it first")


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(records.finite(rows), indent=2, allow_nan=False) + "\n"


def _yaml(rows: Sequence[Mapping[str, Any]]) -> str:
    return yaml.dump(records.finite(rows), Dumper=yaml.CSafeDumper, sort_keys=False)


#: Of a model; the functions lie in ``tune.model_formats``, which needs torch.
MODELS = ("state_dict", "rtneural", "onnx")
FORMATS: dict[str, Callable[[Sequence[records.Row]], str]] = {
    "csv": records.csv_text,
    "json": _json,
    "yaml": _yaml,
}

if __name__ == "__main__":
    raise SystemExit(main())
