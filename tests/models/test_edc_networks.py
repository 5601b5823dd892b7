"""Networks of ``edc``; those of 200 million weights are built without memory."""

import pytest
import torch
from torch import nn

from models.edc_networks import NETWORKS, Perceptron, Sizes

COLUMNS = ((96_000, 2048), (2000, 2048), (2000, 512), (500, 256))
PUBLISHED = {
    "lstm": (197_042_944, 4_436_944, 1_166_800, 236_276),
    "hybrid_v1": (197_074_048, 4_468_048, 1_197_904, 267_380),
    "hybrid_v2": (197_885_568, 5_279_568, 1_419_600, 390_772),
    "hybrid_v3": (197_084_672, 4_478_672, 1_208_528, 278_004),
    "multihead": (103_385_218, 7_035_218, 1_564_754, 688_886),
}


def count(network: str, num_samples: int, fc_hidden: int) -> int:
    """Number of trained values of a network of 16 features."""
    with torch.device("meta"):
        built = NETWORKS[network](Sizes(16, num_samples, fc_hidden, lstm_hidden=128))
    return sum(parameter.numel() for parameter in built.parameters())


@pytest.mark.parametrize("network", PUBLISHED)
def test_a_published_network_has_its_published_size(network: str) -> None:
    assert tuple(count(network, *column) for column in COLUMNS) == PUBLISHED[network]


def test_the_transformer_has_its_published_size() -> None:
    assert count("transformer", 96_000, 2048) == 101_826_560
    assert count("transformer", 2000, 512) == 5_476_560


def test_the_compact_network_has_under_a_million_weights_at_a_thousand_samples() -> None:
    assert count("mlp", 2000, 384) == 1_072_208
    assert count("mlp", 1000, 384) == 687_208


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("num_features", [16, 48])
def test_every_network_maps_features_to_one_output_a_sample(
    network: str, num_features: int
) -> None:
    built = NETWORKS[network](Sizes(num_features, 30, fc_hidden=8, lstm_hidden=4))
    output = built(torch.randn(3, num_features), 0.3)
    assert output["z"].shape == (3, 30)
    for name in ("t20", "c50"):
        assert (name in output) == (network == "multihead")
        assert name not in output or output[name].shape == (3,)


@pytest.mark.parametrize("network", NETWORKS)
def test_every_weight_and_feature_matters(network: str) -> None:
    torch.manual_seed(0)
    built = NETWORKS[network](Sizes(16, 30, fc_hidden=32, lstm_hidden=8))
    features = torch.randn(64, 16, requires_grad=True)
    sum(values.square().sum() for values in built(features, 0.0).values()).backward()
    assert features.grad is not None
    assert (features.grad != 0).any(0).all()
    for name, parameter in built.named_parameters():
        assert parameter.grad is not None, name


def test_recurrent_parts_run_in_one_direction_through_one_layer() -> None:
    sizes = Sizes(16, 30, fc_hidden=8, lstm_hidden=4)
    for build in NETWORKS.values():
        for module in build(sizes).modules():
            if isinstance(module, nn.LSTM):
                assert not module.bidirectional
                assert module.num_layers == 1


def test_dropout_acts_in_training_only() -> None:
    perceptron = Perceptron((4, 50, 3))
    x = torch.randn(2, 4)
    assert not torch.equal(perceptron(x, 0.5), perceptron(x, 0.5))
    perceptron.eval()
    torch.testing.assert_close(perceptron(x, 0.5), perceptron(x, 0.0))
