"""The picture of ``edc``: decay curves in dB, predicted and true."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVES = 6
FLOOR_DB = -60.0


def draw(
    figure: "Figure", output: dict[str, Tensor], batch: dict[str, Tensor], *, sample_rate_hz: float
) -> None:
    """Draw curves from the shortest to the longest decay.

    Args:
        figure: Is drawn into.
        output: Of the model, with ``edc`` ``[N, T]``.
        batch: With ``curve`` ``[N, T]``.
        sample_rate_hz: Points a second.
    """
    order = batch["curve"].sum(1).argsort()
    chosen = order[torch.linspace(0, len(order) - 1, CURVES).long()]
    time_s = torch.arange(batch["curve"].shape[1]) / sample_rate_hz
    for axes, row in zip(figure.subplots(2, 3, sharey=True).flat, chosen, strict=True):
        axes.plot(time_s, _level_db(batch["curve"][row]), color="black", label="true")
        axes.plot(time_s, _level_db(output["edc"][row]), "--", color="#d35400", label="predicted")
        axes.set_ylim(FLOOR_DB, 2)
        axes.set_xlabel("time / s")
        axes.set_ylabel("level / dB")
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].legend(frameon=False, fontsize=8)


def _level_db(curve: Tensor) -> Tensor:
    return 10 * torch.log10(curve.clamp(min=1e-10))
