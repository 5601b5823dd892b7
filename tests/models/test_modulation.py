"""Long-range modulation of any model."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn

from models.modulation import Connection, LongRangeModulation, ModBlock, steer

FEEDBACK = Connection("head.0", "early")


class Toy(nn.Module):
    """A convolution, a norm and a head; knows nothing of feedback."""

    def __init__(self) -> None:
        """Build the layers."""
        super().__init__()
        self.early = nn.Sequential(nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.ReLU())
        self.late = nn.Conv1d(4, 6, 3)
        self.head = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 1))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.late(self.early(x)).mean(dim=2))
        return result


def modulated(*connections: Connection, **options: str) -> LongRangeModulation:
    torch.manual_seed(0)
    return LongRangeModulation(
        Toy(),
        connections,
        {"x": torch.zeros(1, 2, 9)},
        block=partial(ModBlock, bottleneck=3),
        **options,
    ).eval()


@pytest.fixture
def x() -> Tensor:
    return torch.randn(4, 2, 9, generator=torch.Generator().manual_seed(1))


def test_gain_follows_the_published_formula() -> None:
    torch.manual_seed(0)
    block = ModBlock(features=5, channels=4, bottleneck=3)
    block.neg_scale.data.fill_(0.5)
    block.pos_scale.data.fill_(2.0)
    source = torch.randn(7, 5)
    centred = source - source.mean(dim=1, keepdim=True)
    squashed = torch.tanh(centred / (centred.var(dim=1, keepdim=True, correction=0) + 1e-5).sqrt())
    signed = squashed * torch.where(squashed < 0, 0.5, 2.0)
    first, last = block.project[0], block.project[2]
    hidden = torch.relu(signed @ first.weight.T + first.bias)
    torch.testing.assert_close(block(source), hidden @ last.weight.T + last.bias)


def test_destination_is_scaled_by_channel_and_rectified(x: Tensor) -> None:
    model = modulated(FEEDBACK)
    heard: list[Tensor] = []
    _, state = model(x)
    model.model.early.register_forward_hook(lambda _m, _a, output: heard.append(output))
    model(x, state=None)
    _, after = model(x, state=state, strength=1.5)
    gain = model.blocks["head_0_to_early"](state["head.0"])[..., None]
    torch.testing.assert_close(
        model.model.head[0](model.model.late(torch.relu(heard[0] * (1 + 1.5 * gain))).mean(dim=2)),
        after["head.0"],
    )


def test_without_state_or_connections_it_is_the_model_itself(x: Tensor) -> None:
    model = modulated(FEEDBACK)
    plain = model.model(x)
    assert torch.equal(model(x)[0], plain)
    bare = modulated()
    output, state = bare(x)
    assert state == {}
    assert torch.equal(bare(x, state=state)[0], output)
    assert not list(bare.blocks.parameters())


def test_strength_zero_is_the_model_itself_and_more_strength_changes_more(x: Tensor) -> None:
    model = modulated(FEEDBACK)
    plain, state = model(x)
    distances = [(model(x, state=state, strength=s)[0] - plain).norm() for s in (0.0, 0.5, 2.0)]
    assert distances[0] == 0
    assert 0 < distances[1] < distances[2]


def test_inner_strength_leaves_the_biases_in_force(x: Tensor) -> None:
    model = modulated(FEEDBACK, strength_site="inner")
    plain, state = model(x)
    assert not torch.equal(model(x, state=state, strength=0.0)[0], plain)
    outer = modulated(FEEDBACK)
    assert torch.equal(model(x, state=state)[0], outer(x, state=state)[0])


def test_zeroed_blocks_start_without_effect(x: Tensor) -> None:
    model = modulated(FEEDBACK)
    model.zero()
    plain, state = model(x)
    assert torch.equal(model(x, state=state)[0], plain)


@pytest.mark.parametrize("form", [torch.tensor(0.7), torch.full((4, 1), 0.7)])
@pytest.mark.parametrize("site", ["outer", "inner"])
def test_strength_may_be_a_number_or_one_for_each_row(x: Tensor, form: Tensor, site: str) -> None:
    model = modulated(FEEDBACK, strength_site=site)
    _, state = model(x)
    state = {name: said.detach() for name, said in state.items()}
    expected, _ = model(x, state=state, strength=0.7)
    expected.sum().backward()
    gradients = [p.grad.clone() for p in model.blocks.parameters() if p.grad is not None]
    model.zero_grad()
    found, _ = model(x, state=state, strength=form)
    found.sum().backward()
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    again = [p.grad for p in model.blocks.parameters() if p.grad is not None]
    torch.testing.assert_close(again, gradients, atol=1e-6, rtol=1e-5)


def test_rows_of_several_trials_keep_their_own_strength(x: Tensor) -> None:
    model = modulated(FEEDBACK)
    _, state = model(x)
    both = torch.tensor([[0.0], [0.0], [2.0], [2.0]])
    found, _ = model(x, state=state, strength=both)
    torch.testing.assert_close(found[:2], model(x, state=state, strength=0.0)[0][:2])
    torch.testing.assert_close(found[2:], model(x, state=state, strength=2.0)[0][2:])


def test_several_sources_into_one_layer_add_up(x: Tensor) -> None:
    model = modulated(FEEDBACK, Connection("late", "early"))
    _, state = model(x)
    assert state["late"].shape == (4, 6)  # averaged over time
    gains = [
        model.blocks["head_0_to_early"](state["head.0"]),
        model.blocks["late_to_early"](state["late"]),
    ]
    heard: list[Tensor] = []
    model.model.late.register_forward_pre_hook(lambda _m, args: heard.append(args[0]))
    model(x)
    model(x, state=state)
    torch.testing.assert_close(heard[1], torch.relu(heard[0] * (1 + sum(gains)[..., None])))


def test_nothing_is_kept_between_calls_and_hooks_come_off_even_after_an_error(x: Tensor) -> None:
    model = modulated(FEEDBACK)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first, state = model(x)
    model(x.flip(0), state=state)
    assert torch.equal(model(x)[0], first)
    torch.testing.assert_close(model.state_dict(), before)
    with pytest.raises(RuntimeError):
        model(torch.zeros(4, 3, 9), state=state)
    assert not any(layer._forward_hooks for layer in model.modules())


def test_gradient_reaches_what_the_source_said_before(x: Tensor) -> None:
    model = modulated(FEEDBACK)
    _, state = model(x)
    state["head.0"].retain_grad()
    model(x, state=state)[0].sum().backward()
    assert state["head.0"].grad.abs().max() > 0


@pytest.mark.parametrize(
    "state",
    [{}, {"late": torch.zeros(4, 6)}, {"head.0": torch.zeros(4, 6)}, {"head.0": torch.zeros(5)}],
)
def test_a_state_of_other_sources_or_sizes_raises(x: Tensor, state: dict[str, Tensor]) -> None:
    with pytest.raises(ValueError, match=r"state must have sizes \{'head.0': \(5,\)\}"):
        modulated(FEEDBACK)(x, state=state)


def test_a_state_of_another_batch_raises_even_if_it_could_be_broadcast(x: Tensor) -> None:
    with pytest.raises(ValueError, match="one row for each of the input, got 1 for 4"):
        modulated(FEEDBACK)(x, state={"head.0": torch.zeros(1, 5)})


def test_measuring_the_layers_leaves_no_trace() -> None:
    model = Toy()
    generator = torch.get_rng_state()
    LongRangeModulation(
        model, [], {"x": torch.ones(2, 2, 9)}, block=partial(ModBlock, bottleneck=3)
    )
    assert model.training
    assert model.early[1].num_batches_tracked == 0
    assert torch.equal(generator, torch.get_rng_state())


def test_unknown_layers_variants_and_sites_list_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"layers must be among .*head\.1, got .*tail"):
        modulated(Connection("tail", "early"))
    with pytest.raises(ValueError, match="outer, inner, got 'middle'"):
        modulated(FEEDBACK, strength_site="middle")
    with pytest.raises(ValueError, match="bottleneck, direct, origin, got 'linear'"):
        ModBlock(5, 4, 3, variant="linear")


def test_steering_replaces_or_blends_a_source() -> None:
    state = {"a": torch.zeros(2, 3), "b": torch.ones(2, 3)}
    override = {"a": torch.full((2, 3), 4.0)}
    assert torch.equal(steer(state, override)["a"], override["a"])
    assert torch.equal(steer(state, override, 0.25)["a"], torch.ones(2, 3))
    assert torch.equal(steer(state, override, 0.0)["a"], state["a"])
    assert steer(state, override)["b"] is state["b"]


def test_steering_checks_shapes_and_alpha() -> None:
    state = {"a": torch.zeros(2, 3)}
    with pytest.raises(ValueError, match=r"must fit \{'a': \(2, 3\)\}, got a \(2, 4\)"):
        steer(state, {"a": torch.zeros(2, 4)})
    with pytest.raises(ValueError, match=r"got b \(2, 3\)"):
        steer(state, {"b": torch.zeros(2, 3)})
    with pytest.raises(ValueError, match="alpha must lie in .* got 1.5"):
        steer(state, state, 1.5)
