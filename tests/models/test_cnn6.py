"""Cnn6 and its heads."""

from pathlib import Path

import pytest
import torch
from torch import nn

from models.cnn6 import Cnn6Body, Head, load_body, scaled


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module")
def body() -> Cnn6Body:
    torch.manual_seed(0)
    return Cnn6Body(0.125)


def test_body_and_head_have_the_published_number_of_parameters() -> None:
    body = Cnn6Body(1.0)
    assert count(body) == 4_567_104
    assert count(body) + 512 * 527 + 527 == 4_837_455
    assert count(body.bn0) == 128
    assert count(body.conv_block1) == 1_600 + 128
    assert count(body.conv_block4) == 3_276_800 + 1_024
    assert count(body.fc1) == 262_656
    assert count(Head(512, 1.0)) == 164_353


def test_blocks_halve_time_and_frequency(body: Cnn6Body) -> None:
    shapes = []
    for block in (body.conv_block1, body.conv_block2, body.conv_block3, body.conv_block4):
        block.register_forward_hook(lambda _m, _a, output: shapes.append(output.shape[1:]))
    assert body(torch.randn(3, 101, 64), 0.0).shape == (3, 64)
    assert shapes == [(8, 50, 32), (16, 25, 16), (32, 12, 8), (64, 6, 4)]


def test_first_norm_works_on_mel_bins() -> None:
    body = Cnn6Body(0.125)
    level_db = torch.randn(4, 101, 64) + torch.arange(64.0)
    body(level_db, 0.0)
    torch.testing.assert_close(body.bn0.running_mean, 0.1 * level_db.mean(dim=(0, 1)))


def test_initial_weights_are_xavier_and_biases_zero(body: Cnn6Body) -> None:
    weight = body.conv_block2.conv1.weight
    bound = (6 / (25 * (8 + 16))) ** 0.5
    assert 0.9 * bound < weight.abs().max() <= bound
    assert not body.fc1.bias.any()
    assert body.fc1.weight.abs().max() <= (6 / 128) ** 0.5


def test_widths_are_rounded_and_never_zero() -> None:
    assert [scaled(16, width) for width in (1, 0.125, 0.01)] == [16, 2, 1]


def test_dropout_acts_in_training_only_and_in_all_forms_alike(body: Cnn6Body) -> None:
    level_db = torch.randn(4, 101, 64)
    body.eval()
    assert torch.equal(body(level_db, 1.0), body(level_db, 0.0))
    body.train()
    outputs = []
    for scale in (0.7, torch.tensor(0.7), torch.full((4, 1), 0.7)):
        torch.manual_seed(3)
        outputs.append(body(level_db, scale))
    torch.testing.assert_close(outputs[1:], [outputs[0]] * 2, atol=1e-6, rtol=1e-5)
    assert (outputs[0] == 0).any()


def test_frozen_body_keeps_parameters_and_statistics_but_drops_out() -> None:
    body = Cnn6Body(0.125)
    body.freeze()
    body.train()
    before = {name: value.clone() for name, value in body.state_dict().items()}
    level_db = torch.randn(4, 101, 64)
    first, second = body(level_db, 1.0), body(level_db, 1.0)
    assert not first.requires_grad
    assert not torch.equal(first, second)
    torch.testing.assert_close(body.state_dict(), before, atol=0, rtol=0)


def checkpoint(path: Path, body: Cnn6Body, drop: str = "") -> Path:
    weights = {name: value for name, value in body.state_dict().items() if name != drop}
    extra = {"fc_audioset.weight": torch.zeros(527, 512), "logmel.melW": torch.zeros(2)}
    torch.save({"iteration": 1, "model": weights | extra}, path)
    return path


def test_checkpoint_is_loaded_and_its_other_keys_are_listed(tmp_path: Path) -> None:
    published, body = Cnn6Body(1.0), Cnn6Body(1.0)
    ignored = load_body(body, checkpoint(tmp_path / "cnn6.pth", published))
    assert ignored == ["fc_audioset.weight", "logmel.melW"]
    torch.testing.assert_close(body.state_dict(), published.state_dict(), atol=0, rtol=0)


def test_missing_checkpoint_or_weight_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pth; Cnn6_mAP=0\.343\.pth is at"):
        load_body(Cnn6Body(1.0), tmp_path / "nowhere.pth")
    path = checkpoint(tmp_path / "cnn6.pth", Cnn6Body(1.0), drop="fc1.bias")
    with pytest.raises(ValueError, match=r"none of \['fc1.bias'\]"):
        load_body(Cnn6Body(1.0), path)
