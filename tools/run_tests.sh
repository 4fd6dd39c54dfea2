#!/usr/bin/env bash
# Makes the environment if need be, checks the style, runs the tests. Arguments go to pytest:
#
#     bash tools/run_tests.sh
#     bash tools/run_tests.sh tests/test_utils -x
#     bash tools/run_tests.sh -m slow
#     bash tools/run_tests.sh -m gpu

set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
VENV="${VENV:-$ROOT/.venv}"
case "$VENV" in /*) ;; *) VENV="$PWD/$VENV" ;; esac
export VENV
bash "$ROOT/tools/setup_env.sh"

# The nets of the tests are tiny: threads only wait for each other. One also makes forks and rounding repeatable.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" MKL_NUM_THREADS="${MKL_NUM_THREADS:-1}"
cd "$ROOT"
"$VENV/bin/python" -m ruff check .
"$VENV/bin/python" -m ruff format --check .
exec "$VENV/bin/python" -m pytest -m 'not slow and not gpu' "$@"
