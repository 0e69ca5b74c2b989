#!/usr/bin/env python3
"""Writes unicode_data.h: character classes for pre-tokenisers, lower case and base letters.

    python3 src/text/make_unicode.py /usr/share/unicode > src/text/unicode_data.h

Reads UnicodeData.txt and PropList.txt of the Unicode Character Database (Debian package
unicode-data, 15.0.0). A class is the property White_Space or else a group of general categories
(L*, M*, N*, P*, S*, C* without Cn, Cn).

Classes: code points 0..10FFFF become runs of one class. A run is a varint: bits 0-2 of the first
byte are the class, the remaining bits its length minus one, least significant first (4 bits, then 7
per byte; the top bit is set if another byte follows). An index has an entry per BLOCK runs and is
searched by bisection; within a block the runs are scanned.

Maps (simple lower case; the first code point of the canonical decomposition, a letter without
accents) are lists of ramps: `count` code points, `step` apart, with images `rise` apart. A ramp is
three varints of 7 bits per byte: 7 times the gap from the previous ramp's end, plus 0 for a single
code point, else 1 + 3 (step - 1) + rise; count - 2 unless single; the difference to the previous
image, sign in bit 0. Every RAMPS-th ramp has three numbers in an index: the previous ramp's end, its
last image, and the ramp's byte offset.
"""
import sys

UNASSIGNED, LETTER, MARK, NUMBER, PUNCTUATION, SYMBOL, CONTROL, SPACE = range(8)
GROUPS = {'L': LETTER, 'M': MARK, 'N': NUMBER, 'P': PUNCTUATION, 'S': SYMBOL, 'Z': SPACE,
          'C': CONTROL}
BLOCK = 16  # runs per index entry
RAMPS = 64  # ramps per index entry
LIMIT = 0x110000

# Added by Unicode 15.1, and in llama.cpp: CJK Extension I, ideographic description characters.
ADDED = [(0x2EBF0, 0x2EE5D, LETTER), (0x2FFC, 0x2FFF, SYMBOL), (0x31EF, 0x31EF, SYMBOL)]


def read_data(folder):
    classes, lower, base = bytearray(LIMIT), {}, {}
    first = None
    for line in open(f'{folder}/UnicodeData.txt', encoding='ascii'):
        fields = line.rstrip('\n').split(';')
        last = int(fields[0], 16)
        if fields[1].endswith(', First>'):
            first = last
            continue
        for c in range(last if first is None else first, last + 1):
            classes[c] = GROUPS[fields[2][0]]
        first = None
        if fields[13]:
            lower[last] = int(fields[13], 16)
        if fields[5] and fields[5][0] != '<':
            base[last] = int(fields[5].split()[0], 16)
    for low, high, kind in ADDED:
        for c in range(low, high + 1):
            classes[c] = kind
    for line in open(f'{folder}/PropList.txt', encoding='utf-8'):
        fields = line.split('#')[0].split(';')
        if len(fields) == 2 and fields[1].strip() == 'White_Space':
            ends = [int(x, 16) for x in fields[0].strip().split('..')]
            for c in range(ends[0], ends[-1] + 1):
                classes[c] = SPACE
    for c in list(base):
        while base[c] in base:
            base[c] = base[base[c]]
    for c in range(0xAC00, 0xD7A4):  # Hangul syllables decompose by arithmetic (chapter 3.12)
        base[c] = 0x1100 + (c - 0xAC00) // 588
    return classes, lower, base


def ascii_bits():
    """The bit of each ASCII character in the masks of unicode.h."""
    names = 'UNASSIGNED CONTROL LETTER UPPER LOWER MARK NUMBER DIGIT PUNCTUATION SYMBOL ' \
            'ASCII_PUNCTUATION ASCII_SYMBOL SLASH BACKTICK BLANK CR LF SPACE'.split()

    def name(c):
        if c.isupper(): return 'UPPER'
        if c.islower(): return 'LOWER'
        if c.isdigit(): return 'DIGIT'
        special = {' ': 'BLANK', '\r': 'CR', '\n': 'LF', '/': 'SLASH', '`': 'BACKTICK'}
        if c in special: return special[c]
        if c in '\t\v\f': return 'SPACE'
        if ord(c) < 32 or ord(c) == 127: return 'CONTROL'
        return 'ASCII_SYMBOL' if c in '$+<=>^|~' else 'ASCII_PUNCTUATION'

    return [names.index(name(chr(c))) for c in range(128)]


def runs_of(classes):
    start = 0
    for c in range(1, LIMIT + 1):
        if c == LIMIT or classes[c] != classes[start]:
            yield start, c - start, classes[start]
            start = c


def varint(value):
    out = []
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return out + [value]


def run_bytes(length, kind):
    rest = length - 1
    return varint_tail(kind | (rest & 15) << 3, rest >> 4)


def varint_tail(first, rest):
    return [first | 128] + varint(rest) if rest else [first]


def longest_ramp(keys, i, image):
    best = (1, 1, 0)
    for step in (1, 2):
        for rise in (0, 1, 2):
            n = 1
            while (i + n < len(keys) and keys[i + n] == keys[i] + n * step
                   and image[keys[i + n]] == image[keys[i]] + n * rise):
                n += 1
            if n > best[0]:
                best = (n, step, rise)
    return best


def ramps(image):
    keys, i, end, before, out, index, n = sorted(image), 0, 0, 0, [], [], 0
    while i < len(keys):
        if n % RAMPS == 0:
            index += [end, before, len(out)]
        n += 1
        count, step, rise = longest_ramp(keys, i, image)
        code, to = keys[i], image[keys[i]]
        out += varint((code - end) * 7 + (0 if count == 1 else 1 + 3 * (step - 1) + rise))
        if count > 1:
            out += varint(count - 2)
        out += varint((to - before) << 1 if to >= before else (before - to) << 1 | 1)
        before = to + (count - 1) * rise
        end = code + (count - 1) * step + 1
        i += count
    return out + varint((LIMIT - end) * 7), index  # code points are below the last ramp


def table(kind, name, values, comment, braces=''):
    print(f'\nstatic const {kind} {name}[]{braces} = {{ /* {comment} */')
    line = '   '
    for value in values:
        if len(line) + len(str(value)) + 2 > 98:
            print(line)
            line = '   '
        line += f' {value},'
    print(line)
    print('};')


def main():
    classes, lower, base = read_data(sys.argv[1])
    bytes_out, starts, offsets = [], [], []
    for i, (start, length, kind) in enumerate(runs_of(classes)):
        if i % BLOCK == 0:
            starts.append(start)
            offsets.append(len(bytes_out))
        bytes_out += run_bytes(length, kind)
    print('''/* unicode_data.h - character classes and maps, delta-coded; written by make_unicode.py.
 *
 * Source: Unicode Character Database 15.0.0 (UnicodeData.txt, PropList.txt) with 15.1's additions.
 * make_unicode.py describes the coding; only unicode.c decodes it. Unicode data files are
 * copyright Unicode, Inc. and used under the Unicode licence (https://www.unicode.org/license.txt).
 */
/* clang-format off */''')
    table('uint8_t', 'ascii_bits', ascii_bits(), 'the class of an ASCII character')
    table('uint32_t', 'block_starts', starts, f'first code point of every {BLOCK}th run')
    table('uint16_t', 'block_offsets', offsets, 'offset of that run in runs[]')
    table('uint8_t', 'runs', bytes_out, 'all runs, ascending, contiguous up to 10FFFF')
    for name, image, comment in (('lower', lower, 'simple lower case'),
                                 ('base', base, 'first of the canonical decomposition')):
        coded, index = ramps(image)
        table('uint8_t', f'{name}_ramps', coded, comment)
        index = ['{ ' + ', '.join(map(str, index[i:i + 3])) + ' }' for i in range(0, len(index), 3)]
        table('uint32_t', f'{name}_index', index, f'of every {RAMPS}th ramp', '[3]')
    print('/* clang-format on */')


main()
