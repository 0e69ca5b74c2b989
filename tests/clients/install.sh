#!/bin/sh
# install.sh - installs the clients that jielong serve is tested with into build/clients: the official openai clients, the
# AI SDK, and llama.cpp's server, which web/connect.js is tested with.
cd "$(dirname "$0")/../.." || exit 1
exec tests/helpers/install.sh tests/clients build/clients
