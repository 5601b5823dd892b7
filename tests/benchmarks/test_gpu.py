import time
from pathlib import Path

import pytest

from benchmarks import gpu
from benchmarks.gpu import Seen, answered, asked

#: Stands in for the real one, and answers in its words.
NVIDIA_SMI = """#!/bin/sh
case "$1" in
  *utilization*) printf '0\\n40\\n0\\n80\\n0\\n' ;;
  *) printf '512\\n[N/A]\\n640\\n' ;;
esac
exec sleep 60
"""


def test_only_the_time_between_first_and_last_work_counts_as_idle() -> None:
    assert Seen([0, 40, 0, 80, 0], []).idle_percent == pytest.approx(60)
    assert Seen([0, 0], []).idle_percent is None
    assert Seen([], []).process_mb is None


def test_what_nvidia_smi_answers_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Seen([0, 40, 0, 80, 0], [512, 640])
    script = tmp_path / "nvidia-smi"
    script.write_text(NVIDIA_SMI)
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with asked(tmp_path):
        deadline = time.monotonic() + 60
        while answered(tmp_path) != told and time.monotonic() < deadline:
            time.sleep(0.01)  # both processes answer when they get to run
    assert answered(tmp_path) == told
    assert told.process_mb == 640


def test_without_a_gpu_nothing_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["gpu", "--output", str(tmp_path / "results.json")])
    gpu.main()
    assert "there is no GPU here" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
