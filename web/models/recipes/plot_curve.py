#!/usr/bin/env python3
"""plot_curve.py - the curve of a training run: OUT.csv → an SVG of bits per byte against tokens seen.

    python3 plot_curve.py tales.csv TOKENS_A_STEP BYTES_A_TOKEN tales.svg

Thin: the loss of the steps since the last row; dots: the held-out loss. Colours follow the reader's
theme. Standard library only.
"""
import csv
import math
import sys

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 240, 40, 28


def main():
    path, tokens_a_step, bytes_a_token, out = sys.argv[1:]
    to_bits = 1 / math.log(2) / float(bytes_a_token)
    rows = list(csv.DictReader(open(path)))
    steps = [int(r['step']) for r in rows]
    train = [(int(r['step']), float(r['loss']) * to_bits) for r in rows]
    held = [(int(r['step']), float(r['bits_per_byte'])) for r in rows if r['bits_per_byte']]
    low, high = 0.5 * math.floor(2 * min(v for _, v in train + held)), 3.0

    def x(step):
        return LEFT + (WIDTH - LEFT - 8) * step / steps[-1]

    def y(bits):
        return 8 + (HEIGHT - BOTTOM - 8) * (high - min(bits, high)) / (high - low)

    marks = []
    bits = low
    while bits <= high:
        marks.append(f'<path class="line" d="M{LEFT} {y(bits):.1f}H{WIDTH - 8}"/>'
                     f'<text x="{LEFT - 6}" y="{y(bits) + 4:.1f}" text-anchor="end">{bits:g}</text>')
        bits += 0.5
    millions = steps[-1] * int(tokens_a_step) / 1e6
    path_of = 'M' + 'L'.join(f'{x(s):.1f} {y(v):.1f}' for s, v in train)
    dots = ''.join(f'<circle cx="{x(s):.1f}" cy="{y(v):.1f}" r="2.5"/>' for s, v in held)
    with open(out, 'w') as f:
        f.write(f'''<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">
<title>Bits per byte while training; the last held-out value is {held[-1][1]:.3f}</title>
<style>text{{font:12px system-ui,sans-serif;fill:#555}}.line{{stroke:#ccc;stroke-width:.5}}.train{{fill:none;stroke:#888}}
circle{{fill:#7a2e6e}}@media(prefers-color-scheme:dark){{text{{fill:#aaa}}.line{{stroke:#444}}circle{{fill:#d79acb}}}}</style>
{"".join(marks)}
<path class="train" d="{path_of}"/>{dots}
<text x="{LEFT}" y="{HEIGHT - 6}">0</text>
<text x="{WIDTH - 8}" y="{HEIGHT - 6}" text-anchor="end">{millions:.1f} million tokens</text>
<text x="{LEFT + 8}" y="20">bits per byte: training (line), held out (dots)</text>
</svg>
''')


if __name__ == '__main__':
    main()
