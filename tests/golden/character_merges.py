"""character_merges.py - compares a vocabulary of characters and merges with SentencePiece.

    python tests/golden/character_merges.py JIELONG TEXT [VOCABULARY_SIZE MERGES]

JIELONG: the native command. The vocabulary that `jielong train-tokenizer --characters --merges` learns from
TEXT becomes a model of SentencePiece, which must give the same ids for the held-out part as `jielong
tokenize`. Needs gguf, sentencepiece and protobuf.
"""
import json
import os
import subprocess
import sys
import tempfile

import gguf
from sentencepiece import SentencePieceProcessor
from sentencepiece import sentencepiece_model_pb2 as model

BPE = 2  # TrainerSpec.ModelType


def values(reader, key):
    field = reader.fields[key]
    parts = [field.parts[i] for i in field.data]
    return [bytes(p).decode() for p in parts] if key.endswith('tokens') else [p[0] for p in parts]


def processor_of(path):
    reader, m = gguf.GGUFReader(path), model.ModelProto()
    m.trainer_spec.model_type = BPE
    m.trainer_spec.byte_fallback = True
    m.normalizer_spec.name = 'identity'
    m.normalizer_spec.add_dummy_prefix = False
    m.normalizer_spec.remove_extra_whitespaces = False
    for token, score, kind in zip(*(values(reader, 'tokenizer.ggml.' + key)
                                    for key in ('tokens', 'scores', 'token_type'))):
        piece = m.pieces.add()
        piece.piece, piece.score, piece.type = token, float(score), int(kind)
    processor = SentencePieceProcessor()
    processor.LoadFromSerializedProto(m.SerializeToString())
    return processor


def main():
    jielong, text = sys.argv[1:3]
    size, merges = (sys.argv[3:] or ['4096', '1024'])
    data = open(text, 'rb').read()
    held = data[data.find(b'\n', len(data) - len(data) // 50) + 1 :]
    with tempfile.TemporaryDirectory() as folder:
        path, part = os.path.join(folder, 'merges.gguf'), os.path.join(folder, 'held.txt')
        open(part, 'wb').write(held)
        subprocess.run([jielong, 'train-tokenizer', text, '--out', path, '--characters', '--vocab', size,
                        '--merges', merges], check=True)
        answer = subprocess.run([jielong, 'tokenize', path, '--file', part], check=True,
                                capture_output=True, text=True).stdout
        theirs = processor_of(path).encode(held.decode())
    ours = json.loads(answer)
    print(f'{len(theirs)} tokens, {len(held) / len(theirs):.3f} bytes each, '
          f'{"the same ids" if ours == theirs else "OTHER IDS"}')
    raise SystemExit(int(ours != theirs))


if __name__ == '__main__':
    main()
