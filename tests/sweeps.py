"""Real sweeps, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(
    results: Path,
    *arguments: str,
    workload: str = "edc",
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a sweep to its end."""
    command = [sys.executable, "-m", "tune.run", workload, "--results", str(results), "--quiet"]
    return subprocess.run(
        [*command, *arguments],
        cwd=ROOT,
        env=os.environ | (environment or {}),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
