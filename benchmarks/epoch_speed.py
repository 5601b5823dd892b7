"""Epochs per second of ``Training`` against a bare tensor loop.

Run it by ``python -m benchmarks.epoch_speed [WORKLOAD ...]``.

Both train the workload's baseline on the same rows and batches, in turns within one process, so
that whatever else the machine does falls on both alike. The bare loop is what somebody would write
by hand for this one model: no guards, no record, no schedule.
"""

import argparse
import statistics
import time
from typing import Any

import torch

from tune import data, workloads
from tune.optim import optimiser
from tune.routing import named
from tune.training import Plan, Training

SIZES: dict[str, dict[str, Any]] = {"edc": {"data/size": "fast"}}
ROUNDS = 7


class Bare:
    """A hand-written loop over the same model, batches and validation."""

    def __init__(self, training: Training) -> None:
        """Build a second model of the configuration of ``training``."""
        self.like = training
        self.data, self.workload = training.data, training.workload
        facts = named(self.workload.build, training.facts)
        self.model = self.workload.build(**facts | training.build_arguments)
        self.loss = training.loss_arguments
        self.forward = training.forward_arguments
        self.optimiser = optimiser(self.model.parameters(), **training.optimiser_arguments)

    def epoch(self) -> None:
        """Train and validate once."""
        self.model.train()
        batch_size = self.like.settings.batch_size
        for index in torch.split(torch.randperm(len(self.data.train)), batch_size):
            batch = self.data.train.batch(index)
            self.optimiser.zero_grad()
            output = self.model(batch["inputs"], **self.forward)
            self.workload.loss(output, batch, **self.loss).mean().backward()
            clip = self.like.settings.clip_norm or float("inf")
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), clip)
            self.optimiser.step()
        self.model.eval()
        with torch.inference_mode():
            everything = self.data.validation.batch(torch.arange(len(self.data.validation)))
            output = self.model(everything["inputs"], **self.forward)
            self.workload.metrics(
                output, everything, **named(self.workload.metrics, self.like.facts)
            )


def seconds(epoch: Any) -> float:
    """Time one call."""
    start = time.perf_counter()
    epoch()
    return time.perf_counter() - start


def measure(name: str) -> None:
    """Print the ratio of one workload."""
    torch.set_num_threads(1)
    config = dict(workloads.space(name).baseline) | SIZES.get(name, {})
    loaded = data.load(name, None, config)
    plan = Plan(epochs=ROUNDS + 1, seed=0, patience=ROUNDS + 1)
    training = Training(workloads.get(name), config, loaded, plan)
    bare = Bare(training)
    training.epoch(), bare.epoch()
    pairs = [(seconds(training.epoch), seconds(bare.epoch)) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(bare / ours for ours, bare in pairs)
    print(f"{name}: {ours:.3f} s an epoch, bare loop {theirs:.3f} s, speed ratio {ratio:.2f}")


def main() -> None:
    """Measure the workloads named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload", nargs="*", default=workloads.NAMES)
    for name in parser.parse_args().workload:
        measure(name)


if __name__ == "__main__":
    main()
