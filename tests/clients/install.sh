#!/bin/sh
# install.sh - installs the clients that jielong serve is tested with into build/clients: npm's in node_modules, PyPI's in py.
#
# The official openai clients, the AI SDK, and llama.cpp's server, which web/connect.js is tested with.
#
# Does nothing where they are. A part that cannot be installed is reported; its tests are skipped, except in CI, where this
# fails.
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0
from=tests/clients
to=build/clients
mkdir -p "$to"

if ! cmp -s "$from/package-lock.json" "$to/npm.installed"; then
  cp .npmrc "$from/package.json" "$from/package-lock.json" "$to/"
  if npm ci --prefix "$to" --no-audit --no-fund; then
    cp "$from/package-lock.json" "$to/npm.installed"
  else
    echo 'install: the clients of npm are missing' >&2
    failed=1
  fi
fi

[ -d "$to/py" ] || python3 -m venv "$to/py"
for list in requirements requirements-server; do
  cmp -s "$from/$list.txt" "$to/$list.installed" && continue
  if "$to/py/bin/pip" install -q -r "$from/$list.txt"; then
    cp "$from/$list.txt" "$to/$list.installed"
  else
    echo "install: $list.txt of PyPI is missing" >&2
    failed=1
  fi
done

[ -z "${CI:-}" ] || [ $failed = 0 ]
