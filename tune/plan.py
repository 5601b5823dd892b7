"""Say what fits on this machine and what a sweep costs: ``python -m tune.plan <workload>``.

Measures the known configurations alone and the baseline side by side, in about a minute, and
chooses the fastest way to share the machine. Exit code: 0 if several trials fit on the GPU, 1 if
that is tight, 2 if one at a time is best, 3 without a GPU; the plan is then for the CPU.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from search_spaces.contract import Budget
from tune import workloads
from tune.arguments import Parser, add_set, positive
from tune.errors import answer
from tune.hardware import Machine
from tune.live import clock
from tune.planning import Findings, explore_here
from tune.quiet import libraries_muted
from tune.sharing import Sharing, Verdict, sweep_s

GIB = 1024**3
DISTURBED = "warning: other work kept the cores busy meanwhile; plan again when it is done"
MEANINGS = {
    Verdict.SEVERAL: "several trials fit",
    Verdict.TIGHT: "tight: three trials fit without room to spare",
    Verdict.ONE_AT_A_TIME: "one trial at a time",
    Verdict.NO_GPU: "no GPU found, trials share the CPU",
}


def parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m tune.plan", description=__doc__)
    known = ", ".join(workloads.NAMES)
    parser.add_argument("workload", type=workloads.resolve, metavar="WORKLOAD", help=known)
    parser.add_argument("--trials", type=positive, help="of the sweep to plan")
    parser.add_argument("--epochs", type=positive, help="most epochs of a trial")
    parser.add_argument(
        "--data", type=Path, help="your data; without it, the embedded default data"
    )
    add_set(parser, "fix a parameter, or choose data, as in tune.run")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    farewell = "interrupted before everything was measured"
    return answer(lambda: plan(options, Console()), farewell)


def plan(options: argparse.Namespace, console: Console) -> int:
    """Measure, and print the plan.

    Args:
        options: The parsed command line.
        console: Where to print.

    Returns:
        The verdict, as the exit code.
    """
    from tune.fixing import as_fixed, check_fixed  # here, so that --help needs no torch

    space = workloads.space(options.workload)
    fixed = as_fixed(space, options.set)
    with libraries_muted():
        check_fixed(workloads.get(space.name), fixed)
    root = options.data.resolve() if options.data else None
    findings = explore_here(space, root, fixed, lambda line: console.print(line, style="dim"))
    budget = dataclasses.replace(
        space.budget,
        trials=options.trials or space.budget.trials,
        epochs=options.epochs or space.budget.epochs,
    )
    for part in (alone(findings), together(findings), *conclusion(findings, budget)):
        console.print(part, highlight=False, soft_wrap=True)
    if findings.disturbed:
        console.print(DISTURBED, style="yellow", highlight=False, soft_wrap=True)
    return int(findings.verdict)


def alone(findings: Findings) -> Table:
    """Return a row for every known configuration: what one trial takes."""
    columns = ("alone on one core", "s/epoch", "busy cores", "memory", "GPU memory")
    table = Table(*columns, title="one trial")
    for name, taken in findings.alone.items():
        gpu = gibibytes(taken.gpu_bytes) if taken.gpu_bytes else "-"
        speed = (f"{taken.epoch_s:.3g}", f"{taken.busy_cores:.1f}")
        table.add_row(name, *speed, gibibytes(taken.memory_bytes), gpu)
    return table


def together(findings: Findings) -> Table:
    """Return a row for every way to share the machine that was measured."""
    columns = ("trials", "cores each", "s/epoch", "epochs/min together", "")
    table = Table(*columns, title="the baseline side by side")
    for sharing in findings.sharings:
        speed = (f"{sharing.epoch_s:.3g}", f"{60 * sharing.epochs_per_s:.3g}")
        mark = "fastest" if sharing == findings.chosen else ""
        table.add_row(str(sharing.count), str(sharing.threads), *speed, mark)
    return table


def conclusion(findings: Findings, budget: Budget) -> list[str]:
    """Return what the machine has, what fits, what a sweep costs, and what to type."""
    epochs = (budget.grace_epochs, budget.epochs)
    least_s, most_s = sweep_s(findings.chosen, budget.trials, epochs)
    return [
        describe(findings.machine),
        f"{MEANINGS[findings.verdict]}; chosen: {findings.chosen.count} side by side, "
        f"cores each: {findings.chosen.threads}",
        f"{budget.trials} trials of {budget.epochs} epochs, as costly as the baseline: "
        f"{clock(least_s)} if all others stop at epoch {min(epochs)}, "
        f"{clock(most_s)} if none stops early",
        f"options of tune.run: {options_of(findings.chosen, findings.machine)}",
    ]


def describe(machine: Machine) -> str:
    """Return what a machine has, on one line."""
    told = f"{machine.cores} cores, {gibibytes(machine.memory_bytes)} of memory free"
    card = machine.card
    if card is None:
        return told
    used = gibibytes(card.total_bytes - card.free_bytes)
    total, free = gibibytes(card.total_bytes), gibibytes(card.free_bytes)
    return f"{told}; {card.name}: {total} in all, {used} used, {free} free"


def options_of(sharing: Sharing, machine: Machine) -> str:
    """Return the options with which ``tune.run`` shares the machine that way."""
    told = f"--cpus-per-trial {sharing.threads} --concurrent {sharing.count}"
    return told if machine.card is None else f"{told} --gpus-per-trial {sharing.gpu_share:g}"


def gibibytes(amount: int) -> str:
    """Return an amount of memory as people write it."""
    return f"{amount / GIB:.2f} GiB"


if __name__ == "__main__":
    raise SystemExit(main())
