import pytest
import torch

from datasets.contract import Data
from tune.predictor import Predictor
from tune.training import Plan, Training
from tune.workloads import Workload

CONFIG = {"model/hidden": 4, "forward/dropout": 0.2, "train/batch_size": 8, "optim/lr": 0.01}


def test_metrics_do_not_depend_on_the_evaluation_batch(
    workload: Workload, data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(workload, CONFIG, data)
    whole = predictor.evaluate(data.validation)
    monkeypatch.setattr("tune.predictor.EVALUATION_BATCH", 3)
    assert predictor.evaluate(data.validation) == pytest.approx(whole, rel=1e-6)


def test_trained_weights_predict_what_the_training_predicted(
    workload: Workload, data: Data
) -> None:
    training = Training(workload, CONFIG, data, Plan(2, 5))
    row = training.epoch()
    predictor = Predictor(workload, CONFIG, data)
    assert not torch.equal(predictor.predict(data.validation), training.predict(data.validation))
    predictor.model.load_state_dict(training.model.state_dict())
    assert torch.equal(predictor.predict(data.validation), training.predict(data.validation))
    assert predictor.evaluate(data.validation).items() <= row.items()


def test_seed_decides_the_first_weights(workload: Workload, data: Data) -> None:
    def weights(seed: int) -> torch.Tensor:
        built = Predictor(workload, CONFIG, data, seed=seed).model
        return torch.cat([each.flatten() for each in built.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
