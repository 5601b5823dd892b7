"""``--cpus-per-trial auto`` and ``--gpus-per-trial auto`` of ``tune.run``."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tune import planning, resources, run, session
from tune.choosing import Choice
from tune.hardware import Machine
from tune.layout import Layout
from tune.measurement import Measurement
from tune.planning import Findings
from tune.sharing import Sharing
from tune.workloads import Space

FIXED = {"model/hidden": 4}


def test_auto_measures_the_data_and_values_of_the_sweep(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], space: Space
) -> None:
    def explore(
        _space: Space, root: Path | None, fixed: Mapping[str, object], say: Callable[[str], None]
    ) -> Findings:
        assert (root, fixed) == (Path("rooms"), FIXED)
        say("measuring")
        sharings = [Sharing(1, 1, 1.0), Sharing(1, 2, 0.4)]
        return Findings(Machine(2, 2**30), {"baseline": Measurement(1.0, 1.0, 2**20)}, sharings)

    monkeypatch.setattr(planning, "explore_here", explore)
    options = run.parser().parse_args(["edc", "--cpus-per-trial", "auto"])
    choice = Choice(Layout(Path("monday")), {"root": "rooms", "fixed": FIXED})
    measured = session._measured(space, choice, options)
    share = session._share(options, {"CPU": 2.0, "GPU": 0.0}, measured)
    assert (share.cpus, share.slots) == (2, 1)
    assert "measuring" in capsys.readouterr().out


def test_without_the_option_nothing_has_to_be_measured() -> None:
    options = run.parser().parse_args(["edc"])
    assert resources.AUTO not in (options.cpus_per_trial, options.gpus_per_trial)
    assert session._share(options, {"CPU": 2.0, "GPU": 0.0}).slots == 2
