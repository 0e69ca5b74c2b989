"""quantize.py - floats and their quants by gguf-py, for tests/format/gguf_write.c.

    python tests/golden/quantize.py tests/golden/quantize.bin

The file: 2,048 floats of many magnitudes (all little-endian), then the same as F16, Q8_0 and Q4_0.
Needs gguf 0.19.0 and numpy.
"""
import sys

import gguf
import numpy as np

rng = np.random.default_rng(7)
x = (rng.standard_normal((64, 32)) * 10.0 ** rng.integers(-4, 4, (64, 1))).astype(np.float32)
x[3] = 0
x[4, 5] = -x[4].max() * 2
x[5] = np.round(x[5] * 16) / 16
with open(sys.argv[1], 'wb') as f:
    f.write(x.tobytes())
    for kind in gguf.GGMLQuantizationType.F16, gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0:
        f.write(gguf.quants.quantize(x, kind).tobytes())
