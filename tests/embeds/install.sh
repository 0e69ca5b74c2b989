#!/bin/sh
# install.sh - installs the tools that examples/embeds names into build/embeds.
cd "$(dirname "$0")/../.." || exit 1
wasm/toolchain.sh npm embeds browsers
exec tests/helpers/install.sh examples/embeds build/embeds
