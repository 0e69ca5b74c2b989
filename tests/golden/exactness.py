#!/usr/bin/env python3
"""exactness.py - measures the distance of a file's logits from those of the same weights as floats.

  exactness.py MODEL.gguf … [-n 200] [--text tests/golden/smollm2/text.txt] [--engine build/release/jielong]

gguf-py, an implementation independent of this project, dequantises each file into a temporary F32 file. The engine evaluates
both on the first n tokens of the text. Prints mean and maximum of KL(float ‖ file) in nats per token, the share of positions
with the same best token, the memory of the weights and the size of the file. The engine's F32 logits agree with llama.cpp's
(tests/golden, NMSE 1e-10). Needs PyPI: gguf, numpy.
"""
import argparse, json, os, subprocess, tempfile
import gguf, numpy as np


def copy_field(out, field):
    kind = field.types[0]
    if kind == gguf.GGUFValueType.ARRAY:
        out.add_key_value(field.name, field.contents(), kind, field.types[1])
    else:
        out.add_key_value(field.name, field.contents(), kind)


def dequantise(source, target):
    reader = gguf.GGUFReader(source)
    out = gguf.GGUFWriter(target, reader.fields['general.architecture'].contents())
    for field in reader.fields.values():
        if not field.name.startswith('GGUF.') and field.name != 'general.architecture':
            copy_field(out, field)
    for t in reader.tensors:
        out.add_tensor(t.name, gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32))
    out.write_header_to_file(), out.write_kv_data_to_file(), out.write_tensors_to_file(), out.close()


def log_softmax(x):
    x = x - x.max(1, keepdims=True)
    return x - np.log(np.exp(x).sum(1, keepdims=True))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model', nargs='+')
    p.add_argument('-n', type=int, default=200)
    p.add_argument('--text', default='tests/golden/smollm2/text.txt')
    p.add_argument('--engine', default='build/release/jielong')
    a = p.parse_args()

    def engine(*args):
        return subprocess.run([a.engine, *args], check=True, capture_output=True, text=True).stdout

    def logits(model, ids, folder):
        path = os.path.join(folder, 'logits')
        engine('logits', model, '--ids', ','.join(map(str, ids)), '--out', path)
        return log_softmax(np.fromfile(path, '<f4').reshape(len(ids), -1).astype(np.float64))

    for model in a.model:
        with tempfile.TemporaryDirectory() as folder:
            truth = os.path.join(folder, 'truth.gguf')
            dequantise(model, truth)
            ids = json.loads(engine('tokenize', model, '--file', a.text))[: a.n]
            x, y = logits(truth, ids, folder), logits(model, ids, folder)
            kl = (np.exp(x) * (x - y)).sum(1)
            weights = json.loads(engine('info', model))['memory']['weights']
            size = os.path.getsize(model)
            print(f'{os.path.basename(model):16} KL {kl.mean():.1e}, at most {kl.max():.1e}; best token '
                  f'{(x.argmax(1) == y.argmax(1)).mean():.3f}; weights {weights} of {size} bytes, {weights / size:.3f}', flush=True)


if __name__ == '__main__':
    main()
