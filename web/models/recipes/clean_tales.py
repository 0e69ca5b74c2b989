#!/usr/bin/env python3
"""clean_tales.py - a collection of English fairy tales → text for training and its held-out end.

    python3 clean_tales.py tales-en.txt.gz tales.txt [tales-held-out.txt]

Input: tales of Andersen, Baum, Barrie, Carroll, Grimm, Jacobs, Kipling, Lang, Steel and others,
published before 1929 and so in the public domain in the United States; plain ASCII, one paragraph a
line, an empty line between tales, chapters and places where something was cut out. The file is not
part of the project: any such collection will do.

What goes: scholarly notes (Jacobs's Source, Parallels, Remarks and the essays around them), headings
and captions, lines that credit a source, footnotes and glosses in brackets, page numbers inside
sentences. Sentences that a page break tore apart are joined. What is new: <|endoftext|> where a tale
ends, as far as a heading, a credit or the next tale's first words tell.

The last 2 % of the input are held out. The output is one file whose end they are, cut so that the
train command, which holds out the last 2 % of a file, finds the same place; a paragraph of the
training part that stands in the held-out part too is dropped. Deterministic, standard library only.
"""
import re
import sys

from split import read, join_parts, without_leaks

END = '<|endoftext|>'
NOTE = re.compile(r'(Sources?|Parallels?|Remarks?)\b ?\.?--')
NUMERAL = re.compile(r'[IVXLC]+\.?$')
CREDIT = re.compile(
    r"[\[(]?(Adapted|Translated|Contes|Folk-?lore|Retold|Recueillis)\b.*|"
    r"(Grimm|Andersen|Sebillot|Kletke|(Charles )?Deulin|Comte de Caylus|Fenelon|Southey)\.|CHORUS\.|"
    r"West Highland Tales\.|A Pushto Story\.|End of The .* Book\.|Spanish Tradition\.|"
    r"[\[(]?From (the (Danish|Swedish|Chinese|Japanische|German|Portuguese|'Mabinogion)|'|Z\.|"
    r"Major|Cuentos|Sicilianische|Japanische).*|By the Comte .*")
OPENING = re.compile(
    r"(Once|There (was|were|lived|once|is|dwelt)|Long,? (long )?ago|Long, long|In (the|a|an|old|olden|"
    r"ancient|days|former|times|one|Japan|China|India|Ireland|Denmark|Norway|Germany|Persia) |"
    r"A (certain|long|king|poor|rich|man|woman|great|very|farmer|father|mother|miller|soldier|tailor|"
    r"merchant|shepherd|fisherman|widow|little|young|hundred|few) |An (old|honest|emperor) |Many,? "
    r"(years|many)|Far (away|out|in)|One (fine|summer|winter|upon)|Some (years|time)|Years ago|"
    r"Two |Three |Ages ago|The (King|Queen|Emperor) of|Upon a time|Not (far|long))", re.IGNORECASE)
CLOSED = '.!?"\':;-)]*,'


def blocks_without_notes(lines):
    """Blocks between empty lines; runs of notes go with every block from their first to their last."""
    blocks, block = [], []
    for line in lines + ['']:
        if line:
            block.append(line)
        elif block:
            blocks.append(block)
            block = []
    noted = [i for i, b in enumerate(blocks) if any(NOTE.match(p) for p in b)]
    drop = set(noted)
    for a, b in zip(noted, noted[1:]):
        if b - a <= 6:
            drop.update(range(a, b))
    return [b for i, b in enumerate(blocks) if i not in drop]


def is_heading(line, first, following):
    """Capitals, a numeral, or a short first line without an end before a line that begins anew."""
    letters = re.sub(r'[^A-Za-z]', '', line)
    if NUMERAL.match(line) or re.match(r'CHAPTER\b', line, re.IGNORECASE):
        return True
    if len(letters) > 2 and letters.isupper() and len(line) <= 160:
        return True
    if line[-1] not in CLOSED and re.match('The (Story|History|Adventures|Tale) of ', line):
        return True
    return first and len(line) < 120 and line[-1] not in CLOSED and not following[:1].islower()


def tidy(line):
    line = re.sub(r' ?\[[^\]]*\]', '', line)
    line = re.sub(r'\[Footnote.*', '', line).replace('[', '').replace(']', '')
    line = re.sub(r'\((\d+|\*+)\)', '', line).replace('_', '').replace('*', '')
    line = re.sub(r'\s+', ' ', line).strip()
    # Printers set a tale's first words in capitals.
    first = re.match(r"([\"']?)((?:[A-Z]{2,}|[AI])\b(?:,? (?:[A-Z]{2,}|[AI])\b)*)(?=[ ,]+[\"'a-z])", line)
    if first and not NUMERAL.match(first[2]) and len(first[2]) > 1:
        words = first[2].lower().split(' ')
        words = ['I' if w == 'i' else w for w in words]
        line = first[1] + ' '.join(words)[0].upper() + ' '.join(words)[1:] + line[first.end(2):]
    return line


def clean(lines):
    """Paragraphs, END for the end of a tale."""
    out = []
    for block in blocks_without_notes(lines):
        ended, begun = False, False
        for i, line in enumerate(block):
            following = block[i + 1] if i + 1 < len(block) else ''
            if CREDIT.fullmatch(line) or is_heading(line, not begun, following):
                # A heading in the middle of a sentence is a caption.
                ended = ended or not out or out[-1][-1] in '.!?"\'' 
                if out and begun and ended and CREDIT.fullmatch(line) and out[-1] != END:
                    out.append(END)
                continue
            if '|' in line:
                continue
            page = re.match(r'\d{1,3} (?=[A-Za-z"\'])', line)
            text = tidy(line[page.end():] if page else line)
            if not text:
                continue
            torn = out and out[-1] != END and out[-1][-1] not in CLOSED.replace(',', '')
            if torn and (page or text[0].islower()):
                out[-1] += ' ' + text
                begun = True
                continue
            if not begun and out and out[-1] != END and OPENING.match(text):
                out.append(END)
            begun = True
            out.append(text)
    if out and out[-1] != END:
        out.append(END)
    return out


def spell(paragraphs):
    """Lines: a paragraph each, the end of a tale at the end of its last one."""
    lines = []
    for p in paragraphs:
        if p == END:
            if lines:
                lines[-1] = lines[-1][:-1] + END + '\n'
        else:
            lines.append(p + '\n')
    return lines


def main():
    text = read(sys.argv[1])
    lines = text.replace('\r', '').split('\n')
    at, cut = 0, 0
    while cut < len(text) - len(text) // 50:  # ASCII: characters are bytes
        cut += len(lines[at]) + 1
        at += 1
    held = spell(clean(lines[at:]))
    train = without_leaks(spell(clean(lines[:at])), held, 60)
    join_parts(train, held, sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)


if __name__ == '__main__':
    main()
