#!/bin/sh
# Prints the path of a Python that has playwright: the one in .venv-browser at the top of the package, made on the first
# call. Installs Debian's Chromium where there is no browser. All else goes to stderr.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=$(dirname "$(dirname "$here")")/.venv-browser

fail() { echo "browser-test: $1" >&2; exit 1; }

if ! command -v chromium >/dev/null 2>&1 && ! command -v google-chrome >/dev/null 2>&1; then
  command -v apt-get >/dev/null 2>&1 || fail "install Chromium, then try again"
  if [ "$(id -u)" -eq 0 ]; then as_root=; else as_root=sudo; fi
  echo "browser-test: installing chromium" >&2
  export DEBIAN_FRONTEND=noninteractive
  $as_root apt-get install -y -q --no-install-recommends chromium </dev/null >/dev/null 2>&1 || {
    $as_root apt-get update -q </dev/null >&2 || fail "'apt-get update' failed, see above"
    $as_root apt-get install -y -q --no-install-recommends chromium </dev/null >&2 || fail "couldn't install chromium"
  }
fi
if ! "$venv/bin/python3" -c 'import playwright' 2>/dev/null; then
  echo "browser-test: setting up .venv-browser (once)" >&2
  rm -rf "$venv"
  python3 -m venv "$venv" >&2 || {
    rm -rf "$venv"
    fail "can't make .venv-browser: install Python's venv module (Debian: apt-get install python3-venv)"
  }
  "$venv/bin/python3" -m pip install --quiet --requirement "$here/requirements.txt" >&2 || fail "pip failed, see above"
fi
echo "$venv/bin/python3"
