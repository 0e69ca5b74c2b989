#!/bin/sh
# install.sh - installs the tools that examples/embeds names into build/embeds: npm's in node_modules, PyPI's in py.
#
# Does nothing where they are. A part that cannot be installed is reported; its recipes are skipped, except in CI, where
# this fails.
set -u
cd "$(dirname "$0")/../.." || exit 1
wasm/toolchain.sh npm embeds browsers
failed=0
from=examples/embeds
to=build/embeds
mkdir -p "$to"

if ! cmp -s "$from/package-lock.json" "$to/npm.installed"; then
  cp .npmrc "$from/package.json" "$from/package-lock.json" "$to/"
  if npm install --prefix "$to" --no-audit --no-fund; then
    cp "$from/package-lock.json" "$to/npm.installed"
  else
    echo 'install: the tools of npm are missing' >&2
    failed=1
  fi
fi

if ! cmp -s "$from/requirements.txt" "$to/py.installed"; then
  if python3 -m venv "$to/py" && "$to/py/bin/pip" install -q -r "$from/requirements.txt"; then
    cp "$from/requirements.txt" "$to/py.installed"
  else
    echo 'install: the tools of PyPI are missing' >&2
    failed=1
  fi
fi

[ -z "${CI:-}" ] || [ $failed = 0 ]
