"""Retrain the best over seeds and score the test part: ``python -m tune.evaluate <workload>``.

The winner of a sweep was chosen on noise as well as on merit. Here the top configurations and the
baseline are trained anew on the same fresh seeds, and each training is scored once on test data
that nothing has seen before; so are their ensembles. Finished trainings are kept: repeat the
command to go on after an interruption, or to add seeds. Some workloads are evaluated on several
splits; --set data/split=... chooses one. The workloads of a group are evaluated in turn.
"""

import argparse
from collections.abc import Sequence

from tune import layout, workloads
from tune.arguments import Parser, add_set, add_sweep, positive, share
from tune.errors import answer


def parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m tune.evaluate", description=__doc__)
    add_sweep(parser, groups=True)
    parser.add_argument("--top", type=positive, default=3, help="configurations (default 3)")
    parser.add_argument("--seeds", type=positive, default=5, help="trainings each (default 5)")
    add_set(parser, "train on other data than the sweep, e.g. data/split=material")
    parser.add_argument("--cpus-per-trial", type=share, help="a number, or auto (default)")
    parser.add_argument("--gpus-per-trial", type=share, help="fractions allowed, or auto")
    parser.add_argument("--concurrent", type=positive, help="most trainings at a time")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    farewell = "interrupted; finished trainings are kept, run the same command again"
    return answer(lambda: evaluate(options), farewell)


def evaluate(options: argparse.Namespace) -> int:
    """Retrain and score as the command line asks; return the exit code."""
    names = workloads.GROUPS.get(options.workload, (options.workload,))
    spaces = [workloads.space(name) for name in names]
    places = [layout.choose(options.results, name, options.sweep) for name in names]
    from tune.retrain import retrain  # here, so that --help needs neither Ray nor torch

    for space, place in zip(spaces, places, strict=True):
        retrain(space, place, options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
