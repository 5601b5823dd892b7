"""Long-range modulation: a late layer changes how early layers hear what comes next.

Konkle and Alvarez, "Cognitive steering in deep neural networks via long-range modulatory feedback
connections" (NeurIPS 2023). Any model can be given it by naming layers; hooks do the rest, and
the state is handed in and out, never kept.

    state --> ModBlock --> f          x' = ReLU(x + strength * x * f)
                           |
    input --> destination -+-> ... --> source --> ... --> output
                                         |
                                         +--> next state

B batch, F features of a source, C channels of a destination.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.hooks import RemovableHandle

from models.functional import Number, rowwise

State = Mapping[str, Tensor]
Hook = Callable[[nn.Module, Any, Tensor], Tensor | None]

VARIANTS = ("bottleneck", "direct", "origin")
STRENGTH_SITES = ("outer", "inner")


@dataclass(frozen=True)
class Connection:
    """Feedback from one layer to another, by their names in ``model.named_modules()``."""

    source: str
    destination: str


class ModBlock(nn.Module):
    """Turn what a source said into a gain for each channel of a destination.

    ``bottleneck`` maps through a ReLU layer of that many units, ``direct`` without it, and
    ``origin`` (as first published) through a linear map before the signs are scaled.
    """

    def __init__(
        self, features: int, channels: int, bottleneck: int, variant: str = "bottleneck"
    ) -> None:
        """Build the block.

        Args:
            features: Size F of the source.
            channels: Channels C of the destination.
            bottleneck: Units between them; for that variant only.
            variant: ``bottleneck``, ``direct`` or ``origin``.

        Raises:
            ValueError: If ``variant`` is unknown.
        """
        super().__init__()
        if variant not in VARIANTS:
            raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, got '{variant}'")
        self.neg_scale = nn.Parameter(torch.ones(()))
        self.pos_scale = nn.Parameter(torch.ones(()))
        self.mix = (
            nn.Linear(features, features, bias=False) if variant == "origin" else nn.Identity()
        )
        if variant == "bottleneck":
            self.project = nn.Sequential(
                nn.Linear(features, bottleneck), nn.ReLU(), nn.Linear(bottleneck, channels)
            )
        else:
            self.project = nn.Sequential(nn.Linear(features, channels))

    def zero(self) -> None:
        """Set the last layer to zero, so that the block starts without effect."""
        last = self.project[-1]
        for parameter in last.parameters():
            nn.init.zeros_(parameter)

    def forward(self, source: Tensor, scale: Number = 1.0) -> Tensor:
        """Compute the gains.

        Args:
            source: What the source layer said. Shape ``[B, F]``.
            scale: Multiplies ``neg_scale`` and ``pos_scale``.

        Returns:
            Relative gain of each channel. Shape ``[B, C]``.
        """
        squashed = self.mix(torch.tanh(F.layer_norm(source, source.shape[1:])))
        signed = torch.where(squashed < 0, self.neg_scale, self.pos_scale) * squashed
        gain: Tensor = self.project(rowwise(scale, signed) * signed)
        return gain


class LongRangeModulation(nn.Module):
    """A model with feedback from some of its layers to others. Without any, the model itself."""

    def __init__(
        self,
        model: nn.Module,
        connections: Sequence[Connection],
        example: Mapping[str, Any],
        *,
        block: Callable[[int, int], ModBlock],
        strength_site: str = "outer",
    ) -> None:
        """Measure the named layers and build a block for each connection.

        Args:
            model: Any model whose destinations have their channels on axis 1.
            connections: Which layer modulates which; several into one add up.
            example: Keywords of one call of the model, which tells the sizes of the layers.
            block: Builds a block from the features of a source and the channels of a
                destination, e.g. ``functools.partial(ModBlock, bottleneck=64)``.
            strength_site: ``outer`` multiplies the gains by the strength, ``inner`` (published)
                the scales of their signs, so that the biases act at strength 0 as well.

        Raises:
            ValueError: If ``strength_site`` or a layer is unknown.
        """
        super().__init__()
        if strength_site not in STRENGTH_SITES:
            raise ValueError(
                f"strength_site must be one of {', '.join(STRENGTH_SITES)}, got '{strength_site}'"
            )
        layers = dict(model.named_modules())
        named = {name for c in connections for name in (c.source, c.destination)}
        if not named <= layers.keys():
            raise ValueError(f"layers must be among {', '.join(layers)}, got {named}")
        self.model = model
        self.connections = tuple(connections)
        self.strength_site = strength_site
        self.features = _axis_1_sizes(model, named, example)
        self.blocks = nn.ModuleDict(
            {
                _key(c): block(self.features[c.source], self.features[c.destination])
                for c in connections
            }
        )

    def zero(self) -> None:
        """Let every block start without effect."""
        for block in self.modules():
            if isinstance(block, ModBlock):
                block.zero()

    def forward(
        self, *args: Any, state: State | None = None, strength: Number = 1.0, **keywords: Any
    ) -> tuple[Any, State]:
        """Run the model once, modulated by what it said before.

        Args:
            *args: Positional arguments of the model.
            state: What each source said, shape ``[B, F]``, by name; None for no feedback.
            strength: Strength of the modulation, a float, a 0-d or a ``[B, 1]`` tensor.
            **keywords: Keywords of the model.

        Returns:
            The model's output, and what each source says now.

        Raises:
            ValueError: If the state is not of these sources.
        """
        heard: dict[str, Tensor] = {}
        with ExitStack() as hooks:
            if state is not None:
                for destination, gain in self._gains(state, strength).items():
                    hooks.enter_context(self._hook(destination, _modulate(gain)))
            for source in {c.source for c in self.connections}:
                hooks.enter_context(self._hook(source, _listen(heard, source)))
            output = self.model(*args, **keywords)
        return output, heard

    def _gains(self, state: State, strength: Number) -> dict[str, Tensor]:
        """Add up the gains of all sources into each destination. Shapes ``[B, C]``."""
        _check(state, {c.source: self.features[c.source] for c in self.connections})
        gains: dict[str, Tensor] = {}
        for connection in self.connections:
            block, source = self.blocks[_key(connection)], state[connection.source]
            if self.strength_site == "inner":
                gain = block(source, strength)
            else:
                gain = block(source)
                gain = rowwise(strength, gain) * gain
            gains[connection.destination] = gain + gains.get(connection.destination, 0)
        return gains

    def _hook(self, layer: str, hook: Hook) -> RemovableHandle:
        """Hang a hook on a layer; leaving the handle's context takes it off again."""
        return self.model.get_submodule(layer).register_forward_hook(hook)


def steer(state: State, override: State, alpha: float = 1.0) -> State:
    """Blend something from outside into what the sources said.

    Args:
        state: From ``LongRangeModulation``. Shapes ``[B, F]``.
        override: Values from outside for some or all of the sources, of the same shapes.
        alpha: 0 leaves the state as it is, 1 replaces it.

    Returns:
        The state to hand to the next call.

    Raises:
        ValueError: If ``alpha`` is not in [0, 1], or a source or shape does not fit.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must lie in [0, 1], got {alpha}")
    for name, value in override.items():
        if name not in state or value.shape != state[name].shape:
            expected = {source: tuple(said.shape) for source, said in state.items()}
            raise ValueError(f"override must fit {expected}, got {name} {tuple(value.shape)}")
    blended = {name: alpha * override[name] + (1 - alpha) * state[name] for name in override}
    return {**state, **blended}


def _key(connection: Connection) -> str:
    """Name a block; dots would be taken for submodules."""
    return f"{connection.source}_to_{connection.destination}".replace(".", "_")


def _check(state: State, features: Mapping[str, int]) -> None:
    """Reject a state of other sources or sizes."""
    found = {name: tuple(said.shape[1:]) for name, said in state.items()}
    expected = {name: (size,) for name, size in features.items()}
    if found != expected:
        raise ValueError(f"state must have sizes {expected} for each row, got {found}")


def _modulate(gain: Tensor) -> Hook:
    """Make a hook that scales each channel ``[B, C, ...]`` by ``1 + gain`` ``[B, C]``."""

    def hook(_module: nn.Module, _args: Any, output: Tensor) -> Tensor:
        if gain.shape != output.shape[:2]:
            raise ValueError(
                f"state must have one row for each of the input, got {len(gain)} for {len(output)}"
            )
        return F.relu(output + output * gain.reshape(gain.shape + (1,) * (output.dim() - 2)))

    return hook


def _listen(heard: dict[str, Tensor], source: str) -> Hook:
    """Make a hook that notes what a source says, averaged over time and space."""

    def hook(_module: nn.Module, _args: Any, output: Tensor) -> None:
        heard[source] = output if output.dim() == 2 else output.flatten(2).mean(2)

    return hook


def _axis_1_sizes(
    model: nn.Module, layers: set[str], example: Mapping[str, Any]
) -> dict[str, int]:
    """Run the model once, leaving no trace, and note the features or channels of some layers."""
    heard: dict[str, Tensor] = {}
    training = model.training
    with ExitStack() as hooks, torch.no_grad():
        for name in layers:
            layer = model.get_submodule(name)
            hooks.enter_context(layer.register_forward_hook(_listen(heard, name)))
        model.eval()(**example)
    model.train(training)
    return {name: said.shape[1] for name, said in heard.items()}
