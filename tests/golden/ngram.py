"""ngram.py - compares `jielong ngram` with modified Kneser-Ney smoothing written from the paper.

    python3 tests/golden/ngram.py JIELONG TEXT [ORDER]

Chen and Goodman 1998, sections 3 and 4.1.6, with dictionaries, over the first 300,000 bytes of an
ASCII TEXT, one token per character. Standard library only.
"""
import collections
import json
import math
import os
import subprocess
import sys
import tempfile


class KneserNey:
    def __init__(self, tokens, order, n_vocab):
        self.order, self.n_vocab = order, n_vocab
        raw = [collections.Counter() for _ in range(order + 1)]
        for k in range(1, order + 1):
            for i in range(len(tokens) - k + 1):
                raw[k][tokens[i:i + k]] += 1
        self.counts, self.discounts, self.totals, self.kinds = {}, {}, {}, {}
        for k in range(1, order + 1):
            if k == order:
                counts = raw[k]
            else:
                counts = collections.Counter(gram[1:] for gram in raw[k + 1])
            n = collections.Counter(counts.values())
            self.discounts[k] = [0, 0.5, 1, 1.5]  # the text is too small to estimate them
            if n[1] and n[2] and n[3] and n[4]:
                y = n[1] / (n[1] + 2 * n[2])
                self.discounts[k] = [0] + [c - (c + 1) * y * n[c + 1] / n[c] for c in (1, 2, 3)]
            self.discounts[k] = [d if d > 0 else 0.5 * c for c, d in enumerate(self.discounts[k])]
            totals, kinds = collections.Counter(), collections.defaultdict(lambda: [0, 0, 0, 0])
            for gram, c in counts.items():
                totals[gram[:-1]] += c
                kinds[gram[:-1]][min(c, 3)] += 1
            self.counts[k], self.totals[k], self.kinds[k] = counts, totals, kinds

    def p(self, context, token):
        k = len(context) + 1
        lower = self.p(context[1:], token) if context else 1 / self.n_vocab
        total = self.totals[k][context]
        if not total:
            return lower
        c, d = self.counts[k][context + token], self.discounts[k]
        gamma = sum(d[j] * self.kinds[k][context][j] for j in (1, 2, 3)) / total
        return (c - d[min(c, 3)]) / total + gamma * lower


def main():
    jielong, order = sys.argv[1], int((sys.argv[3:] or [5])[0])
    text = open(sys.argv[2], encoding='ascii').read(300000).replace('<|endoftext|>', '')
    with tempfile.TemporaryDirectory() as folder:
        path, vocabulary = os.path.join(folder, 'text'), os.path.join(folder, 'vocabulary.gguf')
        with open(path, 'w') as f:
            f.write(text)
        run = lambda *args: json.loads(subprocess.run(
            [jielong, *args], check=True, capture_output=True).stdout)
        n_vocab = run('train-tokenizer', path, '--out', vocabulary, '--characters')['tokens']
        ours = run('ngram', vocabulary, path, '--order', str(order))
    at = text.find('\n', len(text) - len(text) // 50) + 1
    model, held, nats = KneserNey(text[:at], order, n_vocab), text[at:], 0
    for i in range(len(held)):
        nats -= math.log(model.p(held[max(0, i - order + 1):i], held[i]))
    theirs = nats / len(held)
    print(f'order {order}: {len(held)} held-out tokens, {ours["nll"]:.5f} nats a token here, '
          f'{theirs:.5f} there')
    raise SystemExit(int(ours['heldOut'] != len(held) or abs(ours['nll'] - theirs) > 1e-5))


if __name__ == '__main__':
    main()
