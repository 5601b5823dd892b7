#!/bin/bash
# A sweep on several nodes of a Slurm cluster: `sbatch deploy/slurm.sh edc --trials 200`, submitted
# from the repository. `sbatch deploy/slurm.sh edc --resume NAME` goes on. See docs/cluster.md.
#SBATCH --job-name=soundsweep
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --gpus-per-node=1
#SBATCH --time=08:00:00
#SBATCH --signal=B:TERM@120  # the driver ends gracefully before the time is up
#SBATCH --output=soundsweep-%j.log
set -euo pipefail

cd "$SLURM_SUBMIT_DIR"
source .venv/bin/activate
export RAY_AUTH_MODE=token
RAY_AUTH_TOKEN=$(python -c "import secrets; print(secrets.token_hex(32))")
export RAY_AUTH_TOKEN

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
address=${nodes[0]}:$((20000 + SLURM_JOB_ID % 10000)) # two jobs may share a node

start() { # start NODE ARGUMENT...: a Ray node that lasts as long as this job
    local node=$1
    shift
    srun --nodes=1 --ntasks=1 --overlap --nodelist="$node" ray start --block \
        --num-cpus="$SLURM_CPUS_PER_TASK" --disable-usage-stats "$@" &
}

joined() { # how many nodes are in the cluster
    ray status --address="$address" 2> /dev/null | grep --count '^ 1 node_' || true
}

start "${nodes[0]}" --head --port="${address#*:}" --include-dashboard=false
until [ "$(joined)" -ge 1 ]; do sleep 2; done
for node in "${nodes[@]:1}"; do
    start "$node" --address="$address"
done
until [ "$(joined)" -ge "${#nodes[@]}" ]; do sleep 2; done # a sweep plans with what is there

python -m tune.run "$@" --address "$address" &
driver=$!
trap 'kill -TERM $driver' TERM
code=0
wait $driver || code=$?
if kill -0 $driver 2> /dev/null; then # a signal ended the wait, not the driver
    code=0
    wait $driver || code=$?
fi
exit $code
