#!/bin/sh
# Prints the path of a Python that has PyTorch 2.13.0 (and numpy, Pillow and safetensors): the machine's own if it has
# them, else the one in .venv at the top of the package, made on the first call. All else goes to stderr.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=$(dirname "$(dirname "$here")")/.venv

ready() {
  "$1" -c 'import numpy, PIL, safetensors, torch, sys
sys.exit(torch.__version__.split("+")[0] != "2.13.0")' 2>/dev/null
}

for python in python3 "$venv/bin/python3"; do
  if ready "$python"; then
    command -v "$python"
    exit 0
  fi
done

echo "Setting up .venv with PyTorch 2.13.0 (once)" >&2
if ! python3 -m venv "$venv" >&2; then
  rm -rf "$venv"
  echo "setup.sh: can't make .venv: install Python's venv module (Debian: apt-get install python3-venv)" >&2
  exit 1
fi
if ! "$venv/bin/python3" -m pip install --quiet --requirement "$here/requirements.txt" >&2; then
  echo "setup.sh: pip has no torch==2.13.0+cpu on this machine (its lines above say why). PyTorch publishes its CPU" \
    "builds in an index of its own: name that to pip (PIP_EXTRA_INDEX_URL, or PIP_FIND_LINKS for a folder of wheels)," \
    "or install any build of torch 2.13.0, numpy, pillow and safetensors for python3" >&2
  exit 1
fi
echo "$venv/bin/python3"
