"""The emotion workload's build, loss, augmentation and metrics."""

import io
import logging
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.emotion import ALIASES, augment, build, loss, metrics

WIDTHS = (1.0, 0.5, 0.25, 0.125)
BASELINE = (4_895_810, 1_225_314, 307_058, 77_178)
HEADS = (328_706, 82_434, 20_738, 5_250)
ADDED = {
    "bottleneck": (95_432, 24_168, 6_200, 1_632),
    "direct": (123_848, 31_208, 7_928, 2_048),
    "origin": (189_384, 47_592, 12_024, 3_072),
}


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def trainable(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


@pytest.mark.parametrize("variant", ADDED)
@pytest.mark.parametrize("place", range(4))
def test_parameter_counts_are_the_published_ones(variant: str, place: int) -> None:
    baseline = build(width=WIDTHS[place])
    model = build(kind="lrm", width=WIDTHS[place], mod_variant=variant)
    assert count(baseline) == BASELINE[place]
    assert count(model) == BASELINE[place] + ADDED[variant][place]
    regressor = baseline.modulated.model
    assert count(regressor.valence) + count(regressor.arousal) == HEADS[place]


@pytest.mark.parametrize("name", ALIASES)
def test_names_of_the_original_project_are_aliases(name: str) -> None:
    assert count(build(kind=name, width=0.125)) == count(build(kind=ALIASES[name], width=0.125))


def test_paths_choose_the_modulated_blocks() -> None:
    model = build(kind="lrm", width=0.125, paths="block1+block4")
    assert sorted(model.modulated.blocks) == [
        "arousal_features_to_body_conv_block1",
        "valence_features_to_body_conv_block4",
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "rnn"}, "kind must be one of baseline, lrm, .*, got 'rnn'"),
        ({"mod_init": "one"}, "random, zero, got 'one'"),
        ({"mod_variant": "big", "kind": "lrm"}, "bottleneck, direct, origin, got 'big'"),
        ({"paths": ""}, r"paths must join some of block1, block2, .* by \+, got ''"),
        ({"paths": "block1+block1"}, r"got 'block1\+block1'"),
        ({"paths": "block5"}, "got 'block5'"),
        ({"freeze_base": True}, "freeze_base must come with base_weights"),
        ({"base_weights": "a.pth", "width": 0.5}, "must be used at width 1, got 0.5"),
    ],
)
def test_impossible_models_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build(**{"width": 0.125} | options)


def test_frozen_base_trains_heads_and_feedback_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = tmp_path / "Cnn6_mAP=0.343.pth"
    torch.manual_seed(0)
    published = build(width=1).modulated.model.body.state_dict()
    torch.save({"model": published | {"fc_audioset.bias": torch.zeros(527)}}, path)
    model = build(kind="lrm", width=1, base_weights=str(path), freeze_base=True)
    assert "no place: fc_audioset.bias" in caplog.text
    assert trainable(model) == 328_706 + 95_432
    model.train()
    model(torch.randn(1, 6, 101, 64))["rating"].mean().backward()
    body = model.modulated.model.body
    assert all(parameter.grad is None for parameter in body.parameters())
    torch.testing.assert_close(body.state_dict(), published, atol=0, rtol=0)
    assert trainable(build(width=1, base_weights=str(path))) == 4_895_810


def test_unfrozen_base_has_gradients() -> None:
    model = build(width=0.125)
    model(torch.randn(1, 6, 101, 64))["rating"].mean().backward()
    assert all(p.grad is not None for p in model.modulated.model.body.parameters())


def test_weights_load_without_unpickling_objects_and_reproduce_predictions() -> None:
    model = build(kind="lrm", width=0.125).eval()
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    again = build(kind="lrm", width=0.125).eval()
    again.load_state_dict(torch.load(buffer, weights_only=True))
    clips = torch.randn(2, 6, 101, 64)
    assert torch.equal(again(clips)["rating"], model(clips)["rating"])


def random_batch(clips: int = 4) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "inputs": torch.randn(clips, 6, 101, 64, generator=generator).half(),
        "rating": torch.rand(clips, 2, generator=generator) * 2 - 1,
        "segment_rating": torch.rand(clips, 6, 2, generator=generator) * 2 - 1,
    }


def said(clips: int = 4, passes: int = 2) -> dict[str, Tensor]:
    heard = torch.randn(clips, passes, 6, 2, generator=torch.Generator().manual_seed(1))
    return {"passes": heard, "rating": heard[:, -1], "isolated": heard[:, -1]}


def test_loss_is_the_weighted_sum_of_both_mean_squares() -> None:
    batch, output = random_batch(), said()
    error = (output["passes"] - batch["rating"][:, None, None]) ** 2
    expected = 2 * error[..., 0].mean(dim=(1, 2)) + error[..., 1].mean(dim=(1, 2))
    torch.testing.assert_close(loss(output, batch, valence_weight=2.0), expected)


def test_loss_follows_segment_labels_where_asked() -> None:
    batch, output = random_batch(), said()
    error = (output["passes"] - batch["segment_rating"][:, None]) ** 2
    expected = error.sum(dim=-1).mean(dim=(1, 2))
    torch.testing.assert_close(loss(output, batch, label_mode="segment"), expected)


@pytest.mark.parametrize("mode", ["clip", "segment"])
def test_loss_without_a_share_of_segments_scores_the_mean_of_a_clip(mode: str) -> None:
    batch, output = random_batch(), said()
    error = (output["passes"].mean(dim=2) - batch["rating"][:, None]) ** 2
    expected = error.sum(dim=-1).mean(dim=1)
    torch.testing.assert_close(loss(output, batch, segment_share=0.0, label_mode=mode), expected)


def test_share_of_segments_only_adds_how_far_they_lie_apart() -> None:
    batch, output = random_batch(), said()
    spread = output["passes"].var(dim=2, correction=0).sum(dim=-1).mean(dim=1)
    expected = loss(output, batch, segment_share=0.0) + 0.3 * spread
    torch.testing.assert_close(loss(output, batch, segment_share=0.3), expected)


def test_huber_loss_is_linear_beyond_a_quarter() -> None:
    batch, output = random_batch(1), said(1, 1)
    batch["rating"][:] = 0
    output["passes"][..., 0], output["passes"][..., 1] = 0.2, 1.0
    expected = torch.tensor([0.5 * 0.2**2 + 0.25 * (1 - 0.125)])
    torch.testing.assert_close(loss(output, batch, kind="huber"), expected)


@pytest.mark.parametrize("form", [torch.tensor(0.4), torch.full((4, 1), 0.4)])
def test_weight_may_be_a_tensor_or_one_for_each_row(form: Tensor) -> None:
    batch, output = random_batch(), said()
    expected = loss(output, batch, valence_weight=0.4, segment_share=0.4)
    found = loss(output, batch, valence_weight=form, segment_share=form)
    torch.testing.assert_close(found, expected)


def test_labels_of_another_shape_raise_instead_of_broadcasting() -> None:
    batch, output = random_batch(), said()
    batch["rating"] = batch["rating"][:, :1]
    with pytest.raises(ValueError, match=r"labels must have shape \(4, 6, 2\), got \(4, 6, 1\)"):
        loss(output, batch)
    with pytest.raises(ValueError, match=r"got \(1, 6, 2\)"):
        loss(output, random_batch(1))


def test_unknown_losses_list_the_known_ones() -> None:
    with pytest.raises(ValueError, match="mse, huber, got 'l1'"):
        loss(said(), random_batch(), kind="l1")


def test_augmentation_that_is_off_changes_nothing() -> None:
    batch = random_batch()
    same = augment(batch, time_stripe=0, mel_stripe=0, mixup=0.0)
    for name, column in batch.items():
        assert torch.equal(same[name], column.float())


def test_stripes_hide_at_most_their_width_with_the_mean_level() -> None:
    batch = random_batch(8)
    torch.manual_seed(0)
    striped = augment(batch, time_stripe=16, mel_stripe=8)
    level_db = batch["inputs"].float()
    hidden = striped["inputs"] != level_db
    frames, bins = hidden.all(dim=3).sum(dim=2), hidden.all(dim=2).sum(dim=2)
    assert 0 < frames.max() <= 2 * 15
    assert 0 < bins.max() <= 2 * 7
    assert len(frames.unique()) > 3  # each segment has its own
    mean_db = level_db.mean(dim=(0, 1, 2)).expand_as(level_db)
    torch.testing.assert_close(striped["inputs"][hidden], mean_db[hidden])
    assert torch.equal(striped["rating"], batch["rating"])


def test_mixup_mixes_all_segments_and_labels_with_one_coefficient() -> None:
    batch = random_batch(8)
    place = torch.arange(8.0)
    batch["rating"] = place[:, None].expand(-1, 2).clone()
    batch["inputs"] = place[:, None, None, None].expand(-1, 6, 101, 64).clone()
    torch.manual_seed(0)
    mixed = augment(batch, time_stripe=0, mel_stripe=0, mixup=1.0)
    between = mixed["rating"][:, 0]
    assert (between != between.round()).any()
    torch.testing.assert_close(
        mixed["inputs"], between[:, None, None, None].expand(-1, 6, 101, 64)
    )
    torch.testing.assert_close(mixed["rating"][:, 1], between)


@pytest.mark.parametrize("form", [torch.tensor, lambda value: torch.full((4, 1), value)])
def test_augmentation_takes_tensors_as_well(form: Any) -> None:
    batch, found = random_batch(), []
    for convert in (float, form):
        torch.manual_seed(0)
        values = {"time_stripe": convert(12.0), "mel_stripe": convert(6.0), "mixup": convert(0.5)}
        found.append(augment(batch, **values)["inputs"])
    torch.testing.assert_close(found[0], found[1])


def test_augmentation_leaves_the_batch_alone_and_follows_the_global_generator() -> None:
    batch = random_batch()
    before = batch["inputs"].clone()
    torch.manual_seed(0)
    first = augment(batch, mixup=0.4)["inputs"]
    assert torch.equal(batch["inputs"], before)
    torch.manual_seed(0)
    assert torch.equal(augment(batch, mixup=0.4)["inputs"], first)


def test_metrics_hold_clip_and_segment_scores_and_the_objective() -> None:
    batch, output = random_batch(12), said(12)
    scores = metrics(output, batch)
    agreed = (scores["clip_valence_ccc"] + scores["clip_arousal_ccc"]) / 2
    assert scores["ccc_loss"] == pytest.approx(1 - agreed)
    assert scores["failed"] == 0
    assert (scores["num_audio_files"], scores["total_segments"]) == (12, 72)
    assert scores["clip_valence_mae"] != scores["segment_valence_mae"]
    without = {name: column for name, column in batch.items() if name != "segment_rating"}
    assert metrics(output, without)["segment_valence_mae"] != scores["segment_valence_mae"]


def test_perfect_predictions_have_no_loss() -> None:
    batch = random_batch(12)
    rating = batch["rating"][:, None].expand(-1, 6, -1)
    scores = metrics({"rating": rating, "isolated": rating}, batch)
    assert scores["ccc_loss"] == pytest.approx(0)
    assert scores["below_constant"] == 0


def test_constant_predictions_lose_one_and_bad_ones_are_below_constant() -> None:
    batch = random_batch(12)
    rating = torch.zeros(12, 6, 2)
    scores = metrics({"rating": rating, "isolated": rating}, batch)
    assert scores["ccc_loss"] == 1
    assert math.isnan(scores["clip_valence_pearson"])
    bad = -batch["rating"][:, None].expand(-1, 6, -1)
    assert metrics({"rating": bad, "isolated": bad}, batch)["below_constant"] == 1


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_prediction_that_is_not_finite_fails_its_dimension(value: float) -> None:
    batch, output = random_batch(12), said(12)
    output["rating"][3, 2, 0] = value
    scores = metrics(output, batch)
    assert (scores["ccc_loss"], scores["failed"]) == (2, 1)
    assert math.isnan(scores["clip_valence_mae"])
    assert math.isnan(scores["context_gain"])
    assert math.isfinite(scores["clip_arousal_mae"])
