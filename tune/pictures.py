"""A picture of a report: what draws it, the words under it, and its file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from tune import figures
from tune.layout import Layout


@dataclass(frozen=True)
class Picture:
    """A picture of the report.

    Attributes:
        name: Of its file, without ending.
        title: Its heading.
        caption: What it shows, and how to read it.
        draw: Draws it into an empty figure.
        height_in: Of the figure.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Figure], None]
    height_in: float = 4.0


@dataclass(frozen=True)
class Drawn:
    """A picture as it stands in the report.

    Attributes:
        title: Its heading.
        caption: What it shows, or why it could not be drawn.
        path: Its PNG, or None if it could not be drawn.
    """

    title: str
    caption: str
    path: Path | None


def drawn(picture: Picture, place: Layout) -> Drawn:
    """Draw a picture into ``figures/`` of a sweep. If it cannot be drawn, it says why.

    The data may lie elsewhere by now, or the code of the model may have changed.

    Args:
        picture: What to draw.
        place: The sweep.

    Returns:
        The picture, once its PNG is written.
    """
    path = place.directory / "figures" / f"{picture.name}.png"
    figure = figures.wide(picture.height_in)
    try:
        picture.draw(figure)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        return Drawn(picture.title, f"Could not be drawn: {reason}", None)
    figures.write(figure, path)
    return Drawn(picture.title, picture.caption, path)
