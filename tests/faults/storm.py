"""A storm of kills over real sweeps: what was computed has to stay computed.

``python -m tests.faults.storm --kills 100 --seed 0`` starts a sweep of short trials, kills some of
its processes after a random while, resumes it, and so on until it has struck often enough. After
every blow the record is compared with what it was before; a sweep that got to its end between the
blows is checked as a whole, and the next one begins.
"""

import argparse
import collections
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import psutil

from tests.faults.record import Record, check_finished, check_nothing_changed

ROOT = Path(__file__).parents[2]
TRIALS, EPOCHS = 40, 24
LONGEST_WAIT_S = 14.0  # about twice what a start takes: half of the blows fall on training
DEATH_S = 120.0  # a driver that outlives its Ray for longer hangs
SETTINGS = ["--epochs", EPOCHS, "--set", "data/size=fast", "--set", "model/network=mlp"]
BLOWS = ("driver SIGKILL", "driver SIGTERM", "driver SIGINT", "trial", "raylet", "all")


def start(results: Path, name: str, seed: int) -> "subprocess.Popen[bytes]":
    """Begin the sweep, or resume it."""
    command = [sys.executable, "-m", "tune.run", "edc", "--results", results, "--quiet"]
    if (results / "edc" / name / "sweep.json").exists():
        command += ["--resume", name]
    else:
        command += ["--name", name, "--trials", TRIALS, "--seed", seed, *SETTINGS]
    with (results / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [str(word) for word in command],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def strike(driver: "subprocess.Popen[bytes]", blow: str, random: Random) -> bool:
    """Kill what the blow names; tell whether it was there."""
    if blow.startswith("driver"):
        driver.send_signal(signal.Signals[blow.split()[1]])
        return True
    family = [driver_process := psutil.Process(driver.pid)]
    family += driver_process.children(recursive=True)
    named = {each: _name(each) for each in family}
    if blow == "all":
        victims = family
    else:
        wanted = "TrialTrainable" if blow == "trial" else "raylet/raylet"
        found = [each for each, name in named.items() if wanted in name]
        victims = [random.choice(found)] if found else []
    for victim in victims:
        if victim.is_running():
            victim.kill()
    return bool(victims)


def _name(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def survive(driver: "subprocess.Popen[bytes]", blow: str, log: Path) -> None:
    """Wait for the driver to end; one whose trial alone was killed goes on, and is ended here."""
    if blow == "trial":
        time.sleep(2.0)
        driver.kill()
    told = f"the driver hangs after {blow}: "
    assert _ends_within(driver, DEATH_S), told + log.read_text()[-2000:]


def storm(
    results: Path, kills: int, seed: int, longest_wait_s: float = LONGEST_WAIT_S
) -> dict[str, object]:
    """Kill and resume sweeps until ``kills`` blows have struck; check after each of them.

    Args:
        results: Where the sweeps lie.
        kills: How many blows.
        seed: Of their moments and victims, and of the sweeps.
        longest_wait_s: Between a start and its blow.

    Returns:
        How many of which blow, sweeps that came to their end, their trials, and the seconds.

    Raises:
        AssertionError: If anything recorded was changed or lost, or a finished sweep is not whole.
    """
    random, begun = Random(seed), time.monotonic()
    struck: collections.Counter[str] = collections.Counter()
    finished = 0
    while sum(struck.values()) < kills:
        name = f"storm-{finished}"
        before = Record.read(results / "edc" / name)
        driver = start(results, name, seed + finished)
        blow, wait_s = random.choice(BLOWS), random.uniform(0.5, longest_wait_s)
        ended = _ends_within(driver, wait_s)
        if not ended and strike(driver, blow, random):
            struck[blow] += 1
            survive(driver, blow, results / f"{name}.log")
        elif not ended:
            driver.kill()
            driver.wait()
        check_nothing_changed(before, Record.read(results / "edc" / name))
        if ended:
            assert driver.returncode == 0, (results / f"{name}.log").read_text()[-2000:]
            check_finished(results / "edc" / name, TRIALS)
            finished += 1
    driver = start(results, f"storm-{finished}", seed + finished)
    assert driver.wait(timeout=1200) == 0
    check_finished(results / "edc" / f"storm-{finished}", TRIALS)
    seconds = round(time.monotonic() - begun)
    return {"kills": dict(struck), "sweeps": finished + 1, "trials": TRIALS, "seconds": seconds}


def _ends_within(driver: "subprocess.Popen[bytes]", wait_s: float) -> bool:
    try:
        driver.wait(timeout=wait_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def main() -> None:
    """Run a storm and print what it did, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest-wait", type=float, default=LONGEST_WAIT_S, metavar="SECONDS")
    options = parser.parse_args()
    # else, begun in the background of a shell, all of its sweeps would ignore it at first
    signal.signal(signal.SIGINT, signal.default_int_handler)
    results = Path(tempfile.mkdtemp(prefix="storm-"))  # stays there if something is wrong with it
    print(json.dumps(storm(results, options.kills, options.seed, options.longest_wait)))
    shutil.rmtree(results)


if __name__ == "__main__":
    main()
