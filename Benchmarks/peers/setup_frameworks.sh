#!/bin/sh
# Installs what compare.py measures beside PyTorch, at the top of the package and apart from PyTorch's .venv:
#
#     setup_frameworks.sh         JAX, TensorFlow and onnxruntime into .venv-frameworks: 2 GB
#     setup_frameworks.sh ipex    Intel's extension and the PyTorch 2.8 that it wants into .venv-ipex: 7 GB, for that
#                                 PyTorch comes with CUDA
#
# What pip doesn't have for this machine is left out, with a line that says so. Remove a folder to be rid of it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=${1:-frameworks}
requirements=$here/requirements-$name.txt
venv=$(dirname "$(dirname "$here")")/.venv-$name
case $name in
  frameworks | ipex) ;;
  *)
    echo "setup_frameworks.sh: $name: give ipex, or nothing" >&2
    exit 64
    ;;
esac

if ! python3 -m venv "$venv" >&2; then
  rm -rf "$venv"
  echo "setup_frameworks.sh: can't make $venv: install Python's venv module (Debian: apt-get install python3-venv)" >&2
  exit 1
fi
# Those of ipex belong together, the others don't need each other.
if [ "$name" = ipex ]; then
  "$venv/bin/python3" -m pip install --quiet --no-cache-dir --requirement "$requirements" ||
    echo "left out: Intel's extension for PyTorch: pip's lines above say why" >&2
else
  while read -r package; do
    "$venv/bin/python3" -m pip install --quiet --no-cache-dir "$package" ||
      echo "left out: $package: pip's lines above say why" >&2
  done < "$requirements"
fi
