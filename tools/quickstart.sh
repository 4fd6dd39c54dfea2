#!/usr/bin/env bash
# From a fresh clone to trained networks and pictures: environment, hand signs, four short trainings on the CPU (SR4IR-lite,
# L->T and S->T for as many minutes, L->T with as many updates), evaluation on LR test images, a table and pictures.
# SCRATCH=1 also trains the two networks that they start from.
# What is finished is not done again; delete work_dirs/quickstart to start over. SEED (default 0) sets the seed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash tools/setup_env.sh
# The networks are so narrow that threads cost more than they bring.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" MKL_NUM_THREADS="${MKL_NUM_THREADS:-1}"
exec "${VENV:-.venv}/bin/python" demo/quickstart.py --seed "${SEED:-0}" ${SCRATCH:+--scratch} "$@"
