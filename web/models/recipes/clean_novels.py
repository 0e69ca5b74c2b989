#!/usr/bin/env python3
"""clean_novels.py - novels in vernacular Chinese → text for training and its held-out end.

    python3 clean_novels.py novels-zh.txt.gz prose.txt [prose-held-out.txt] [--dropped FILE]

Input: 29 novels and story collections of the Ming and Qing and Lu Xun's "Call to Arms" in
Traditional Chinese, one paragraph a line, an empty line between books; public domain. The file is
not part of the project. Its lines are damaged in places: half lines are lost or doubled, a
character is lost.

The output is one paragraph a line. Headings, prefaces, notes and parentheses go, and so does every
sentence that shows damage: quotation marks that do not match, a speech without its opening 「, a
placeholder or a Latin letter for a character, a misplaced ？. A paragraph is split there, so that
no line joins what does not belong together. Sentences unsuitable for a class go as well.
Simplified and rare forms become the ones usual in Taiwan, except in two short books, so that the
vocabulary also knows 裏 and 祇. The last 2 % of each book are held out. FILE lists what went and
why. Deterministic, standard library only.
"""
import argparse
import re

from novel_forms import BOOKS_WITH_OLD_FORMS, CALL_TO_ARMS, repaired, usual_forms, without_note_marks
from split import join_parts, read, without_leaks

SHORTEST = 8  # characters of a line
PREFACE = 12  # lines at most
SHARE = 0.9788  # of a book, to train on; join_parts needs a little over 2 % held out

# ---- What is no sentence of a story --------------------------------------------------------------

NUMBER = '[一二三四五六七八九十百零〇○]+'
HEADING = re.compile(f'(?:第{NUMBER}[回卷][：:]?|緣起首回|楔子)\\s*')
# the words that open a chapter, where its heading and its text are one line
OPENING = re.compile(
    '話說|卻說|且說|再說|詩曰|詞曰|話表|卻表|詩云|自家|當下|單說|說話|話分|且表|卻是|看官'
)
NOTE = re.compile('^(?:修改|改修|註|編按|原注|愚按)：')
# 「拉翰林：考取的進士…」, and years
GLOSS = re.compile('^[^，。「」：；？！]{2,8}：(?!「)[^「」]{8,80}。$|1[89][0-9][0-9]')
BOOKS_WITH_GLOSSES = (2, CALL_TO_ARMS)
ASIDE = re.compile(
    r'（[^（）]{0,120}）|〔[^〔〕]{0,60}〕|﹝[^﹝﹞]{0,60}﹞|【[^【】]{0,60}】|\[[^\[\]]{0,60}\]'
)

# ---- Damage --------------------------------------------------------------------------------------

END = '。！？…'
DAMAGE = re.compile(
    r'[囗□○●◎＊*�（）〔〕〝﹍﹠∼／.\'?@#^~|{}<>=+\\/&%$♀±≡═│]'  # placeholders, remains of other encodings
    r'|[A-PR-Za-zＡ-Ｚａ-ｚ0-9０-９\ue000-\uf8ffㄅ-ㄩぁ-ヾ]|[礻艹讠亻氵罒]'
    r'|[，、；：「『]？|？[，、；：]|？？(?!？)|[，、；：][，。、；：！？]|「[，。、；：！？」]|『[，。』]'
)
# a speech must open with 「; verses, letters and edicts need not
SPEECH = re.compile('[^念寫題吟唱詩曰書旨云常]道：(?![「『\n])|[聲問答叫喊嚷笑罵]：(?![「『\n])')
DOUBLED = re.compile(r'([^\n「」]{8,60})\1')

# ---- What does not belong in a class -------------------------------------------------------------

# words of explicit passages: they go with the sentences about them
EXPLICIT = re.compile(
    '陽物|玉莖|陰戶|牝戶|牝中|陽具|麈柄|塵柄|龜頭|陰門|淫水|抽送|抽提|雞巴|屄|肏|㞗|屌|雞姦|交媾|交歡|狎褻|顛鸞倒鳳|'
    '鳳友鸞交|雲雨|干那事|幹那事|輪姦|淫具|春方|春藥|春意兒|淫興|慾火|欲火|脫得赤條條|酥胸|雙乳|恣意取樂|'
    '雲情雨意|臀尖|後庭花|刪去'
)
# words for which the sentence alone goes
UNSUITABLE = re.compile('姦宿|奸宿|強姦|強奸|男風|龍陽|淫婦|淫樂|親嘴|下身|小解|撒溺|赤身露體|雲收雨散|巫山雲')
REGION = 60  # characters about an explicit passage that go with it, in whole sentences


def tidied(line):
    """A line with the marks of Taiwan."""
    line = re.sub(r'[\s\u3000\xa0\ufeff\u200b]+', '', line)
    line = line.translate(str.maketrans(',;:!?()﹑．•·', '，；：！？（）、・・・'))
    line = re.sub(r'[─－—―-]+', '——', line)
    line = re.sub(r'(?:…|\.{2,}|⋯)+', '……', line)
    line = line.replace('〈', '《').replace('〉', '》').replace('・', '·')
    line = re.sub('([。，；：？！])』？', r'\1』', line)
    while ASIDE.search(line):
        line = ASIDE.sub('', line)
    return DOUBLED.sub(r'\1', line)


def without_heading(line):
    """Lines of a line: chapters begin anew, their headings go."""
    found = (m.start() for m in HEADING.finditer(line))
    starts = [0, *(at for at in found if at and line[at - 1] in '。」！？』')]
    for at, end in zip(starts, starts[1:] + [len(line)]):
        part = line[at:end]
        heading = HEADING.match(part)
        if not heading:
            yield part
            continue
        opening = OPENING.search(part, heading.end(), heading.end() + 50)
        if opening:
            yield part[opening.start() :]
        elif len(part) > 60 and (stop := re.search('[。」]', part)):
            yield part[stop.end() :]


def joined(lines, wrapped):
    """Joins broken lines: all that are full in a wrapped book, else those cut before a mark."""
    out, full = [], False
    for line in lines:
        if not line:
            continue
        cut = line[0] in '，。；、：！？」』' and out and out[-1][-1] not in END + '」：'
        if out and (full if wrapped else cut):
            out[-1] += line
        else:
            out.append(line)
        full = wrapped and len(line) >= 36
    return out


# ---- Sentences -----------------------------------------------------------------------------------


def closes(text, at):
    """Whether the first quotation mark after a line end within a speech closes that speech."""
    mark = re.compile('[「」]').search(text, at, at + 300)
    return mark is not None and mark.group() == '」'


def sentences(text):
    """(sentence, whether it is sound) for a book; a speech is part of its sentence."""
    depth = start = 0
    for i, c in enumerate(text):
        if c == '「' and depth:  # the speech before has no end: go on from its last sentence
            stop = max(text.rfind(mark, start, i) for mark in END + '\n') + 1 or start
            yield text[start:stop], False
            start, depth = stop, 1
        elif c == '「':
            depth = 1
        elif c == '」' and not depth:
            yield text[start : i + 1], False
            start = i + 1
        elif c == '」':
            depth = 0
            if text[i - 1] in END + '』' and text[i + 1 : i + 2] not in tuple('，、；。的'):
                yield text[start : i + 1], True
                start = i + 1
        elif c == '\n' and (not depth or not closes(text, i)):
            yield text[start:i], not depth
            yield '\n', True
            start, depth = i + 1, 0
        elif c in END and not depth and text[i + 1 : i + 2] not in tuple(END + '」』'):
            yield text[start : i + 1], True
            start = i + 1


def is_sound(sentence):
    if DAMAGE.search(sentence) or SPEECH.search(sentence):
        return False
    if sentence.count('『') != sentence.count('』') or sentence.count('《') != sentence.count('》'):
        return False
    return sentence[-1] in END + '」』：；，' and sentence[0] not in '，。；、：！？」』》'


def unsuitable(parts):
    """Indices of sentences with explicit words, and of those close to them."""
    gone = set()
    for i, (sentence, _) in enumerate(parts):
        explicit = EXPLICIT.search(sentence)
        if explicit or UNSUITABLE.search(sentence):
            gone.add(i)
        for step in (-1, 1) if explicit else ():
            j, near = i + step, 0
            while 0 <= j < len(parts) and near < REGION:
                gone.add(j)
                near += len(parts[j][0])
                j += step
    return gone


def paragraphs(book, dropped):
    """The lines of a book: runs of sound sentences of one paragraph."""
    parts = [(s, ok) for s, ok in sentences('\n'.join(book) + '\n') if s]
    gone = unsuitable(parts)
    out, line = [], ''
    for i, (sentence, ok) in enumerate(parts):
        keep = sentence != '\n' and i not in gone and ok and is_sound(sentence)
        if keep:
            line += sentence
            continue
        if sentence != '\n':
            why = 'unsuitable' if i in gone else 'damaged'
            dropped.append(why + '\t' + sentence.replace('\n', '⏎') + '\n')
        if len(line) >= SHORTEST and line[-1] not in '，；':
            out.append(line.replace('\n', '') + '\n')
        elif line:
            dropped.append('short\t' + line.replace('\n', '⏎') + '\n')
        line = ''
    return out


def clean(number, lines, dropped):
    """The paragraphs of a book. number: its place in the file, from 1."""
    if number == CALL_TO_ARMS:
        lines = [without_note_marks(line) for line in lines]
    lines = [tidied(repaired(line)) for line in lines]
    for i, line in enumerate(lines[:PREFACE]):
        if found := HEADING.search(line):
            preface = (*lines[:i], line[: found.start()])
            dropped.extend('preface\t' + text + '\n' for text in preface if text)
            lines = [line[found.start() :], *lines[i + 1 :]]
            break
    parts = [part for line in lines for part in without_heading(line)]
    kept = []
    for line in joined(parts, number == CALL_TO_ARMS):
        if NOTE.match(line) or (number in BOOKS_WITH_GLOSSES and GLOSS.search(line)):
            dropped.append('note\t' + line + '\n')
        else:
            kept.append(line)
    out = paragraphs(kept, dropped)
    return out if number in BOOKS_WITH_OLD_FORMS else [usual_forms(line, number) for line in out]


def split_book(lines):
    """Training and held-out lines: a cut at the first line end past 98 % of the characters."""
    total, seen = sum(map(len, lines)), 0
    for i, line in enumerate(lines):
        if seen >= total * SHARE:
            return lines[:i], lines[i:]
        seen += len(line)
    return lines, []


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('source')
    parser.add_argument('out')
    parser.add_argument('held_out', nargs='?')
    parser.add_argument('--dropped')
    args = parser.parse_args()
    train, held, dropped = [], [], []
    for number, text in enumerate(read(args.source).strip('\n').split('\n\n'), 1):
        book = text.split('\n')
        mark = len(dropped)
        lines = clean(number, book, dropped)
        lost = sum(len(line) for line in dropped[mark:])
        kept = sum(map(len, lines))
        total = sum(map(len, book))
        print(f'{number}: {total} characters, {kept} kept in {len(lines)} lines, {lost} dropped')
        a, b = split_book(lines)
        train += a
        held += b
    train = without_leaks(train, held, 12)
    join_parts(train, held, args.out, args.held_out)
    if args.dropped:
        with open(args.dropped, 'w', encoding='utf-8') as f:
            f.writelines(dropped)


if __name__ == '__main__':
    main()
