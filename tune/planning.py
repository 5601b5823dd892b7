"""Measures a workload on this machine, and from that chooses how its trials share it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tune import hardware, measurement
from tune.errors import TrialFailure, UserError
from tune.hardware import Machine
from tune.measurement import Measurement, Subject
from tune.sharing import Sharing, Verdict, fastest, fitting, on_card, on_cores, verdict
from tune.study import starting_points
from tune.workloads import Space

BASELINE = "baseline"
UNDISTURBED = 0.8  # of its core a training on a CPU gets, unless something else wants it too
Measure = Callable[[Subject, int, int], Sequence[Measurement]]


@dataclass(frozen=True)
class Findings:
    """What was measured.

    Attributes:
        machine: What it has.
        alone: Every known configuration by name, alone on one core; the baseline first.
        sharings: The baseline side by side with itself.
    """

    machine: Machine
    alone: Mapping[str, Measurement]
    sharings: Sequence[Sharing]

    @property
    def chosen(self) -> Sharing:
        """The fastest way to share the machine, of those that fit."""
        return fastest(self.sharings)

    @property
    def disturbed(self) -> bool:
        """Whether other work on this machine took its cores from what was measured."""
        got = min(each.busy_cores for each in self.alone.values())
        return self.machine.card is None and got < UNDISTURBED

    @property
    def verdict(self) -> Verdict:
        """What fits, and is worth it: side by side may be no faster than one at a time."""
        if self.machine.card is not None and self.chosen.count == 1:
            return Verdict.ONE_AT_A_TIME
        return _memory_verdict(self.machine, self.alone)


def known(space: Space, fixed: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the configurations that a sweep tries first and that differ in what they cost.

    A number of which nothing is built, such as a rate or the weight of a loss, costs nothing.

    Args:
        space: The workload's space.
        fixed: Values that the user fixed.

    Returns:
        Configurations by name, the baseline first.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, point in enumerate(starting_points(space, fixed)):
        if all(_costly(point) != _costly(earlier) for earlier in found.values()):
            found[f"preset {number}" if number else BASELINE] = point
    return found


def _costly(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in config.items()
        if key.startswith(("model/", "data/")) or not isinstance(value, float)
    }


def explore(
    space: Space, given: Subject, machine: Machine, measure: Measure, say: Callable[[str], None]
) -> Findings:
    """Measure every known configuration alone, and the baseline side by side.

    Args:
        space: The workload's space.
        given: The data, and under ``config`` the values that the user fixed.
        machine: What may be used.
        measure: ``tune.measurement.side_by_side``.
        say: Is told what is measured next.

    Returns:
        What was measured.

    Raises:
        UserError: If a known configuration cannot be trained alone.
    """
    device = "cpu" if machine.card is None else f"cuda:{machine.card.index}"
    subjects = {
        name: dataclasses.replace(given, config=config, device=device)
        for name, config in known(space, given.config).items()
    }
    alone = {}
    for name, subject in subjects.items():
        say(f"measuring {name} alone on one core")
        alone[name] = _alone(name, subject, measure)
    sharings = [Sharing(1, 1, alone[BASELINE].epoch_s)]
    for count, threads in shapes(machine, alone):
        if (count, threads) != (1, 1):
            say(f"measuring {count} side by side, cores each: {threads}")
            sharings += _together(subjects[BASELINE], count, threads, measure)
    return Findings(machine, alone, sharings)


def shapes(machine: Machine, alone: Mapping[str, Measurement]) -> list[tuple[int, int]]:
    """Return the ways to share a machine that fit: count of trials and cores of each.

    Args:
        machine: What it has.
        alone: What trials take; the largest decides.

    Returns:
        On a GPU one core each and as many trials as fit into its memory; several only if three
        do, since the search meets larger ones than are known before.
    """
    most = fitting(machine.memory_bytes, max(each.memory_bytes for each in alone.values()))
    if machine.card is None:
        return on_cores(machine.cores, most)
    on_gpu = fitting(machine.card.free_bytes, _gpu_bytes(alone))
    if _memory_verdict(machine, alone) == Verdict.ONE_AT_A_TIME:
        on_gpu = 1
    return [(count, 1) for count in on_card(min(on_gpu, most, machine.cores))]


def _memory_verdict(machine: Machine, alone: Mapping[str, Measurement]) -> Verdict:
    if machine.card is None:
        return Verdict.NO_GPU
    return verdict(machine.card.free_bytes, _gpu_bytes(alone))


def _gpu_bytes(alone: Mapping[str, Measurement]) -> int:
    return max(each.gpu_bytes for each in alone.values())


def _alone(name: str, subject: Subject, measure: Measure) -> Measurement:
    try:
        return measure(subject, 1, 1)[0]
    except MemoryError as error:
        raise UserError(
            f"{name} of {subject.workload} must fit into memory alone, got: {error}"
        ) from error
    except (ValueError, TrialFailure) as error:
        raise UserError(str(error)) from error


def _together(subject: Subject, count: int, threads: int, measure: Measure) -> list[Sharing]:
    """Return the sharing as measured, or nothing if it does not fit after all."""
    try:
        found = measure(subject, count, threads)
    except MemoryError:
        return []
    return [Sharing(count, threads, sum(each.epoch_s for each in found) / count)]


def explore_here(
    space: Space, root: Path | None, fixed: Mapping[str, Any], say: Callable[[str], None]
) -> Findings:
    """Measure a workload on this machine; see ``explore``."""
    given = Subject(space.name, root, fixed, space.budget.epochs)
    machine = measurement.in_process(hardware.inspect)
    return explore(space, given, machine, measurement.side_by_side, say)
