#!/usr/bin/env python3
"""tokenizer_fuzz.py - tokenizes random mixed-script strings here and with llama.cpp and prints every difference.

  tokenizer_fuzz.py VOCAB.gguf [-n 100000] [--seed 1] [--special] [--set key=value …] [--pre NAME,NAME,…|all] [--show 5]

VOCAB.gguf is any file with a vocabulary; weights are not read. `pairs` instead of a file makes a vocabulary with a token for
every two bytes, so that two bytes merge unless a piece ends between them. --set rewrites metadata in a temporary copy, for example
tokenizer.ggml.add_space_prefix=false (true, false, a number or a string). --pre runs once per name of a pre-tokenizer,
written into tokenizer.ggml.pre of a temporary copy ("all": every name of `jielong`'s table, read from src/text/split_table.c).
Needs PyPI: gguf, llama-cpp-python; and build/release/jielong (make native). Exit status 1 if anything differs.
"""
import argparse, json, os, random, re, subprocess, sys, tempfile

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..'))

BLOCKS = [(0x20, 0x7e)] * 8 + [
    (0xa0, 0xff), (0x100, 0x24f), (0x250, 0x2af), (0x2b0, 0x36f), (0x370, 0x3ff), (0x400, 0x52f), (0x530, 0x5ff), (0x600, 0x6ff), (0x900, 0x97f),
    (0x980, 0x9ff), (0xe00, 0xe7f), (0xe80, 0xeff), (0x1000, 0x109f), (0x10a0, 0x10ff), (0x1100, 0x11ff), (0x13a0, 0x13ff), (0x1780, 0x17ff),
    (0x1c80, 0x1cbf), (0x1d00, 0x1dbf), (0x1e00, 0x1fff), (0x2000, 0x206f), (0x2070, 0x218f), (0x2190, 0x2bff), (0x2c00, 0x2dff), (0x2e80, 0x2fff),
    (0x3000, 0x30ff), (0x3000, 0x303f), (0x3100, 0x318f), (0x3400, 0x34ff), (0x4e00, 0x9fff), (0xa000, 0xa7ff), (0xa9e0, 0xab6f), (0xac00, 0xd7ff),
    (0xf900, 0xfaff), (0xfb00, 0xfb1f), (0xfe00, 0xfe6f), (0xff00, 0xffef), (0x10400, 0x1044f), (0x10c80, 0x10cff), (0x118a0, 0x118ff),
    (0x1d400, 0x1d7ff), (0x1e900, 0x1e95f), (0x1f300, 0x1faff), (0x20000, 0x2ffff), (0x0, 0x10ffff)]
BITS = [' ', '  ', '   ', '    ', '\n', '\n\n', '\r\n', '\t', ' \n', '\n ', '\u00a0', '\u3000', '\u2003', '\u2581', '\u0085', '\u200d', '\ufffd',
        "'s", "'t", "'re", "'ve", "'LL", "'d", "'M", " 'S", "'", '"', '’s', '...', '?!', '(', ')', '/', '//', '/\n', '<', '>', '|', '$', '+', '~', '`',
        '0', '7', '12', '345', '6789', '1234567', '٣٤', '²', '½', '一二', '、', '。', '，', '！', '…', '।', '۔', 'the', ' the', 'The', ' THE', 'word', 'camelCase',
        'HTMLParser', 'ÉTÉ', 'été', 'Ǆ', 'ǅ', 'ß', 'ı', 'é', 'ñ', 'ไทย', 'ລາວ', 'ខ្មែរ', 'မြန်မာ', 'हिन्दी', 'বাংলা', '한국어', 'かな', 'カナ', 'ｶﾅ', '漢字', '汉字', 'привет',
        'Ελλά', 'שלום', 'مرحبا', '😀', '👍🏽', '🇬🇧', 'IMGIMGABCZ', 'IMGIMGAZ', '<sentinel:12>', '<s>', '</s>', '<unk>', '<|endoftext|>', '<|im_start|>', '<mask>', '[MASK]',
        '<0x41>', '[UNK]', 'unaffable', 'ing', '##ing', 'a\u0301', 'e\u0300\u0301', 'ȷ̈', 'ﬁ', 'Å', '¿', '§', '€', '™', '\x00', '\x01', '\x1c', '\x7f', '\u200b', '\ufeff']

def text(rng):
    out = []
    for _ in range(rng.randint(1, 14)):
        kind = rng.random()
        if kind < 0.45:
            out.append(rng.choice(BITS))
        elif kind < 0.6:
            out.append(rng.choice('abcdefghijklmnopqrstuvwxyzABCXYZ') * rng.choice([1, 1, 1, 2, 3]))
        else:
            low, high = rng.choice(BLOCKS)
            for _ in range(rng.choice([1, 1, 2, 4])):
                c = rng.randint(low, high)
                if not 0xd800 <= c < 0xe000: out.append(chr(c))
    return ''.join(out)

def rewrite(source, target, changes):
    import gguf
    reader = gguf.GGUFReader(source)
    types = {f.name: f for f in reader.fields.values()}
    w = gguf.GGUFWriter(target, types['general.architecture'].contents())
    for name, f in types.items():
        if name.startswith('GGUF.') or name == 'general.architecture' or name in changes: continue
        if f.types[0] == gguf.GGUFValueType.ARRAY:
            if len(f.data): w.add_key_value(name, f.contents(), gguf.GGUFValueType.ARRAY, sub_type=f.types[1])
        else:
            w.add_key_value(name, f.contents(), f.types[0])
    for name, value in changes.items():
        if value is None: continue
        if isinstance(value, bool): w.add_bool(name, value)
        elif isinstance(value, int): w.add_uint32(name, value)
        else: w.add_string(name, value)
    w.write_header_to_file(); w.write_kv_data_to_file(); w.close()

def alphabet():
    """GPT-2's character for each byte."""
    own = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    rest = iter(range(0x100, 0x200))
    return [chr(b if b in own else next(rest)) for b in range(256)]

def pairs(target):
    import gguf
    letters = alphabet()
    both = [(a, b) for a in letters for b in letters]
    random.Random(7).shuffle(both)
    w = gguf.GGUFWriter(target, 'llama')
    w.add_tokenizer_model('gpt2'); w.add_tokenizer_pre('default')
    w.add_token_list(letters + [a + b for a, b in both])
    w.add_token_merges([f'{a} {b}' for a, b in both])
    w.write_header_to_file(); w.write_kv_data_to_file(); w.close()

def parse(value):
    return {'true': True, 'false': False, 'none': None}.get(value, int(value) if value.isdigit() else value)

def theirs(path, texts, special):
    """llama.cpp in its own process, because rejecting a vocabulary may end the process."""
    code = '''
import sys, json
from llama_cpp import Llama
llm = Llama(model_path=sys.argv[1], vocab_only=True, verbose=False)
json.dump([llm.tokenize(t.encode(), add_bos=False, special=sys.argv[2] == '1') for t in json.load(sys.stdin)], sys.stdout)
'''
    return json.loads(subprocess.run([sys.executable, '-c', code, path, str(int(special))], input=json.dumps(texts), text=True, capture_output=True, check=True).stdout)

def ours(path, texts, special, tool):
    with tempfile.NamedTemporaryFile('w', suffix='.json') as f:
        json.dump(texts, f, ensure_ascii=False); f.flush()
        run = subprocess.run([tool, 'tokenize', path, '--cases', f.name] + (['--special'] if special else []), capture_output=True, text=True)
    if run.returncode: sys.exit(run.stderr)
    return json.loads(run.stdout)

def compare(path, n, seed, special, show, tool):
    rng, differ, done = random.Random(seed), 0, 0
    while done < n:
        texts = [text(rng) for _ in range(min(20000, n - done))]
        for t, a, b in zip(texts, ours(path, texts, special, tool), theirs(path, texts, special)):
            if a != b:
                differ += 1
                if differ <= show: print(f'    {t!r}\n      ours   {a}\n      theirs {b}')
        done += len(texts)
    return differ

def names():
    source = open(f'{ROOT}/src/text/split_table.c', encoding='utf-8').read()
    table = source[source.index('jl_pretokenizer table[]'):]
    found = re.findall(r'\.name = "([^"]+)"', table)
    for block in re.findall(r'\.alias = ((?:"[^"]*"\s*)+)', table):
        found += ' '.join(re.findall(r'"([^"]*)"', block)).split()
    return found

def main():
    p = argparse.ArgumentParser()
    p.add_argument('vocab'); p.add_argument('-n', type=int, default=100000); p.add_argument('--seed', type=int, default=1)
    p.add_argument('--special', action='store_true'); p.add_argument('--set', action='append', default=[]); p.add_argument('--pre')
    p.add_argument('--show', type=int, default=5); p.add_argument('--tool', default=f'{ROOT}/build/release/jielong')
    a = p.parse_args()
    changes = {k: parse(v) for k, v in (s.split('=', 1) for s in a.set)}
    runs = [None] if not a.pre else names() if a.pre == 'all' else a.pre.split(',')
    bad = 0
    for pre in runs:
        with tempfile.TemporaryDirectory() as folder:
            path, wanted = a.vocab, dict(changes, **({'tokenizer.ggml.pre': pre} if pre else {}))
            if a.vocab == 'pairs':
                path = f'{folder}/pairs.gguf'
                pairs(path)
            if wanted:
                rewrite(path, f'{folder}/v.gguf', wanted)
                path = f'{folder}/v.gguf'
            try:
                differ = compare(path, a.n, a.seed, a.special, a.show, a.tool)
            except subprocess.CalledProcessError as e:
                print(f'{pre or os.path.basename(a.vocab)}: llama.cpp refused: {e.stderr[-300:]}')
                continue
        print(f'{pre or os.path.basename(a.vocab)}{" special" if a.special else ""}: {differ} of {a.n} differ', flush=True)
        bad += differ > 0
    sys.exit(1 if bad else 0)

if __name__ == '__main__':
    main()
