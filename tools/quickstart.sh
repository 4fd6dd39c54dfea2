#!/usr/bin/env bash
# From a fresh clone to trained networks and pictures: environment, sample data, four short trainings on the CPU (task
# network on HR images, SR network, L->T, SR4IR), evaluation on LR test images, a table and a picture grid.
# What is finished is not done again; delete work_dirs/quickstart to start over. SEED (default 0) sets the seed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash tools/setup_env.sh
# The networks are so narrow that threads cost more than they bring.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" MKL_NUM_THREADS="${MKL_NUM_THREADS:-1}"
exec "${VENV:-.venv}/bin/python" demo/quickstart.py --seed "${SEED:-0}" "$@"
