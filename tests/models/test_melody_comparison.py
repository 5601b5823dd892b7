"""Models side by side: same tunes, own numbers, tables and pictures of nothing but these."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure

from datasets.melody import load, load_test
from datasets.melody_blocks import blocks
from models.melody import build, draw
from models.melody_comparison import (
    REAL,
    Contender,
    Scores,
    agreement,
    as_table,
    compare,
    whole_tunes,
    winner,
)
from models.melody_figure import write_comparison
from models.melody_markov import Markov

NUM_TUNES = 60


def cut(context: int) -> dict[str, torch.Tensor]:
    part = load_test(num_tunes=NUM_TUNES, context=context)
    return part.batch(torch.arange(len(part)))


@pytest.fixture(scope="module")
def scores() -> Scores:
    torch.manual_seed(0)
    data = load(num_tunes=NUM_TUNES, context=200)
    train = data.train.batch(torch.arange(len(data.train)))
    return compare(
        {
            "Markov 1": Contender(Markov(1).fit(train), cut(200)),
            "Markov 2": Contender(Markov(2).fit(train), cut(200)),
            "LSTM": Contender(build(embedding_dim=8, hidden_size=8), cut(16)),
        }
    )


def test_compared_models_see_identical_test_tunes(scores: Scores) -> None:
    assert whole_tunes(cut(16)) == whole_tunes(cut(200))
    assert all(
        len(values) == len(scores["LSTM"]) for name, values in scores.items() if name != REAL
    )
    other = blocks([list(range(30, 60))], context=16)
    with pytest.raises(ValueError, match="given the same tunes, got others for second"):
        compare({"first": Contender(Markov(0), cut(16)), "second": Contender(Markov(0), other)})


def test_blocks_are_put_together_again() -> None:
    tunes = [[1, 2, 3, 4, 5], [6, 7], [8, 9, 10]]
    for context in (1, 2, 3, 50):
        assert whole_tunes(blocks(tunes, context)) == tunes


def test_counting_beats_an_untrained_network(scores: Scores) -> None:
    assert scores["Markov 2"]["nll"] < scores["LSTM"]["nll"]
    assert winner(scores, "nll") != "LSTM"
    assert winner(scores, "accuracy") != "LSTM"


def test_generation_metrics_use_generated_tunes(scores: Scores) -> None:
    for name in ("coherence", "musicality", "diversity"):
        assert scores["LSTM"][name] != scores["Markov 2"][name]
        assert scores["LSTM"][name] != scores[REAL][name]


def test_overall_score_stays_in_unit_interval(scores: Scores) -> None:
    for name, values in scores.items():
        if name != REAL:
            assert 0 <= values["overall_score"] <= 1
    perfect = {"accuracy": 1.0, "perplexity": 1.0} | scores[REAL]
    assert set(agreement(perfect, scores[REAL]).values()) == {1.0}
    hopeless = {"accuracy": 0.0, "perplexity": 1e9} | scores[REAL]
    assert agreement(hopeless, scores[REAL])["1/perplexity"] == pytest.approx(0.0, abs=1e-6)


def test_a_measure_is_won_by_what_is_nearest_to_real_tunes() -> None:
    scores = {"near": {"coherence": 0.6}, "high": {"coherence": 0.9}, REAL: {"coherence": 0.7}}
    assert winner(scores, "coherence") == "near"


def test_every_reported_number_has_a_record(scores: Scores, tmp_path: Path) -> None:
    numbers, picture = write_comparison(scores, tmp_path)
    recorded = json.loads(numbers.read_text())
    assert recorded == scores
    header, *lines = as_table(recorded).splitlines()
    assert header.split()[0] == "Markov"
    for line in lines:
        metric, *cells = line.split()
        shown = [f"{recorded[name][metric]:.3f}" for name in ("Markov 1", "Markov 2", "LSTM")]
        assert cells[:3] == shown
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_real_tunes_are_a_column_and_no_contender(scores: Scores) -> None:
    table = as_table(scores).splitlines()
    assert REAL in table[0]
    assert not any(line.endswith(REAL) for line in table[1:])


@pytest.mark.parametrize("with_model", [False, True])
def test_picture_shows_likelihoods_and_composed_tunes(with_model: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = build(embedding_dim=8, hidden_size=8).eval()
    rows, figure = cut(16), Figure()
    arguments: dict[str, Any] = {"model": model} if with_model else {}
    with torch.inference_mode():
        draw(figure, model(rows["inputs"]), rows, context=16, **arguments)
    assert len(figure.axes) == (7 if with_model else 3)
    figure.savefig(tmp_path / "picture.png")
