#!/usr/bin/env python3
"""tokenizer_vocabularies.py - makes small vocabularies of further kinds for tokenizer_fuzz.py.

  tokenizer_vocabularies.py FOLDER

Writes FOLDER/wordpiece.gguf (characters of many scripts, pairs of letters), FOLDER/unigram.gguf (trained by
sentencepiece with its nmt_nfkc map), FOLDER/characters.gguf (BPE of characters, tokenizer.ggml.model "gemma4") and
FOLDER/whitespace.gguf. Example: tokenizer_fuzz.py FOLDER/unigram.gguf --special. Needs PyPI: gguf, sentencepiece, protobuf.
"""
import io, os, random, sys
import gguf
from tokenizer_fuzz import BLOCKS, text

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)


def write(path, model, tokens, types, scores=None, merges=None, ids=(), flags=(), pre=None, charsmap=None):
    w = gguf.GGUFWriter(path, 'llama')
    w.add_tokenizer_model(model)
    if pre: w.add_tokenizer_pre(pre)
    w.add_token_list(tokens), w.add_token_types(types)
    if scores: w.add_token_scores(scores)
    if merges: w.add_token_merges(merges)
    if charsmap: w.add_precompiled_charsmap(charsmap)
    for name, value in ids: w.add_uint32(f'tokenizer.ggml.{name}_token_id', value)
    for name, value in flags: w.add_bool(f'tokenizer.ggml.{name}', value)
    w.write_header_to_file(), w.write_kv_data_to_file(), w.close()


def characters(rng, share):
    """Some characters of the fuzzer's texts, and all of ASCII."""
    found = {chr(c) for c in range(0x21, 0x7f)}
    for low, high in set(BLOCKS):
        if high - low > 0x5000: continue
        found |= {chr(c) for c in range(low, high + 1) if rng.random() < share and not 0xd800 <= c < 0xe000 and c > 0x20}
    return sorted(found)


def wordpiece(path):
    rng = random.Random(3)
    pieces = characters(rng, 0.7) + ['한', '국', 'ᄒ', 'ᄀ', '漢', '字', '豈', '豈', 'unaff', 'able', 'the', 'word', 'ing']
    letters = 'abcdefghijklmnopqrstuvwxyzéàñßдж'
    pieces += [a + b for a in letters for b in letters]
    tokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '[unused1]']
    types = [CONTROL] * 5 + [UNUSED]
    for piece in dict.fromkeys(pieces):
        both = rng.random()
        for token in (['▁' + piece] if both < 0.9 else []) + ([piece] if both > 0.1 else []):
            if token not in tokens: tokens.append(token), types.append(NORMAL)
    write(path, 'bert', tokens, types, ids=[('unknown', 1), ('bos', 2), ('seperator', 3), ('mask', 4), ('padding', 0)])


def unigram(path):
    import sentencepiece
    rng = random.Random(4)
    out = io.BytesIO()
    lines = [text(rng) + ' ' + rng.choice(['the quick brown fox', 'a word here', 'unaffable words of the fox']) for _ in range(20000)]
    lines = [line.replace('\n', ' ').replace('\0', '') for line in lines]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=out, vocab_size=9000, model_type='unigram', character_coverage=0.98,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, normalization_rule_name='nmt_nfkc', user_defined_symbols=['<extra_id_0>', '<extra_id_1>', '[MASK]', 'ﬁx'],
        hard_vocab_limit=False, minloglevel=2)
    from sentencepiece import sentencepiece_model_pb2 as proto
    model = proto.ModelProto.FromString(out.getvalue())
    kinds = {1: NORMAL, 2: UNKNOWN, 3: CONTROL, 4: USER, 5: UNUSED, 6: BYTE}
    write(path, 't5', [p.piece for p in model.pieces], [kinds[p.type] for p in model.pieces], [p.score for p in model.pieces],
          ids=[('eos', 1), ('unknown', 2), ('padding', 0)], charsmap=model.normalizer_spec.precompiled_charsmap,
          flags=[('add_space_prefix', True), ('remove_extra_whitespaces', True)])


def bpe(path, model, pre, blank):
    rng = random.Random(5)
    singles = list(dict.fromkeys(characters(rng, 0.5) + [blank, '\n', '\t']))
    tokens = ['<pad>', '<eos>', '<bos>', '<unk>'] + [f'<0x{b:02X}>' for b in range(256)]
    types = [CONTROL, CONTROL, CONTROL, UNKNOWN] + [BYTE] * 256
    tokens += singles + ['\n' * n for n in range(2, 6)]
    types += [NORMAL] * (len(singles) + 4)
    merges, known = [], set(tokens)
    strings = singles[:]
    for _ in range(60000):
        a, b = rng.choice(strings), rng.choice(strings)
        if rng.random() < 0.5: a = rng.choice('abcdefghijklmnoprstuvw' + blank)
        if rng.random() < 0.5: b = rng.choice('abcdefghijklmnoprstuvw' + blank)
        if len(a + b) > 6 or '\n' in a + b or a + b in known: continue
        merges.append(f'{a} {b}')
        strings.append(a + b)
        if rng.random() < 0.9: tokens.append(a + b), types.append(NORMAL), known.add(a + b)
    write(path, model, tokens, types, merges=merges, pre=pre, ids=[('bos', 2), ('eos', 1), ('unknown', 3), ('padding', 0)])


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    wordpiece(f'{folder}/wordpiece.gguf')
    bpe(f'{folder}/characters.gguf', 'gemma4', 'gemma4', '▁')
    bpe(f'{folder}/whitespace.gguf', 'whitespace', 'whitespace', '▁')
    unigram(f'{folder}/unigram.gguf')


main()
