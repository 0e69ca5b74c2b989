#!/usr/bin/env python3
"""torch_steps.py - three complete training steps in PyTorch, an implementation independent of this project.

Needs PyPI: torch (any, on the CPU), numpy. Writes float32 little-endian, for each of AdamW, Muon, and AdamW
with sinusoidal positions instead of RoPE: losses, gradient norms, the first gradient, the parameters
after three steps:
    torch_steps.py OUT.f32
Weights and tokens come from formulas repeated in tests/train/trainer.c; the arithmetic here is double.
"""
import math, sys
import numpy as np
import torch
import torch.nn.functional as F

V, d, L, H, G, ff, B, T, EPS, BASE = 17, 16, 2, 4, 2, 24, 2, 6, 1e-5, 10000.0
hd = d // H
LR, LR_MATRIX, B1, B2, MU, ADAM_EPS, DECAY, CLIP = 0.01, 0.02, 0.9, 0.98, 0.95, 1e-8, 0.1, 0.5

def shapes():
    yield 'token_embd', (V, d)
    for i in range(L):
        yield f'{i}.attn_norm', (d,)
        for n, rows in (('q', d), ('k', G * hd), ('v', G * hd)): yield f'{i}.{n}', (rows, d)
        yield f'{i}.o', (d, d)
        yield f'{i}.ffn_norm', (d,)
        yield f'{i}.gate', (ff, d)
        yield f'{i}.up', (ff, d)
        yield f'{i}.down', (d, ff)
    yield 'output_norm', (d,)

def start():
    P, at = {}, 0
    for name, shape in shapes():
        n = math.prod(shape)
        flat = ((np.arange(at, at + n) * 7919 % 1000) / 1000 - 0.5) * 0.8 + (1 if len(shape) == 1 else 0)
        P[name] = torch.tensor(flat.astype(np.float32).astype(np.float64).reshape(shape), requires_grad=True)
        at += n
    return P

def rms(x, w): return x / torch.sqrt((x * x).mean(-1, keepdim=True) + EPS) * w

def rope(x):  # [B, heads, T, hd]: rotates adjacent pairs
    angle = torch.arange(T, dtype=torch.float64)[:, None] * BASE ** (-torch.arange(0, hd, 2, dtype=torch.float64) / hd)
    a, b, c, s = x[..., 0::2], x[..., 1::2], angle.cos(), angle.sin()
    return torch.stack((a * c - b * s, a * s + b * c), -1).flatten(-2)

def sinusoids():  # [T, d], divided by sqrt(d): Vaswani et al. 2017 multiply the embedding by sqrt(d) instead
    angle = torch.arange(T, dtype=torch.float64)[:, None] / BASE ** (torch.arange(0, d, 2, dtype=torch.float64) / d)
    return torch.stack((angle.sin(), angle.cos()), -1).flatten(-2) / math.sqrt(d)

def loss_of(P, ids, sinusoidal):
    x, turn = P['token_embd'][ids[:, :-1]], rope
    if sinusoidal: x, turn = x + sinusoids(), lambda x: x
    for i in range(L):
        h = rms(x, P[f'{i}.attn_norm'])
        split = lambda n, heads: (h @ P[f'{i}.{n}'].T).view(B, T, heads, hd).transpose(1, 2)
        q, k, v = turn(split('q', H)), turn(split('k', G)), split('v', G)
        k, v = k.repeat_interleave(H // G, 1), v.repeat_interleave(H // G, 1)
        o = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, d)
        x = x + o @ P[f'{i}.o'].T
        h = rms(x, P[f'{i}.ffn_norm'])
        x = x + (F.silu(h @ P[f'{i}.gate'].T) * (h @ P[f'{i}.up'].T)) @ P[f'{i}.down'].T
    return F.cross_entropy((rms(x, P['output_norm']) @ P['token_embd'].T).flatten(0, 1), ids[:, 1:].flatten())

def orthogonal(X):  # Jordan et al. 2024
    turned = X.shape[0] > X.shape[1]
    X = (X.T if turned else X) / (X.norm() + 1e-7)
    for _ in range(5):
        A = X @ X.T
        X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
    return X.T if turned else X

def run(muon=False, sinusoidal=False):
    P, out = start(), []
    matrices = [n for n in P if muon and P[n].dim() == 2 and n != 'token_embd']
    rest = [n for n in P if n not in matrices]
    adam = torch.optim.AdamW([dict(params=[P[n] for n in rest if P[n].dim() == 2], weight_decay=DECAY),
                              dict(params=[P[n] for n in rest if P[n].dim() == 1], weight_decay=0.0)],
                             lr=LR, betas=(B1, B2), eps=ADAM_EPS)
    moments = {n: torch.zeros_like(P[n]) for n in matrices}
    for step in range(3):
        ids = torch.tensor([(i * 5 + i * i % 7 + step) % V for i in range(B * (T + 1))]).view(B, T + 1)
        loss = loss_of(P, ids, sinusoidal)
        adam.zero_grad()
        for n in matrices: P[n].grad = None
        loss.backward()
        if step == 0: first = torch.cat([P[n].grad.flatten() for n in P]).numpy().copy()
        norm = torch.nn.utils.clip_grad_norm_(list(P.values()), CLIP)
        adam.step()
        with torch.no_grad():
            for n in matrices:
                g = P[n].grad; moments[n].mul_(MU).add_(g)
                P[n].mul_(1 - LR_MATRIX * DECAY).sub_(LR_MATRIX * 0.2 * math.sqrt(max(g.shape)) * orthogonal(g + MU * moments[n]))
        out += [loss.item(), norm.item()]
    return np.concatenate([out, first, torch.cat([p.detach().flatten() for p in P.values()]).numpy()])

np.concatenate([run(), run(muon=True), run(sinusoidal=True)]).astype('<f4').tofile(sys.argv[1])
