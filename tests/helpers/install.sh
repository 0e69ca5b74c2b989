#!/bin/sh
# install.sh FROM TO - installs what the folder FROM lists into TO, from the project's root: its package.json by npm, in
# node_modules; its requirements*.txt by pip, in py.
#
# Does nothing where they are. A part that cannot be installed is reported, and what needs it is skipped, except in CI,
# where this fails.
set -u
from=$1
to=$2
failed=0
mkdir -p "$to"

missing() {
  echo "install: $1 is missing in $to" >&2
  failed=1
}

if ! cmp -s "$from/package-lock.json" "$to/npm.installed"; then
  cp .npmrc "$from/package.json" "$from/package-lock.json" "$to/"
  if npm ci --prefix "$to" --no-audit --no-fund; then
    cp "$from/package-lock.json" "$to/npm.installed"
  else
    missing "$from/package.json"
  fi
fi

[ -d "$to/py" ] || python3 -m venv "$to/py"
for list in "$from"/requirements*.txt; do
  installed=$to/$(basename "$list" .txt).installed
  cmp -s "$list" "$installed" && continue
  if "$to/py/bin/pip" install -q -r "$list"; then
    cp "$list" "$installed"
  else
    missing "$list"
  fi
done

[ -z "${CI:-}" ] || [ $failed = 0 ]
