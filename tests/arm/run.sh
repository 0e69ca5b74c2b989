#!/bin/sh
# run.sh - `make test-arm`: Node for 64-bit ARM under qemu's emulation of a processor with every extension. There
# the products of signed bytes (i32x4.relaxed_dot_i8x16_i7x16_add_s as SDOT) run, which no x86 processor has.
#
# First the kernels, then bits.js here and there, which must print the same, then the suite of the bare engine.
set -eu
cd "$(dirname "$0")/../.."
arm() { qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu build/arm/package/bin/node --no-warnings "$@"; }

for program in build/release/tests/*/*.wasm; do
  arm tests/helpers/wasi.js "$program" > build/arm/program.log || { cat build/arm/program.log; exit 1; }
  tail -1 build/arm/program.log
done

node tests/arm/bits.js > build/arm/here.txt
arm tests/arm/bits.js > build/arm/arm.txt
cmp build/arm/here.txt build/arm/arm.txt
echo "$(wc -l < build/arm/arm.txt) rows of logits have the same bits on both processors"

# Not `node --test`, which starts processes: they would not be emulated.
HOSTS=engine arm --test-reporter=dot tests/node/suite.test.js
