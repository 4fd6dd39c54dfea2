#!/usr/bin/env bash
# Makes the environment of the project: a virtual environment with the locked versions, mmcv built
# from source, and the project itself, editable. Run it as often as you like: it goes on where an
# earlier run stopped, and does nothing when there is nothing to do.
#
#     bash tools/setup_env.sh
#
# Settings, all optional, from the environment:
#     PYTHON     interpreter, 3.10 to 3.12 (default: the first of python3.11, 3.10, 3.12, python3)
#     VENV       folder of the environment (default: .venv beside this repository's setup.py)
#     MAX_JOBS   compiler processes for mmcv (default: one a core, at least 2 GB of memory each)

set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
VENV="${VENV:-$ROOT/.venv}"
case "$VENV" in /*) ;; *) VENV="$PWD/$VENV" ;; esac
STAMP="$VENV/.sr4ir_mm_environment"
BUILD_LOG="$VENV/mmcv_build.log"
STEPS=6

# Nothing of the caller's Python may leak in, and pip must never wait for an answer.
unset PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX PIP_REQUIRE_HASHES
export PIP_USER=0 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONNOUSERSITE=1

say() { printf '%s\n' "$*"; }
step() { printf '\n[%s/%s] %s\n' "$1" "$STEPS" "$2"; }
fail() {
    printf 'setup_env: %s\n' "$*" >&2
    exit 1
}

# What is wrong with interpreter $1; prints nothing if it will do. A shim of a version manager may
# exist and still refuse to run, so only a real run counts.
python_problem() {
    command -v "$1" >/dev/null 2>&1 || { say 'not found'; return; }
    "$1" - 2>/dev/null <<'PY' || say 'does not run'
import os, sys, sysconfig
if not (3, 10) <= sys.version_info[:2] <= (3, 12):
    print('is Python %d.%d' % sys.version_info[:2])
else:
    try:
        import ensurepip, venv
    except ImportError:
        print('has no venv module (package python3-venv)')
    if not os.path.isfile(os.path.join(sysconfig.get_path('include'), 'Python.h')):
        print('has no Python.h (package python3-dev)')
PY
}

choose_python() {
    local name candidate problem tried=''
    while IFS= read -r candidate; do
        problem="$(python_problem "$candidate" | tr '\n' ' ')"
        if [ -z "$problem" ]; then
            say "$candidate"
            return
        fi
        tried="$tried${tried:+, }$candidate ${problem% }"
    done < <(
        if [ -n "${PYTHON:-}" ]; then say "$PYTHON"; exit; fi
        # Every one on the PATH, not the first alone: that may be a shim that does not run.
        for name in python3.11 python3.10 python3.12 python3; do type -aP "$name" || true; done
    )
    fail "Python 3.10, 3.11 or 3.12 with venv and headers is needed (${tried:-none found});" \
        'install one, or name one with PYTHON=/path/to/python.'
}

# Everything the environment depends on, in one line: the stamp of a finished set-up.
fingerprint() {
    "$VENV/bin/python" - "$ROOT" "$VENV" $(! has_nvcc || say nvcc) <<'PY'
import hashlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
digest = hashlib.sha256('\n'.join([sys.version, *sys.argv[1:]]).encode())
for name in ('requirements/build.txt', 'requirements/lock.txt', 'requirements/lock_tests.txt',
             'requirements/runtime.txt', 'setup.py'):
    digest.update((root / name).read_bytes())
print(digest.hexdigest())
PY
}

# mmcv is compiled for the GPU only where it is there.
has_nvcc() { command -v nvcc >/dev/null 2>&1 || [ -x "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc" ]; }

make_venv() {
    local python
    # activate is what venv writes last.
    if [ -e "$VENV/bin/activate" ] && [ -z "$(python_problem "$VENV/bin/python")" ]; then
        say "kept: $VENV (Python $(minor_of "$VENV/bin/python"))"
    else
        if [ -e "$VENV" ] && [ ! -e "$VENV/pyvenv.cfg" ] && [ -n "$(ls -A "$VENV")" ]; then
            fail "$VENV exists and is no virtual environment; name another folder with VENV=."
        fi
        python="$(choose_python)"
        say "making $VENV with $python (Python $(minor_of "$python"))"
        "$python" -m venv --clear "$VENV" </dev/null
    fi
    remove_half_installed
    # A run that was stopped while the folder was made leaves it without a whole pip.
    "$VENV/bin/python" -m pip show -q pip >/dev/null 2>&1 ||
        "$VENV/bin/python" -m ensurepip --upgrade </dev/null
}

minor_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || say 'unknown'; }

refuse_other_python() {
    local there
    if [ -n "${PYTHON:-}" ] && [ -x "$VENV/bin/python" ]; then
        there="$(minor_of "$VENV/bin/python")"
        [ "$there" = unknown ] || [ "$(minor_of "$PYTHON")" = "$there" ] ||
            fail "$VENV holds Python $there but PYTHON=$PYTHON was asked for;" \
                'remove that folder, or name another with VENV=.'
    fi
}

# Takes away what a stopped pip left half written: pip would believe it installed and go on.
remove_half_installed() {
    "$VENV/bin/python" - <<'PY'
import csv, pathlib, shutil, sysconfig

site = pathlib.Path(sysconfig.get_path('purelib'))
for left_over in site.glob('~*'):
    shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
for info in site.glob('*.dist-info'):
    record = info / 'RECORD'
    rows = list(csv.reader(record.open(newline=''))) if record.is_file() else []
    names = [row[0] for row in rows if row and not row[0].endswith('.pyc')]
    if not names or not all((site / name).exists() for name in names):
        print(f'half installed, will be installed again: {info.stem}')
        shutil.rmtree(info)
PY
}

pip_install() {
    local pip=("$VENV/bin/python" -m pip install --no-deps)
    if [ -t 1 ]; then # pip draws its progress bars on a terminal only
        "${pip[@]}" "$@" </dev/null
    else
        "${pip[@]}" "$@" </dev/null |
            { grep -a --line-buffered -vE '^(Requirement already satisfied:|Ignoring )' || true; }
    fi
}

build_jobs() {
    "$VENV/bin/python" - <<'PY'
import psutil
print(max(1, min(len(psutil.Process().cpu_affinity() if hasattr(psutil.Process, 'cpu_affinity')
                     else range(psutil.cpu_count())), psutil.virtual_memory().available // 2**31)))
PY
}

# Shows the compiler's progress; the whole of its output goes to the log.
show_build() {
    local line count='' previous=''
    while IFS= read -r line; do
        printf '%s\n' "$line" >>"$BUILD_LOG"
        count="$(expr "$line" : ' *\[\([0-9]*/[0-9]*\)\]' || true)"
        if [ -n "$count" ] && [ "$count" != "$previous" ]; then
            printf '  mmcv: compiled %s after %s s\n' "$count" "$((SECONDS - BUILD_START))"
            previous="$count"
        fi
    done
}

install_mmcv() {
    BUILD_START=$SECONDS
    : >"$BUILD_LOG"
    if ! MAX_JOBS="${MAX_JOBS:-$(build_jobs)}" pip_install -v --no-build-isolation "$@" "$MMCV" 2>&1 | show_build; then
        tail -n 25 "$BUILD_LOG" >&2
        fail "building $MMCV failed; the lines above are the end of $BUILD_LOG."
    fi
}

# Whether the compiled part loads: pip caches the wheel it builds by mmcv's version alone, so a
# wheel built for another torch comes back from the cache and fails here.
mmcv_works() {
    "$VENV/bin/python" -c 'import mmcv.ops' >/dev/null 2>&1
}

# Whether torch sees a GPU that mmcv was not compiled for although the CUDA compiler is there.
mmcv_lacks_cuda() {
    "$VENV/bin/python" - >/dev/null 2>&1 <<'PY'
import sys, torch
from mmcv.ops import get_compiling_cuda_version
from torch.utils.cpp_extension import CUDA_HOME
sys.exit(not (torch.cuda.is_available() and CUDA_HOME
              and get_compiling_cuda_version() == 'not available'))
PY
}

make_mmcv() {
    MMCV="$(grep '^mmcv==' "$ROOT/requirements/lock.txt")"
    if "$VENV/bin/python" -m pip show -q mmcv >/dev/null 2>&1 && mmcv_works && ! mmcv_lacks_cuda; then
        say 'kept: mmcv, its compiled operators load'
        return
    fi
    say 'about 10 minutes on two cores, seconds when pip has built it before'
    install_mmcv --force-reinstall
    if ! mmcv_works || mmcv_lacks_cuda; then
        say "pip's cached wheel of mmcv does not fit this torch: building it anew"
        "$VENV/bin/python" -m pip cache remove mmcv </dev/null >/dev/null 2>&1 || true
        install_mmcv --force-reinstall
    fi
    mmcv_works || "$VENV/bin/python" -c 'import mmcv.ops' ||
        fail "mmcv was built but 'import mmcv.ops' fails, see above and $BUILD_LOG."
}

# Trainings on the CPU use it where it is installed (sr4ir_mm/utils/allocator.py).
tell_tcmalloc() {
    (cd / && "$VENV/bin/python" - 2>/dev/null <<'PY') || true
from sr4ir_mm.utils.allocator import beside_gpu, find_tcmalloc
if find_tcmalloc() is None and not beside_gpu():
    print('hint: with tcmalloc wide networks train faster on the CPU and in less memory '
          '(Debian, Ubuntu: apt-get install libtcmalloc-minimal4)')
PY
}

# Asked before anything is downloaded, unless mmcv has been built here already.
need_compiler() {
    local compiler
    if compgen -G "$VENV/lib/python3*/site-packages/mmcv/_ext*.so" >/dev/null; then
        return
    fi
    for compiler in "${CXX:-c++}" g++ clang++; do
        if command -v "$compiler" >/dev/null 2>&1; then
            return
        fi
    done
    fail 'a C++ compiler is needed to build mmcv and none of c++, g++ and clang++ is found;' \
        'install one (Debian, Ubuntu: apt-get install g++).'
}

# mmcv is compiled for the GPU only where nvcc is there; without it RoIAlign and NMS would fail on the GPU later.
tell_missing_nvcc() {
    if ! { command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1; } && [ ! -e "${NVIDIA_DEVICE:-/dev/nvidia0}" ]; then
        return
    fi
    if has_nvcc; then return; fi
    say 'setup_env: there is a GPU but no nvcc, so mmcv will be built for the CPU alone and detectors will not run on the' \
        'GPU; install the CUDA toolkit 12 (Debian, Ubuntu: apt-get install nvidia-cuda-toolkit), set CUDA_HOME if it is' \
        'not in /usr/local/cuda, and run this again.' >&2
}

tell_missing_nvcc
refuse_other_python
if [ -f "$STAMP" ] && [ -x "$VENV/bin/python" ] && [ "$(cat "$STAMP")" = "$(fingerprint 2>/dev/null)" ]; then
    say "environment up to date: $VENV"
    exit 0
fi

need_compiler
step 1 'virtual environment'
make_venv
rm -f "$STAMP"

step 2 'tools for building'
pip_install -r "$ROOT/requirements/build.txt"

step 3 'locked packages (PyTorch alone is 3 GB with its CUDA libraries: this takes minutes)'
LOCK="$(mktemp)"
trap 'rm -f "$LOCK"' EXIT
grep -v '^mmcv==' "$ROOT/requirements/lock.txt" >"$LOCK"
pip_install -r "$LOCK" -r "$ROOT/requirements/lock_tests.txt"

step 4 'mmcv, from source'
make_mmcv

step 5 'this project, editable'
pip_install --no-build-isolation -q -e "$ROOT"

step 6 'check'
CHECK_LOG="$VENV/check.log" # its warnings are of interest only where it fails
if ! (cd / && "$VENV/bin/python" -c '
import mmcv.ops, mmdet, mmengine, mmpretrain, mmseg, torch, sr4ir_mm
print(f"torch {torch.__version__}, mmengine {mmengine.__version__}, mmcv {mmcv.__version__}, "
      f"mmdet {mmdet.__version__}, mmsegmentation {mmseg.__version__}, "
      f"mmpretrain {mmpretrain.__version__}, sr4ir_mm {sr4ir_mm.__version__}")
' 2>"$CHECK_LOG"); then
    cat "$CHECK_LOG" >&2
    fail "the environment in $VENV does not import, see above; remove the folder and run this again."
fi
tell_tcmalloc
fingerprint >"$STAMP.part" && mv "$STAMP.part" "$STAMP"
say "environment ready: source \"$VENV/bin/activate\""
