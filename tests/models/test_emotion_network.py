"""How the emotion model hears a clip."""

from typing import Any

import pytest
import torch
from torch import Tensor

from models.emotion import build
from models.emotion_network import EmotionModel
from models.modulation import steer

LRM: dict[str, Any] = {"kind": "lrm", "width": 0.125}


def made(seed: int = 0, **options: Any) -> EmotionModel:
    torch.manual_seed(seed)
    return build(**LRM | options)


@pytest.fixture(scope="module")
def clips() -> Tensor:
    return torch.randn(3, 6, 101, 64, generator=torch.Generator().manual_seed(0)) * 10 - 40


@pytest.fixture(scope="module")
def lrm() -> EmotionModel:
    return made().eval()


def test_output_has_one_row_a_clip(lrm: EmotionModel, clips: Tensor) -> None:
    output = lrm(clips.half(), passes=2)
    assert output["rating"].shape == (3, 6, 2)
    assert output["passes"].shape == (3, 2, 6, 2)
    assert output["isolated"].shape == (3, 6, 2)
    assert torch.equal(output["rating"], output["passes"][:, -1])


def test_rolling_is_hearing_segment_by_segment(lrm: EmotionModel, clips: Tensor) -> None:
    state, heard = None, []
    for segment in clips.unbind(dim=1):
        valence, arousal, state = lrm.segment(segment, state)
        assert valence.shape == arousal.shape == (3,)
        assert {name: said.shape for name, said in state.items()} == {
            "arousal.features": (3, 16),
            "valence.features": (3, 16),
        }
        heard.append(torch.stack([valence, arousal], dim=-1))
    assert torch.equal(lrm(clips)["rating"], torch.stack(heard, dim=1))


def test_past_reaches_the_present_and_never_the_other_way(
    lrm: EmotionModel, clips: Tensor
) -> None:
    rating = lrm(clips)["rating"]
    past = lrm(clips[:, [1, 2, 0, 3, 4, 5]])["rating"]
    assert not torch.equal(past[:, 5], rating[:, 5])
    future = lrm(clips[:, [0, 1, 2, 5, 3, 4]])["rating"]
    assert torch.equal(future[:, :3], rating[:, :3])
    assert not torch.equal(future[:, 3:], rating[:, 3:])


def test_clips_leak_nothing_to_their_neighbours_or_the_next_batch(
    lrm: EmotionModel, clips: Tensor
) -> None:
    rating = lrm(clips)["rating"]
    torch.testing.assert_close(lrm(clips[1:2])["rating"], rating[1:2], atol=1e-6, rtol=0)
    other = torch.cat([clips[1:2], clips.flip(1)])
    torch.testing.assert_close(lrm(other)["rating"][:1], rating[1:2], atol=1e-6, rtol=0)
    assert torch.equal(lrm(clips)["rating"], rating)


def test_feedback_acts_before_training_and_only_where_there_is_a_past(
    lrm: EmotionModel, clips: Tensor
) -> None:
    output = lrm(clips)
    effect = (output["rating"] - output["isolated"]).abs().mean(dim=(0, 2))
    assert effect[0] == 0
    assert (effect[1:] > 0).all()
    baseline = made(kind="baseline").eval()(clips)
    assert torch.equal(baseline["rating"], baseline["isolated"])


def test_strength_zero_or_zeroed_blocks_equal_the_baseline_bit_for_bit(
    lrm: EmotionModel, clips: Tensor
) -> None:
    baseline = made(kind="baseline").eval()(clips)["rating"]
    assert torch.equal(lrm(clips, strength=0.0)["rating"], baseline)
    assert torch.equal(made(mod_init="zero").eval()(clips)["rating"], baseline)
    distances = [(lrm(clips, strength=s)["rating"] - baseline).norm() for s in (0.5, 2.0)]
    assert 0 < distances[0] < distances[1]


def test_training_with_strength_zero_equals_training_the_baseline_bit_for_bit(
    clips: Tensor,
) -> None:
    trained = []
    for options, strength in (({}, 0.0), ({"kind": "baseline"}, 1.0)):
        model = made(**options)
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
        for step in range(2):
            torch.manual_seed(step)
            optimiser.zero_grad()
            model(clips, dropout=0.3, strength=strength)["rating"].square().mean().backward()
            optimiser.step()
        trained.append(model.modulated.model.state_dict())
    torch.testing.assert_close(trained[0], trained[1], atol=0, rtol=0)


def test_second_pass_hears_with_the_state_of_the_first(lrm: EmotionModel, clips: Tensor) -> None:
    first, second = lrm(clips[:, :1], passes=2)["passes"].unbind(dim=1)
    assert not torch.equal(first, second)
    _, _, state = lrm.segment(clips[:, 0], None)
    assert torch.equal(second[:, 0, 0], lrm.segment(clips[:, 0], state)[0])


def test_feedback_within_forgets_between_segments(lrm: EmotionModel, clips: Tensor) -> None:
    within = lrm(clips, passes=2, feedback="within")["passes"]
    off = lrm(clips, passes=2, feedback="off")["passes"]
    assert torch.equal(within[:, 0], off[:, 0])
    assert not torch.equal(within[:, 1], off[:, 1])
    assert torch.equal(off[:, 0], off[:, 1])
    permuted = lrm(clips[:, [1, 2, 0, 3, 4, 5]], passes=2, feedback="within")["rating"]
    assert torch.equal(permuted[:, 5], within[:, 1, 5])


def test_detach_cuts_the_gradient_between_segments_but_not_the_state(clips: Tensor) -> None:
    gradients = {}
    for bptt in ("full", "detach"):
        model, inputs = made().eval(), clips.clone().requires_grad_()
        rating = model(inputs, bptt=bptt)["rating"]
        rating[:, 5].sum().backward()
        gradients[bptt] = inputs.grad.abs().sum(dim=(0, 2, 3))
    assert (gradients["full"] > 0).all()
    assert (gradients["detach"] > 0).tolist() == [False] * 5 + [True]
    full, detached = (made().eval()(clips, bptt=bptt)["rating"] for bptt in gradients)
    assert torch.equal(full, detached)


@pytest.mark.parametrize("form", [torch.tensor(0.7), torch.full((3, 1), 0.7)])
def test_numbers_may_be_tensors_or_one_for_each_row(clips: Tensor, form: Tensor) -> None:
    found = []
    for value in (0.7, form):
        model = made()
        torch.manual_seed(1)
        rating = model(clips, dropout=value, strength=value)["rating"]
        rating.square().mean().backward()
        found.append([rating, *(p.grad for p in model.parameters())])
    torch.testing.assert_close(found[0], found[1], atol=1e-6, rtol=1e-5)


def test_steering_one_source_changes_what_is_heard_next(lrm: EmotionModel, clips: Tensor) -> None:
    _, _, state = lrm.segment(clips[:, 0], None)
    pleasant = {"valence.features": torch.full((3, 16), 2.0).cumsum(dim=1)}
    plain, *_ = lrm.segment(clips[:, 1], state)
    steered, *_ = lrm.segment(clips[:, 1], steer(state, pleasant))
    assert not torch.equal(plain, steered)
    assert torch.equal(plain, lrm.segment(clips[:, 1], steer(state, pleasant, 0.0))[0])


def test_a_state_of_the_wrong_shape_raises(lrm: EmotionModel, clips: Tensor) -> None:
    state = {"arousal.features": torch.zeros(3, 16), "valence.features": torch.zeros(3, 8)}
    with pytest.raises(ValueError, match="state must have sizes"):
        lrm.segment(clips[:, 0], state)


def test_one_clip_trains(clips: Tensor) -> None:
    model = made()
    output = model(clips[:1])
    assert "isolated" not in output
    output["rating"].mean().backward()
    gradients = [p.grad for p in model.parameters()]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)


def test_unknown_choices_list_the_known_ones(lrm: EmotionModel, clips: Tensor) -> None:
    with pytest.raises(ValueError, match="full, detach, got 'none'"):
        lrm(clips, bptt="none")
    with pytest.raises(ValueError, match="sequential, within, off, got 'on'"):
        lrm(clips, feedback="on")
    with pytest.raises(ValueError, match="passes must be at least 1, got 0"):
        lrm(clips, passes=0)
