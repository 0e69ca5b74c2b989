#!/usr/bin/env python3
"""clean_poems.py - poems, one a line → text for training and its held-out end.

    python3 clean_poems.py poems-tang.txt.gz tang.txt [tang-held-out.txt]

Input: regulated verse of the Tang (or Song) in Traditional Chinese, one poem a line with its
punctuation; more than 700 years old, public domain. The file is not part of the project.

A poem stays one line: every verse ends with a comma or full stop （，。）, the poem with \\n. Left to
right, that is all an acrostic （藏頭） needs: force the first character of each line of verse. Other
marks become these two, one compatibility ideograph its unified form; poems with characters that no
font has （private use, ●） or with anything else that is no Chinese character go, and so do repeated
poems. The last 2 % of the input's lines are held out. Deterministic, standard library only.
"""
import re
import sys

from split import read, join_parts, without_leaks

MARKS = str.maketrans({'？': '。', '！': '。', '；': '，', '﨑': '崎'})
POEM = re.compile('(?:[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+[，。])+')


def clean(lines):
    seen, out = set(), []
    for line in lines:
        line = line.strip().translate(MARKS)
        if line in seen or not POEM.fullmatch(line):
            continue
        seen.add(line)
        out.append(line + '\n')
    return out


def main():
    lines = read(sys.argv[1]).split('\n')
    at = len(lines) - len(lines) // 50
    held = clean(lines[at:])
    train = without_leaks(clean(lines[:at]), held, 1)
    join_parts(train, held, sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)


if __name__ == '__main__':
    main()
