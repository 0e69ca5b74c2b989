"""grids.py - the grids of the IQ types, as src/format/quant_grids.h: python tests/golden/grids.py > src/format/quant_grids.h

Needs PyPI: gguf, numpy. gguf.quants has the grids of ggml-common.h (ggml, MIT licence) as hexadecimal digits.
"""
from gguf import quants

HEAD = '''/* quant_grids.h - the grids of the IQ types, for quant_rare.c; written by tests/golden/grids.py.
 *
 * A row of a grid is a vector of 8 (iq1, iq2) or 4 (iq3) magnitudes, stored as digits: of 2 bits
 * (iq1: −1, 0, 1; iq2: 8, 25, 43) or 3 bits (iq3_xxs: 4, 12, … 52, 62; iq3_s: 1, 3, … 15), the
 * first in the lowest bits. Source: ggml-common.h of ggml, copyright The ggml authors, MIT licence.
 */
/* clang-format off */
'''
print(HEAD)
for name, of in (('iq1', 'IQ1_S'), ('iq2_xxs', 'IQ2_XXS'), ('iq2_xs', 'IQ2_XS'), ('iq2_s', 'IQ2_S'), ('iq3_xxs', 'IQ3_XXS'), ('iq3_s', 'IQ3_S')):
    q = getattr(quants, of)
    q.init_grid()
    rows = q.grid.reshape(q.grid_shape)
    bits = 2 if q.grid_shape[1] == 8 else 3
    words = [sum(q.grid_map.index(int(v)) << bits * i for i, v in enumerate(row)) for row in rows]
    print(f'static const uint16_t {name}_grid[{len(words)}] = {{')
    line = '   '
    for word in words:
        if len(line) + len(f' 0x{word:x},') > 98: print(line); line = '   '
        line += f' 0x{word:x},'
    print(line + '\n};\n')
