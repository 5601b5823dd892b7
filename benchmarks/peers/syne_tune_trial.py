"""One trial of Syne Tune, which starts this file anew for each."""

import argparse
from typing import Any

from syne_tune import Reporter
from syne_tune.constants import ST_CHECKPOINT_DIR
from syne_tune.utils import add_config_json_to_argparse, load_config_json

from benchmarks.peers.syne_tune import acting
from benchmarks.peers.task import Task, train
from tune import workloads


def configuration() -> dict[str, Any]:
    """Read the configuration that Syne Tune wrote for this trial."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(f"--{ST_CHECKPOINT_DIR}")
    add_config_json_to_argparse(parser)
    config: dict[str, Any] = load_config_json(vars(parser.parse_args()))
    return config


def main() -> None:
    """Train, and report every epoch."""
    config = configuration()
    task, report = Task.read(config["task"]), Reporter()
    space = workloads.space(task.workload)
    for epoch, objective in enumerate(train(task, acting(space, config)), 1):
        report(epoch=epoch, objective=objective)


if __name__ == "__main__":
    main()
