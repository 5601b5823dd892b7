"""Start, resume or extend a sweep: ``python -m tune.run <workload>``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tune import workloads
from tune.arguments import (
    SAMPLERS,
    Parser,
    add_set,
    duration,
    positive,
    several,
    storage_url,
    study_url,
)
from tune.errors import answer
from tune.resources import share


def parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m tune.run", description=__doc__)
    known = ", ".join((*workloads.NAMES, *workloads.GROUPS))
    parser.add_argument("workload", type=workloads.resolve, metavar="WORKLOAD", help=known)
    sweep = parser.add_argument_group("the sweep")
    sweep.add_argument("--trials", type=positive, help="trials in all, earlier ones included")
    sweep.add_argument("--epochs", type=positive, help="most epochs of a trial")
    patience_help = "epochs without improvement that end a trial; train/min_delta is what counts"
    sweep.add_argument("--patience", type=positive, help=patience_help)
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
    sampler_help = "what proposes configurations (default tpe); grid combines all choices, and "
    sampler_help += "the ends and the middle of every range, each combination once"
    sweep.add_argument("--sampler", choices=SAMPLERS, help=sampler_help)
    add_set(sweep, "fix a parameter instead of searching it, or choose data, e.g. data/size=fast")
    sweep.add_argument(
        "--folds",
        type=several,
        metavar="K",
        help="rank by the mean over K folds instead of one validation part",
    )
    sweep.add_argument("--results", type=Path, default=Path("results"), help="where sweeps lie")
    study_help = "postgresql://USER@HOST/DATABASE that keeps the study instead of a journal"
    sweep.add_argument("--study", type=study_url, metavar="URL", help=study_help)
    storage_help = "s3://BUCKET/PATH that gets a copy while the sweep runs; with --resume NAME, "
    storage_help += "a sweep that is not here is brought back from there"
    sweep.add_argument("--storage", type=storage_url, metavar="URL", help=storage_help)
    machine = parser.add_argument_group("the machine")
    machine.add_argument("--cpus-per-trial", type=share, help="a number, default 1; auto measures")
    machine.add_argument("--gpus-per-trial", type=share, help="fractions allowed; auto measures")
    machine.add_argument("--concurrent", type=positive, help="most trials at a time")
    budget_help = "of a sweep, e.g. 90s, 10m, 8h; resumable after"
    machine.add_argument("--time-budget", type=duration, help=budget_help)
    timeout_help = "longest that a trial may train, e.g. 2h; it fails after"
    machine.add_argument("--trial-timeout", type=duration, help=timeout_help)
    machine.add_argument("--address", help="an existing Ray cluster: auto or ray://host:port")
    screen = parser.add_argument_group("the screen")
    dashboard_help = "start Ray's on 127.0.0.1, and say how to start Optuna's"
    screen.add_argument("--dashboard", action="store_true", help=dashboard_help)
    screen.add_argument("--quiet", action="store_true", help="print the result only")
    trackers = parser.add_argument_group("trackers")
    events_help = "write event files into the trials' directories"
    trackers.add_argument("--tensorboard", action="store_true", help=events_help)
    mlflow_help = "log to an MLflow server; without URI, to mlflow.db in the sweep's directory"
    trackers.add_argument("--mlflow", nargs="?", const="", metavar="URI", help=mlflow_help)
    trackers.add_argument("--wandb", metavar="PROJECT", help="log to Weights & Biases")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    return answer(lambda: sweep(options), "interrupted before any trial had begun")


def sweep(options: argparse.Namespace) -> int:
    """Run one sweep, or those of a group in turn; return the exit code."""
    if options.workload in workloads.GROUPS:
        from tune import group  # here, so that --help needs neither Ray nor torch

        return group.run(options.workload, options)
    space = workloads.space(options.workload)
    from tune import session

    return session.run(space, options)


if __name__ == "__main__":
    raise SystemExit(main())
