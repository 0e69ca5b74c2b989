#!/usr/bin/env python3
"""gguf_check.py - compares the engine with llama.cpp on a file: token ids, logits, greedy text.

  gguf_check.py MODEL.gguf … [--text F] [-n 256] [--prompt TEXT …] [--greedy 64] [--engine build/release/jielong]

For files written by the trainer or a page. Per file: ids of the text (all must agree), normalised mean squared error of the logits
of its first n tokens (at most the context), greedy continuations of the prompts. Greedy ids may differ from the first position
where llama.cpp's best two logits are closer than 0.05. Bounds: NMSE 1e-8 for files of floats, 1e-5 for F16, 3e-3 for quants,
because llama.cpp rounds activations of their products to 8 bits and the engine does not. Exit status 1 if a bound is exceeded.
Needs PyPI: llama-cpp-python, numpy (oracle.py).
"""
import argparse, json, os, subprocess, sys, tempfile
import numpy as np
from oracle import Ref

BOUNDS = {'F32': 1e-8, 'F16': 1e-5}
MARGIN = 0.05
MAX = 20000  # characters: llama.cpp takes quadratic time for a text without spaces


def nmse(ours, theirs):
    return float(((ours - theirs) ** 2).sum() / (theirs ** 2).sum())


def check_greedy(ref, promptIds, ours):
    """(number of equal ids, margin at the first difference or None)"""
    row, at = ref.eval(promptIds, every=False)[0], len(promptIds)
    for i, token in enumerate(ours):
        best = np.sort(row)[-2:]
        if int(row.argmax()) != token:
            return i, float(best[1] - best[0])
        row, at = ref.eval([token], at)[0], at + 1
    return len(ours), None


def check(a, model):
    def engine(*args):
        return subprocess.run([a.engine, *args], check=True, capture_output=True, text=True).stdout

    info = json.loads(engine('info', model))
    context = info['contextLength']
    text = open(a.text, encoding='utf-8').read()[:MAX]
    ids = json.loads(engine('tokenize', model, text))
    vocabulary = Ref(model, vocab_only=True)
    same_ids = vocabulary.tokenize(text, bos=False) == ids
    part = ids[: min(a.n, context)]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'logits')
        engine('logits', model, '--ids', ','.join(map(str, part)), '--out', path)
        ours = np.fromfile(path, '<f4').reshape(len(part), -1).astype(np.float64)
    theirs = Ref(model, context).eval(part).astype(np.float64)
    error, bound = nmse(ours, theirs), BOUNDS.get(info['fileType'], 3e-3)
    fine = same_ids and error <= bound
    print(f'{os.path.basename(model)} ({info["fileType"]}): {len(ids)} tokens {"agree" if same_ids else "DIFFER"}; '
          f'NMSE {error:.1e} over {len(part)} (bound {bound:.0e})')
    for prompt in a.prompt or [text[:40]]:
        said = json.loads(engine('generate', model, prompt, '-n', str(a.greedy), '--temperature', '0', '--ignore-eos', '--json'))
        n, margin = check_greedy(Ref(model, context), said['promptIds'], said['ids'])
        print(f'  {json.dumps(prompt, ensure_ascii=False)}: {n} of {len(said["ids"])} greedy ids agree'
              + (f', they part at a margin of {margin:.4f}' if margin is not None else ''))
        fine &= margin is None or margin < MARGIN
    return fine


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model', nargs='+')
    p.add_argument('-n', type=int, default=256)
    p.add_argument('--text', default='tests/golden/smollm2/text.txt')
    p.add_argument('--prompt', nargs='*')
    p.add_argument('--greedy', type=int, default=64)
    p.add_argument('--engine', default='build/release/jielong')
    a = p.parse_args()
    sys.exit(0 if all([check(a, model) for model in a.model]) else 1)


if __name__ == '__main__':
    main()
