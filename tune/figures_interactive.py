"""Optuna's pictures of the parameters that answer to the mouse, and the library they need."""

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from optuna import visualization
from optuna.trial import FrozenTrial

from tune.importance import as_study

#: The page has headings, grounds and margins of its own.
PLAIN = {
    "template": "none",
    "title": None,
    "margin": {"t": 40, "b": 80},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "modebar": {"bgcolor": "rgba(0,0,0,0)"},
}


@dataclass(frozen=True)
class Interactive:
    """What a page needs to draw pictures with Plotly, without a network.

    Attributes:
        library: Plotly itself: JavaScript, gzipped and in base64, a third of its size.
        figures: By title, the data and layout of each picture.
        trials: How many are in them.
    """

    library: str
    figures: dict[str, Any]
    trials: int


def prepare(
    trials: Sequence[FrozenTrial], names: Sequence[str], *, logarithmic: bool
) -> Interactive:
    """Prepare the interactive pictures.

    Args:
        trials: Those to show; they have a value.
        names: The parameters to show, most important first.
        logarithmic: Whether slices have a logarithmic scale of objectives.

    Returns:
        Parallel coordinates and slices.
    """
    study = as_study(trials)
    drawn = {
        "Parallel coordinates": visualization.plot_parallel_coordinate(study, params=list(names)),
        "Slices": visualization.plot_slice(study, params=list(names)),
    }
    for figure in drawn.values():
        figure.update_layout(PLAIN)
    drawn["Slices"].update_xaxes(title_font_size=10, tickfont_size=10)  # side by side
    if logarithmic:
        drawn["Slices"].update_yaxes(type="log")
    script = files("plotly").joinpath("package_data/plotly.min.js").read_bytes()
    library = base64.b64encode(gzip.compress(script, 6, mtime=0)).decode("ascii")
    figures = {title: json.loads(figure.to_json()) for title, figure in drawn.items()}
    return Interactive(library, figures, len(trials))
