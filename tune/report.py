"""Write a sweep's report: ``python -m tune.report <workload>``.

One page, ``report.html``, that opens from disk and needs no network, and its pictures as PNG in
``figures/``, both in the sweep's directory. A sweep that still runs is reported as it stands.
"""

import argparse
import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context

from tune import layout, records, workloads
from tune.arguments import Parser, add_sweep
from tune.errors import answer
from tune.layout import Layout


def parser() -> Parser:
    """Describe the command line."""
    parser = Parser(prog="python -m tune.report", description=__doc__)
    add_sweep(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    return answer(lambda: write(options))


def write(options: argparse.Namespace) -> int:
    """Report the sweep that the command line names; return the exit code."""
    workloads.space(options.workload)
    report(layout.choose(options.results, options.workload, options.sweep))
    return 0


def report(place: Layout) -> None:
    """Write the pictures and the page of a sweep, and say where they are.

    Args:
        place: The sweep.

    Raises:
        UserError: If a file of the sweep is missing or broken.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), gc.disable) as beside:
        if any(place.directory.glob("trials/*/best.pt")):
            beside.submit(import_module, "tune.restoring")  # loads torch meanwhile
        with collector_paused():
            page = compose(place, beside)
    records.write_text(place.directory / "report.html", page)
    print(f"wrote {place.directory / 'report.html'}")


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's cyclic garbage collector, which would search a sweep's million objects.

    It never searches those made meanwhile, not even when the process ends.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def compose(place: Layout, beside: Executor) -> str:
    """Write the pictures of a sweep, and return its page.

    Args:
        place: The sweep.
        beside: Draws the winner, and is shut down then.

    Returns:
        HTML.
    """
    # here, so that --help needs neither Matplotlib nor Optuna
    from tune import following, gallery, report_page
    from tune.quiet import libraries_muted

    with following.named(place.directory), libraries_muted():
        sweep = following.read(place)
        winner = list(gallery.winner(sweep, beside))
        beside.shutdown(wait=False)  # a process that holds torch takes half a second to end
        ranked = gallery.parameters(sweep)
        interactive = gallery.interactive(sweep, ranked)
        drawn = []
        for picture in gallery.draw(sweep, ranked, winner):
            drawn.append(picture)
            print(
                f"wrote {picture.path}" if picture.path else f"{picture.title}: {picture.caption}"
            )
        return report_page.render(sweep, drawn, interactive)


if __name__ == "__main__":
    raise SystemExit(main())
