"""Write a sweep's report: ``python -m tune.report <workload>``.

One page, ``report.html``, that opens from disk and needs no network, and its pictures as PNG in
``figures/``, both in the sweep's directory. A sweep that still runs is reported as it stands.
"""

import argparse
from collections.abc import Sequence

from tune import layout, workloads
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
    # here, so that --help needs neither Matplotlib nor Optuna
    from tune import following, gallery, records, report_page
    from tune.quiet import libraries_muted

    with following.named(place.directory), libraries_muted():
        sweep = following.read(place)
        ranked = gallery.parameters(sweep)
        drawn = []
        for picture in gallery.draw(sweep, ranked):
            drawn.append(picture)
            print(
                f"wrote {picture.path}" if picture.path else f"{picture.title}: {picture.caption}"
            )
        page = report_page.render(sweep, drawn, gallery.interactive(sweep, ranked))
    records.write_text(place.directory / "report.html", page)
    print(f"wrote {place.directory / 'report.html'}")


if __name__ == "__main__":
    raise SystemExit(main())
