#!/usr/bin/env python3
"""Writes unicode_data.h: the character classes that pre-tokenisers ask for.

    python3 src/text/make_unicode.py /usr/share/unicode > src/text/unicode_data.h

Reads UnicodeData.txt and PropList.txt of the Unicode Character Database (Debian package
unicode-data, 15.0.0). Letters are the general categories L*, numbers N*, white space the property
White_Space; everything else, unassigned code points included, is "other".

Code points 0..10FFFF become runs of one class. A run is a varint, least significant byte first:
bits 0-1 of the first byte are the class, the remaining bits its length minus one (5 bits, then 7 a
byte; the top bit says that another byte follows). Every BLOCK-th run has an entry in an index, which
is searched by bisection; within a block the runs are walked.
"""
import sys

OTHER, LETTER, NUMBER, SPACE = range(4)
BLOCK = 16  # runs an index entry
LIMIT = 0x110000

# Unicode 15.1 assigned CJK Extension I, the only letters or numbers it added; llama.cpp has it.
ADDED_LETTERS = [(0x2EBF0, 0x2EE5D)]


def read_classes(folder):
    classes = bytearray(LIMIT)
    kinds = {'L': LETTER, 'N': NUMBER}
    first = None
    for line in open(f'{folder}/UnicodeData.txt', encoding='ascii'):
        code, name, category = line.split(';')[:3]
        last = int(code, 16)
        if name.endswith(', First>'):
            first = last
            continue
        start = last if first is None else first
        first = None
        for c in range(start, last + 1):
            classes[c] = kinds.get(category[0], OTHER)
    for low, high in ADDED_LETTERS:
        for c in range(low, high + 1):
            classes[c] = LETTER
    for line in open(f'{folder}/PropList.txt', encoding='utf-8'):
        fields = line.split('#')[0].split(';')
        if len(fields) == 2 and fields[1].strip() == 'White_Space':
            ends = [int(x, 16) for x in fields[0].strip().split('..')]
            for c in range(ends[0], ends[-1] + 1):
                classes[c] = SPACE
    return classes


def runs_of(classes):
    start = 0
    for c in range(1, LIMIT + 1):
        if c == LIMIT or classes[c] != classes[start]:
            yield start, c - start, classes[start]
            start = c


def varint(length, kind):
    rest = length - 1
    out = [kind | (rest & 31) << 2]
    rest >>= 5
    while rest:
        out[-1] |= 128
        out.append(rest & 127)
        rest >>= 7
    return out


def table(kind, name, values, comment):
    print(f'\nstatic const {kind} {name}[] = {{ /* {comment} */')
    line = '   '
    for value in values:
        if len(line) + len(str(value)) + 2 > 98:
            print(line)
            line = '   '
        line += f' {value},'
    print(line)
    print('};')


def main():
    bytes_out, starts, offsets = [], [], []
    for i, (start, length, kind) in enumerate(runs_of(read_classes(sys.argv[1]))):
        if i % BLOCK == 0:
            starts.append(start)
            offsets.append(len(bytes_out))
        bytes_out += varint(length, kind)
    print('''/* unicode_data.h - character classes as delta-coded runs; written by make_unicode.py.
 *
 * Source: Unicode Character Database 15.0.0 (UnicodeData.txt, PropList.txt) and the CJK
 * Extension I of 15.1.
 * The coding is described in make_unicode.py and read by unicode.c alone. Unicode data files are
 * copyright Unicode, Inc. and used under the Unicode licence (https://www.unicode.org/license.txt).
 */
/* clang-format off */''')
    table('uint32_t', 'block_starts', starts, f'first code point of every {BLOCK}th run')
    table('uint16_t', 'block_offsets', offsets, 'where that run begins in runs[]')
    table('uint8_t', 'runs', bytes_out, 'all runs, ascending and without gaps up to 10FFFF')
    print('/* clang-format on */')


main()
