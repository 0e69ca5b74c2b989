"""bpe_train.py - compares trained vocabularies with two other implementations.

    python tests/golden/bpe_train.py JIELONG TEXT [VOCABULARY_SIZE]

JIELONG: the native command. `jielong train-tokenizer` must learn the same merges from TEXT as Hugging Face's
tokenizers (BpeTrainer with the byte alphabet, the same order of ties). llama.cpp must load both kinds of
file and decode every id of the held-out part to its text. Needs tokenizers, gguf
and llama-cpp-python.
"""
import json
import os
import subprocess
import sys
import tempfile

import gguf
from llama_cpp import Llama
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

END = '<|endoftext|>'


def strings(path, key):
    field = gguf.GGUFReader(path).fields[key]
    return [bytes(field.parts[i]).decode() for i in field.data]


def held_out_at(data):
    at = data.find(b'\n', len(data) - len(data) // 50)
    return at + 1 if at >= 0 else len(data)


def learn(jielong, text, out, *options):
    subprocess.run([jielong, 'train-tokenizer', text, '--out', out, *options], check=True)


def main():
    jielong, text, size = sys.argv[1], sys.argv[2], int((sys.argv[3:] or [4096])[0])
    data = open(text, 'rb').read()
    at = held_out_at(data)
    with tempfile.TemporaryDirectory() as folder:
        bpe, characters = os.path.join(folder, 'bpe.gguf'), os.path.join(folder, 'characters.gguf')
        learn(jielong, text, bpe, '--vocab', str(size))
        learn(jielong, text, characters, '--vocab', str(size), '--characters')

        other = Tokenizer(models.BPE())
        other.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        other.train_from_iterator(
            data[:at].decode().split(END),
            trainers.BpeTrainer(vocab_size=size, special_tokens=[END], initial_alphabet=alphabet,
                                show_progress=False))
        model = json.loads(other.to_str())['model']
        theirs = [m if isinstance(m, str) else ' '.join(m) for m in model['merges']]
        ours = strings(bpe, 'tokenizer.ggml.merges')
        same = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), len(ours))
        print(f'merges equal to tokenizers: {same} of {len(theirs)}')
        tokens = strings(bpe, 'tokenizer.ggml.tokens')
        ids = sorted(model['vocab'], key=model['vocab'].get)
        failed = ours != theirs or tokens != ids

        held = data[at:].replace(END.encode(), b'')
        for path in bpe, characters:
            llama = Llama(path, vocab_only=True, verbose=False)
            tokens = llama.tokenize(held, add_bos=False, special=False)
            back = llama.detokenize(tokens) == held
            print(f'llama.cpp: {len(tokens)} tokens, {len(held) / len(tokens):.3f} bytes each, '
                  f'{"all come back" if back else "TEXT DIFFERS"}')
            failed |= not back
    raise SystemExit(int(failed))


if __name__ == '__main__':
    main()
