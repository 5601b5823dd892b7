"""What lies in deploy/, read by what reads it."""

import copy
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())
    return content


@pytest.mark.parametrize("name", ["aws.yaml", "on-premises.yaml"])
def test_cluster_launcher_accepts_the_file(name: str) -> None:
    util = pytest.importorskip("ray.autoscaler._private.util")
    pytest.importorskip("jsonschema")
    util.validate_config(util.prepare_config(copy.deepcopy(read(name))))


@pytest.mark.parametrize("name", ["aws.yaml", "on-premises.yaml"])
def test_every_node_asks_for_the_token_and_no_dashboard_is_open(name: str) -> None:
    config = read(name)
    starts = config["head_start_ray_commands"][1:] + config["worker_start_ray_commands"][1:]
    assert all(command.startswith("RAY_AUTH_MODE=token") for command in starts)
    assert "--dashboard-host=127.0.0.1" in config["head_start_ray_commands"][1]


def test_ray_job_has_what_kuberay_requires() -> None:
    job = read("kuberay.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert "--address auto" in job["spec"]["entrypoint"]
    assert job["spec"]["backoffLimit"] == 0
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    workers = cluster["workerGroupSpecs"]
    for group in workers:
        assert group["groupName"]
        assert group["minReplicas"] == group["replicas"] == group["maxReplicas"]
    for group in (cluster["headGroupSpec"], *workers):
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        pod = group["template"]["spec"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} == volumes
            assert container["resources"]["requests"] == container["resources"]["limits"]


def test_ray_version_is_the_one_that_is_pinned() -> None:
    pinned = f"ray=={read('kuberay.yaml')['spec']['rayClusterSpec']['rayVersion']}"
    assert pinned in (ROOT / "constraints.txt").read_text().split()


def test_slurm_script_is_a_shell_script() -> None:
    subprocess.run(["bash", "-n", DEPLOY / "slurm.sh"], check=True)


STAND_INS = {
    "scontrol": "echo first; echo second; echo third",
    "srun": 'echo "$@" >> calls; echo x >> started',
    "ray": 'sed "s/.*/ 1 node_&/" started',
    "python": 'if [ "$1" = -c ]; then echo secret; else wc -l < started; echo "$@"; exit 7; fi',
}


def test_slurm_script_starts_the_driver_when_all_nodes_are_there(tmp_path: Path) -> None:
    """Slurm, Ray and Python are stand-ins that write down how they are called."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, script in STAND_INS.items():
        (programs / name).write_text(f"#!/bin/bash\n{script}\n")
        (programs / name).chmod(0o755)
    (programs / "activate").write_text(f"PATH={programs}:$PATH\n")
    slurm = {"SUBMIT_DIR": str(tmp_path), "JOB_ID": "70123", "JOB_NODELIST": "any"}
    slurm |= {"CPUS_PER_TASK": "8"}
    done = subprocess.run(
        ["bash", DEPLOY / "slurm.sh", "edc", "--trials", "30"],
        env=os.environ | {f"SLURM_{name}": value for name, value in slurm.items()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    address = "--address first:20123"
    assert done.stdout.split("\n")[:2] == ["3", f"-m tune.run edc --trials 30 {address}"]
    calls = (tmp_path / "calls").read_text().splitlines()
    assert "--nodelist=first ray start --block" in calls[0]
    assert "--head --port=20123" in calls[0]
    assert all(address.replace(" ", "=") in call for call in calls[1:])
    assert "secret" not in "".join(calls)
