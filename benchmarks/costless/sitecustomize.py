"""Adds the workload ``costless`` to every process that has this folder on ``PYTHONPATH``.

Python imports this file at its start, in the driver and in the trial processes alike, so that the
product itself needs no door for a benchmark.
"""

from pathlib import Path

import datasets
import models
import search_spaces
from tune import workloads

for package in (datasets, models, search_spaces):
    package.__path__.append(str(Path(__file__).parent / package.__name__))
workloads.NAMES += ("costless",)  # type: ignore[assignment]  # a longer tuple is another type
