"""Start, resume or extend a sweep: ``python -m tune.run <workload>``."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tune import workloads
from tune.arguments import Parser, assignment, duration, positive, share
from tune.errors import UserError

INTERRUPTED = 130


def parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m tune.run", description=__doc__)
    parser.add_argument("workload", metavar="WORKLOAD", help=", ".join(workloads.NAMES))
    sweep = parser.add_argument_group("the sweep")
    sweep.add_argument("--trials", type=positive, help="trials in all, earlier ones included")
    sweep.add_argument("--epochs", type=positive, help="most epochs of a trial")
    sweep.add_argument(
        "--data", type=Path, help="your data; without it, the embedded default data"
    )
    sweep.add_argument("--name", help="name of a new sweep")
    sweep.add_argument(
        "--resume",
        nargs="?",
        const="",
        metavar="NAME",
        help="continue or extend a sweep; without NAME, the newest unfinished one",
    )
    sweep.add_argument("--seed", type=int, help="of every random number (default 0)")
    sweep.add_argument(
        "--set",
        action="append",
        type=assignment,
        default=[],
        metavar="KEY=VALUE",
        help="fix a parameter instead of searching it, or choose data, e.g. data/size=fast",
    )
    sweep.add_argument("--results", type=Path, default=Path("results"), help="where sweeps lie")
    machine = parser.add_argument_group("the machine")
    machine.add_argument("--cpus-per-trial", type=share, help="a number, or auto (default)")
    machine.add_argument(
        "--gpus-per-trial", type=share, help="fractions allowed, or auto (default)"
    )
    machine.add_argument("--concurrent", type=positive, help="most trials at a time")
    machine.add_argument("--time-budget", type=duration, help="e.g. 90s, 10m, 8h; resumable after")
    machine.add_argument("--address", help="an existing Ray cluster: auto or ray://host:port")
    screen = parser.add_argument_group("the screen")
    screen.add_argument("--dashboard", action="store_true", help="start Ray's on 127.0.0.1")
    screen.add_argument("--quiet", action="store_true", help="print the result only")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    try:
        space = workloads.space(options.workload)
        from tune.session import run  # here, so that --help needs neither Ray nor torch

        return run(space, options)
    except (UserError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted before any trial had begun", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    raise SystemExit(main())
