"""Draw a sweep's figures: ``python -m tune.report <workload>``."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tune import layout, workloads
from tune.arguments import Parser
from tune.errors import UserError


def parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m tune.report", description=__doc__)
    parser.add_argument("workload", metavar="WORKLOAD", help=", ".join(workloads.NAMES))
    parser.add_argument("--sweep", metavar="NAME", help="the sweep; without it, the newest one")
    parser.add_argument("--results", type=Path, default=Path("results"), help="where sweeps lie")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    try:
        space = workloads.space(options.workload)
        place = layout.choose(options.results, options.workload, options.sweep)
        from tune.drawing import draw  # here, so that --help needs neither matplotlib nor torch

        for picture in draw(space, place):
            print(f"wrote {picture}")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
