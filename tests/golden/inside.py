#!/usr/bin/env python3
"""A second forward pass, in numpy and float64, with hooks at every place inside; proves the engine's taps, edits and rules.

  inside.py check                 compares the pass with llama.cpp's answers in arch/, tests the identities
  inside.py write [NAME ...]      writes inside/NAME.json and inside/NAME.f32 (default: every model that is present)
  inside.py f16 IN.gguf OUT.gguf  the same weights dequantised, matrices as F16, vectors as F32

Needs PyPI: gguf, numpy. Written from the papers and the definitions in Hugging Face transformers, not from src/. The places
have TransformerLens' names. Arrays are row-major without a batch axis: n tokens, E width, H query heads, K key/value heads,
D head size, F feed-forward width, S keys. Weights are the file's, dequantised; nothing is folded.

Definitions where names alone leave a choice:
- ln.scale is the divisor: sqrt(mean(x²) + eps) for RMSNorm; for LayerNorm sqrt(var(x) + eps), with x centred first.
  ln.normalized = x / scale, before weight and bias. scale is visited first, so an edit of it changes normalized.
- ln1 and ln2 are the norms in front of attention and feed-forward. Falcon and Phi-2 have one norm for both: ln1, no ln2.
  OLMo 2 has none in front: it has neither ln1 nor ln2. BERT's norms follow the sums (post-norm): there ln1 is the norm of
  resid_pre + attn_out and ln2 the norm of resid_mid + mlp_out, so resid_mid and resid_post are what these norms return.
- Norms between a sublayer and its sum (Gemma 2 and 3, OLMo 2) are no place: attn_out and mlp_out come after them, and after
  Granite's factor: they are what is added. result is one head's z times its columns of W_O, before bias, norm and factor.
- q, k, v come after bias and after the norms of heads, before positions; rot_q and rot_k after RoPE, the same elsewhere. Norms
  that follow RoPE (Hunyuan) come after q and k and before rot_q and rot_k.
- attn_scores: scaled, soft-capped, with ALiBi's bias, −∞ where a query may not look.
- mlp.pre is what the activation reads: W_gate h of a gated network, else W_up h; mlp.pre_linear = W_up h of a gated one only;
  mlp.post is what W_down reads. A mixture of experts has none of the three but mlp.hook_expert_weights [n, experts], the
  softmax over all experts before the choice.
- embed: rows of the table, scaled as the model asks; pos_embed: rows of learned positions. BERT's row of token type 0 and
  the norm after the sum lie between these and resid_pre of block 0.
- GELU is llama.cpp's: the tanh formula (Hendrycks & Gimpel 2016), argument and value rounded to the 11 bits of a half float,
  x ≥ 10 unchanged, 0 for x ≤ −10. The exact GELU differs from it by more than the tolerance of the tests.
"""
import json, math, os, sys
import gguf, numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(f'{HERE}/../..')

# ---- Architectures -----------------------------------------------------------------------------------------------------

# What tensors and metadata of a file do not say. rope: which dimensions are a pair (GGUF permutes llama's rows to
# neighbours; GPT-NeoX's halves elsewhere). parallel: both sublayers read resid_pre. no_window: blocks i with
# (i + 1) % no_window == 0 see everything, the others a window; rope_in_windows: in a file with windows only those have
# RoPE. fused_gate: ffn_up holds gate and up. norm_last: norms of heads follow RoPE. encoder: attention in both directions.
RMS, LAYER = 'layer_norm_rms_epsilon', 'layer_norm_epsilon'
LLAMA = dict(eps=RMS, act='silu', rope='neighbours')
GPT = dict(eps=LAYER, act='gelu', rope=None)
ARCHS = {
    'llama': dict(LLAMA, experts_sum_to_1=True), 'smollm3': dict(LLAMA, no_rope=4), 'granite': dict(LLAMA, divide_logits=True),
    'granitemoe': dict(LLAMA, divide_logits=True, experts_sum_to_1=True), 'jielong': dict(LLAMA, rope=None),
    'qwen2': dict(LLAMA, rope='halves'), 'qwen3': dict(LLAMA, rope='halves'), 'phi3': dict(LLAMA, rope='halves', fused_gate=True),
    'olmo2': dict(LLAMA, rope='halves'), 'olmoe': dict(LLAMA, rope='halves'), 'qwen2moe': dict(LLAMA, rope='halves'),
    'qwen3moe': dict(LLAMA, rope='halves', experts_sum_to_1=True),
    'gemma': dict(LLAMA, act='gelu', rope='halves', scale_embedding=True),
    'gemma2': dict(LLAMA, act='gelu', rope='halves', scale_embedding=True, no_window=2),
    'gemma3': dict(LLAMA, act='gelu', rope='halves', scale_embedding=True, no_window=6, local_base=1e4),
    'gpt2': GPT, 'bloom': dict(GPT, alibi=8.0), 'mpt': GPT, 'starcoder2': dict(GPT, rope='halves'),
    'gptneox': dict(GPT, rope='halves', parallel='use_parallel_residual'), 'phi2': dict(GPT, rope='halves', parallel=True),
    'falcon': dict(GPT, rope='halves', parallel=True), 'stablelm': dict(GPT, act='silu', rope='halves'),
    'command-r': dict(GPT, act='silu', rope='neighbours', parallel=True),
    'internlm2': LLAMA, 'ernie4_5': LLAMA, 'xverse': LLAMA, 'nanbeige': LLAMA, 'exaone': dict(LLAMA, rope='halves'),
    'exaone4': dict(LLAMA, rope='halves', no_window=4, rope_in_windows=True), 'glm4': dict(LLAMA, fused_gate=True),
    'hunyuan-dense': dict(LLAMA, rope='halves', norm_last=True), 'maincoder': dict(LLAMA, norm_last=True),
    'arcee': dict(LLAMA, act='relu_squared'), 'orion': dict(GPT, act='silu', rope='halves'),
    'bert': dict(GPT, encoder=True), 'nomic-bert': dict(GPT, act='silu', rope='halves', encoder=True),
}


def half(x):
    """x rounded to 11 significant bits, to even on ties."""
    m, e = np.frexp(x)
    return np.ldexp(np.rint(m * 2048), e - 11)


def gelu(x):
    v = half(x)
    y = half(0.5 * v * (1 + np.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))))
    return np.where(x >= 10, x, np.where(x <= -10, 0, y))


ACTIVATIONS = {'silu': lambda x: x / (1 + np.exp(-x)), 'gelu': gelu, 'relu_squared': lambda x: np.maximum(x, 0) ** 2}


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


class Model:
    """A file: its sizes and its weights as float64, matrices [out, in]."""
    def __init__(self, path):
        r = gguf.GGUFReader(path)
        meta = {k: f.contents() for k, f in r.fields.items() if not k.startswith('tokenizer')}
        self.arch = meta['general.architecture']
        self.way = way = ARCHS[self.arch]
        get = lambda key, otherwise=None: meta.get(f'{self.arch}.{key}', otherwise)
        self.W = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float64).reshape(t.shape[::-1])
                  for t in r.tensors}
        self.L, self.E, self.H = get('block_count'), get('embedding_length'), get('attention.head_count')
        self.K = get('attention.head_count_kv', self.H)
        self.D = get('attention.key_length', self.E // self.H)
        self.V = self.W['token_embd.weight'].shape[0]
        self.eps = get('attention.' + way['eps'])
        self.centred = way['eps'] == LAYER
        self.act = ACTIVATIONS[way['act']]
        self.encoder = way.get('encoder') or not get('attention.causal', True)
        self.post_sum_norms = 'blk.0.attn_output_norm.weight' in self.W
        parallel = way.get('parallel', False)
        self.parallel = get(parallel, True) if isinstance(parallel, str) else parallel
        self.embedding_scale = get('embedding_scale', math.sqrt(self.E) if way.get('scale_embedding') else 1)
        self.residual_scale = get('residual_scale', 1)
        self.logit_scale = get('logit_scale', 1)
        if way.get('divide_logits'): self.logit_scale = 1 / self.logit_scale
        self.score_scale = get('attention.scale', 1 / math.sqrt(self.D))
        self.score_cap, self.logit_cap = get('attn_logit_softcapping'), get('final_logit_softcapping')
        self.clamp = get('attention.clamp_kqv')
        self.alibi = get('attention.max_alibi_bias', way.get('alibi', 0))
        self.window = get('attention.sliding_window') if way.get('no_window') else None
        self.experts_used = get('expert_used_count')
        self.rotated = get('rope.dimension_count', self.D)
        self.rope_base = get('rope.freq_base', 1e4)
        self.rope_type = get('rope.scaling.type', 'linear')
        self.rope_factor = get('rope.scaling.factor', 1)
        if self.rope_type == 'yarn': raise ValueError(f'{path}: YaRN is not written here')

    def windowed(self, i):
        return self.window is not None and (i + 1) % self.way['no_window'] != 0

    def part(self, i, name):
        """q, k, v, gate or up of block i, and its bias or 0; several may lie in one tensor."""
        at = f'blk.{i}.'
        fused = {'gate': 'ffn_up', 'up': 'ffn_up'}.get(name, 'attn_qkv')
        own = at + {'gate': 'ffn_gate', 'up': 'ffn_up'}.get(name, 'attn_' + name)
        together = self.way.get('fused_gate') and name in ('gate', 'up')
        if own + '.weight' in self.W and not together:
            return self.W[own + '.weight'], self.W.get(own + '.bias', 0)
        w, b = self.W[at + fused + '.weight'], self.W.get(at + fused + '.bias')
        q, kv, f = self.H * self.D, self.K * self.D, len(w) // 2
        rows = {'q': slice(0, q), 'k': slice(q, q + kv), 'v': slice(q + kv, None), 'gate': slice(0, f), 'up': slice(f, None)}
        return w[rows[name]], 0 if b is None else b[rows[name]]

    # ---- Positions ----------------------------------------------------------------------------------------------------

    def frequencies(self, i, rules):
        """Radians a position of each rotated pair in block i, or None (Su et al. 2021)."""
        if not self.way['rope'] or rules.off or (i + 1) % self.way.get('no_rope', 1 << 30) == 0: return None
        if self.way.get('rope_in_windows') and self.window and not self.windowed(i): return None
        local = self.windowed(i) and self.way.get('local_base')
        base = rules.rope_base or local or self.rope_base
        f = base ** (-np.arange(0, self.rotated, 2) / self.rotated)
        if not local: f = f / self.rope_factor
        return f / self.W.get('rope_freqs.weight', 1) / rules.rope_scale

    def rotate(self, x, angles):
        """x [..., heads, D], angles [..., pairs]: turns the pairs of each vector; the other dimensions stay."""
        y, r = x.copy(), self.rotated
        a, b = (slice(0, r, 2), slice(1, r, 2)) if self.way['rope'] == 'neighbours' else (slice(0, r // 2), slice(r // 2, r))
        c, s = np.cos(angles)[..., None, :], np.sin(angles)[..., None, :]
        y[..., a], y[..., b] = x[..., a] * c - x[..., b] * s, x[..., a] * s + x[..., b] * c
        return y

    def slopes(self):
        """ALiBi (Press et al. 2022): a geometric sequence, for other counts of heads than 2^m filled up from the next one."""
        power = 1 << (self.H.bit_length() - 1)
        step = [h + 1 if h < power else h - power + 0.5 for h in range(self.H)]
        return 2.0 ** (-self.alibi * np.array(step) / power)

    # ---- The pass -----------------------------------------------------------------------------------------------------

    def norm(self, x, tensor, place=None, at=None):
        w, b = self.W.get(tensor + '.weight'), self.W.get(tensor + '.bias', 0)
        if self.centred: x = x - x.mean(-1, keepdims=True)
        scale = np.sqrt((x * x).mean(-1, keepdims=True) + self.eps)
        if place: scale = at(place + '.hook_scale', scale)
        y = x / scale
        if place: y = at(place + '.hook_normalized', y)
        return y * w + b

    def forward(self, ids, hook=None, rules=None):
        """Logits [n, V] of ids, or an encoder's states [n, E]. hook(name, array) may return a replacement."""
        rules = rules or Rules()
        at = lambda name, x: x if hook is None or (y := hook(name, x)) is None else y
        n, W = len(ids), self.W
        x = at('hook_embed', W['token_embd.weight'][ids] * self.embedding_scale)
        if 'position_embd.weight' in W and not rules.off:
            x = x + at('hook_pos_embed', W['position_embd.weight'][rules.positions(n)])
        if 'token_types.weight' in W: x = x + W['token_types.weight'][0]
        if 'token_embd_norm.weight' in W: x = self.norm(x, 'token_embd_norm')
        for i in range(self.L): x = self.block(i, x, at, rules)
        if 'output_norm.weight' not in W: return x
        x = self.states = self.norm(x, 'output_norm', 'ln_final', at)
        if self.encoder: return x
        x = x @ W.get('output.weight', W['token_embd.weight']).T + W.get('output.bias', 0)
        x = x * self.logit_scale
        if self.logit_cap: x = self.logit_cap * np.tanh(x / self.logit_cap)
        return at('logits', x)

    def block(self, i, x, at, rules):
        t, b = f'blk.{i}.', f'blocks.{i}.'
        resid_pre = x = at(b + 'hook_resid_pre', x)
        if self.post_sum_norms:
            x = self.norm(x + at(b + 'hook_attn_out', self.attention(i, x, at, rules)), t + 'attn_output_norm', b + 'ln1', at)
            x = at(b + 'hook_resid_mid', x)
            x = self.norm(x + at(b + 'hook_mlp_out', self.mlp(i, x, at)), t + 'layer_output_norm', b + 'ln2', at)
            return at(b + 'hook_resid_post', x)
        first = t + ('attn_norm_2' if t + 'attn_norm_2.weight' in self.W else 'attn_norm')  # Falcon 40B has two
        h = self.norm(x, first, b + 'ln1', at) if first + '.weight' in self.W else x
        out = self.attention(i, h, at, rules)
        if t + 'post_attention_norm.weight' in self.W: out = self.norm(out, t + 'post_attention_norm')
        attn_out = at(b + 'hook_attn_out', out * self.residual_scale)
        x = resid_pre if self.parallel else at(b + 'hook_resid_mid', resid_pre + attn_out)
        second = t + ('attn_norm' if first.endswith('_2') else 'ffn_norm')
        if second + '.weight' in self.W: h = self.norm(x, second, b + 'ln2', at)
        elif not self.parallel: h = x
        out = self.mlp(i, h, at)
        if t + 'post_ffw_norm.weight' in self.W: out = self.norm(out, t + 'post_ffw_norm')
        mlp_out = at(b + 'hook_mlp_out', out * self.residual_scale)
        return at(b + 'hook_resid_post', x + mlp_out + (attn_out if self.parallel else 0))

    def attention(self, i, h, at, rules):
        """softmax(q·kᵀ)·v of every head, then W_O (Vaswani et al. 2017); query head j reads k/v head ⌊j·K/H⌋."""
        n, H, K, D, t, a = len(h), self.H, self.K, self.D, f'blk.{i}.', f'blocks.{i}.attn.hook_'
        last = self.way.get('norm_last')
        def project(name, heads):
            w, b = self.part(i, name)
            y = h @ w.T + b
            if self.clamp: y = np.clip(y, -self.clamp, self.clamp)
            norm = self.W.get(f'{t}attn_{name}_norm.weight')
            if norm is not None and len(norm) != D: y = self.norm(y, f'{t}attn_{name}_norm')  # all heads as one vector
            y = y.reshape(n, heads, D)
            if norm is not None and len(norm) == D and not last: y = self.norm(y, f'{t}attn_{name}_norm')
            return at(a + name, y)
        q, k, v = project('q', H), project('k', K), project('v', K)
        pos, f = rules.positions(n), self.frequencies(i, rules)
        turned = lambda x, p: x if f is None else self.rotate(x, np.asarray(p)[..., None] * f)
        turn = lambda x, p, name: self.norm(turned(x, p), f'{t}attn_{name}_norm') if last else turned(x, p)
        seen = rules.visible(n, causal=not self.encoder)
        if self.windowed(i): seen &= np.arange(n)[:, None] - np.arange(n) < self.window
        group = lambda x: np.repeat(x, H // K, -2)
        if rules.cache_positions:  # keys are numbered anew for each query, among those it sees
            place = np.where(seen, seen.cumsum(1) - 1, 0)
            keys = turn(np.broadcast_to(k, (n, *k.shape)), place, 'k')                     # [query, key, K, D]
            scores = np.einsum('qhd,qkhd->hqk', turn(q, seen.sum(1) - 1, 'q'), group(keys))
        else:
            q, k = at(a + 'rot_q', turn(q, pos, 'q')), at(a + 'rot_k', turn(k, pos, 'k'))
            scores = np.einsum('qhd,khd->hqk', q, group(k))
        scores = scores * self.score_scale
        if self.score_cap: scores = self.score_cap * np.tanh(scores / self.score_cap)
        if self.alibi and not rules.off:
            scores = scores - self.slopes()[:, None, None] * (pos[:, None] - pos)
        pattern = at(a + 'pattern', softmax(at(a + 'attn_scores', np.where(seen, scores, -np.inf))))
        z = at(a + 'z', np.einsum('hqk,khd->qhd', pattern, group(v)))
        w = self.W[t + 'attn_output.weight']
        at(a + 'result', np.einsum('qhd,ehd->qhe', z, w.reshape(-1, H, D)))  # read only
        return z.reshape(n, -1) @ w.T + self.W.get(t + 'attn_output.bias', 0)

    def mlp(self, i, h, at):
        m = f'blocks.{i}.mlp.hook_'
        if f'blk.{i}.ffn_gate_inp.weight' in self.W: return self.experts(i, h, at(m + 'expert_weights', self.router(i, h)))
        down, bias = self.W[f'blk.{i}.ffn_down.weight'], self.W.get(f'blk.{i}.ffn_down.bias', 0)
        up, up_bias = self.part(i, 'up')
        if f'blk.{i}.ffn_gate.weight' not in self.W and not self.way.get('fused_gate'):
            return at(m + 'post', self.act(at(m + 'pre', h @ up.T + up_bias))) @ down.T + bias
        gate, gate_bias = self.part(i, 'gate')
        pre, linear = at(m + 'pre', h @ gate.T + gate_bias), at(m + 'pre_linear', h @ up.T + up_bias)
        return at(m + 'post', self.act(pre) * linear) @ down.T + bias

    def router(self, i, h):
        return softmax(h @ self.W[f'blk.{i}.ffn_gate_inp.weight'].T)

    def experts(self, i, h, weights):
        """The largest experts_used weights of a token, in Mixtral divided by their sum (Jiang et al. 2024)."""
        t, out = f'blk.{i}.ffn_', np.zeros_like(h)
        network = lambda x, gate, up, down: (self.act(x @ gate.T) * (x @ up.T)) @ down.T
        gate, up, down = (self.W[f'{t}{name}_exps.weight'] for name in ('gate', 'up', 'down'))
        for row in range(len(h)):
            chosen = np.argsort(-weights[row], kind='stable')[:self.experts_used]
            share = weights[row][chosen]
            if self.way.get('experts_sum_to_1'): share = share / share.sum()
            for s, e in zip(share, chosen): out[row] += s * network(h[row], gate[e], up[e], down[e])
        if t + 'up_shexp.weight' in self.W:
            shared = network(h, *(self.W[f'{t}{name}_shexp.weight'] for name in ('gate', 'up', 'down')))
            router = self.W.get(t + 'gate_inp_shexp.weight')
            out += shared if router is None else shared / (1 + np.exp(-h @ router.reshape(-1, 1)))
        return out


# ---- Rules and edits -----------------------------------------------------------------------------------------------------

class Rules:
    """createSession's { attention, positions } as numpy. A model's own windows hold as well. ids are angles of RoPE and rows of
    learned positions. ropeScale s divides positions, m/s, besides a scale of the file (Chen et al. 2023); ropeBase
    replaces the base in all blocks. off: no RoPE, nothing added to the embedding, no ALiBi. cachePositions: a key's
    position is its number among the keys that the query sees, the query's that of the last one (Xiao et al. 2023)."""
    def __init__(self, session=None):
        session = session or {}
        self.attention = session.get('attention', {'mask': 'model'})
        p = session.get('positions', 'model')
        self.off = p == 'off'
        p = p if isinstance(p, dict) else {}
        self.ids, self.rope_base, self.rope_scale = p.get('ids'), p.get('ropeBase'), p.get('ropeScale', 1)
        self.cache_positions = self.attention.get('cachePositions', False)

    def positions(self, n):
        return np.arange(n) if self.ids is None else np.array(self.ids[:n])

    def visible(self, n, causal):
        """[query, key]: may it look there?"""
        t, j, a = np.arange(n)[:, None], np.arange(n)[None], self.attention
        mask = a.get('mask', 'causal')
        if mask == 'none' or mask == 'model' and not causal: return np.full((n, n), True)
        seen = j <= t
        if mask == 'prefix': seen = seen | (t < a['prefix']) & (j < a['prefix'])
        if 'window' in a: seen = seen & ((j < a.get('sinks', 0)) | (t - j < a['window']))
        return seen


SHORT = {  # name in glass of each place, in the order in which they are visited
    'embed': 'hook_embed', 'pos_embed': 'hook_pos_embed', 'resid_pre': 'blocks.N.hook_resid_pre',
    'ln1.scale': 'blocks.N.ln1.hook_scale', 'ln1.normalized': 'blocks.N.ln1.hook_normalized',
    **{s: f'blocks.N.attn.hook_{s}' for s in 'q k v rot_q rot_k attn_scores pattern z result'.split()},
    'attn_out': 'blocks.N.hook_attn_out', 'resid_mid': 'blocks.N.hook_resid_mid',
    'ln2.scale': 'blocks.N.ln2.hook_scale', 'ln2.normalized': 'blocks.N.ln2.hook_normalized',
    'expert_weights': 'blocks.N.mlp.hook_expert_weights',
    **{f'mlp.{s}': f'blocks.N.mlp.hook_{s}' for s in 'pre pre_linear post'.split()},
    'mlp_out': 'blocks.N.hook_mlp_out', 'resid_post': 'blocks.N.hook_resid_post',
    'ln_final.scale': 'ln_final.hook_scale', 'ln_final.normalized': 'ln_final.hook_normalized', 'logits': 'logits',
}
HEADS_FIRST, WITH_HEADS = ('attn_scores', 'pattern'), 'q k v rot_q rot_k attn_scores pattern z result'.split()


def full(name, layer=None):
    return SHORT[name].replace('.N.', f'.{layer}.')


def rows_axis(name):
    """Which axis counts positions: [n, ...], but [H, query, key]."""
    return 1 if name in HEADS_FIRST else 0


def select(request, n):
    """Index of what a tap or an edit names: `head` takes its axis away, `positions` [from, to) are rows."""
    rows = slice(*request.get('positions', (0, n)))
    if 'head' not in request: return (slice(None), rows) if request['name'] in HEADS_FIRST else (rows,)
    return (request['head'], rows) if request['name'] in HEADS_FIRST else (rows, request['head'])


def edited(edit, x, n, other=None):
    """x after one edit. mean: the mean over the selected positions of this run, in each of them. `other`: the same place in
    the run of data.ids, where these are what to set."""
    x, where = x.copy(), select(edit, n)
    now = x[where]
    op = edit['op']
    rows = 1 if edit['name'] in HEADS_FIRST and 'head' not in edit else 0
    if op == 'zero': x[where] = 0
    elif op == 'scale': x[where] = now * edit['factor']
    elif op == 'mean': x[where] = np.broadcast_to(now.mean(rows, keepdims=True), now.shape)
    else:
        data = expand(edit['data'], now.shape, n) if other is None else other[where]
        x[where] = data if op == 'set' else now + data
    return x


def run(model, ids, edits=(), session=None):
    """Every place of one run by its full name, read after the edits of the place, and logits."""
    found = {}
    others = [run(model, e['data']['ids'])[full(e['name'], e['layer'])] if 'ids' in e.get('data', {}) else None for e in edits]
    def hook(name, x):
        for e, other in zip(edits, others):
            if full(e['name'], e.get('layer')) == name: x = edited(e, x, len(ids), other)
        found[name] = x
        return x
    model.forward(np.array(ids), hook, Rules(session))
    return found


# ---- What the files hold ---------------------------------------------------------------------------------------------------

def mixed(i, stream):
    """32 bits of place i of a stream, by the finaliser of MurmurHash3 (Appleby): no state, the same in any language."""
    with np.errstate(over='ignore'):
        h = (np.asarray(i, np.uint32) + np.uint32(1)) * np.uint32(0x9e3779b1) + np.uint32((stream + 1) * 0x85ebca77 & 0xffffffff)
        h = (h ^ h >> np.uint32(16)) * np.uint32(0x85ebca6b)
        h = (h ^ h >> np.uint32(13)) * np.uint32(0xc2b2ae35)
        return h ^ h >> np.uint32(16)


SIGNS = {}


def signs(width, projections):
    """±1 [width, projections]: bit p % 32 of mixed(i, p // 32); 1 is +."""
    if (width, projections) not in SIGNS:
        words = np.stack([mixed(np.arange(width), s) for s in range((projections + 31) // 32)])
        p = np.arange(projections)
        SIGNS[width, projections] = 2.0 * (words[p // 32].T >> (p % 32).astype(np.uint32) & 1) - 1
    return SIGNS[width, projections]


def expand(data, shape, n):
    """Data of an edit: value i = scale·(2·u − 1), u the upper 24 bits of mixed(i, seed) / 2^24; with `positive`
    scale·u; with `causal` `hidden` (0, or "-inf") where the last axis, keys, is after the query, the axis before it."""
    u = (mixed(np.arange(math.prod(shape)), data['seed']) >> np.uint32(8)) / 2.0**24
    x = (data['scale'] * (u if data.get('positive') else 2 * u - 1)).astype(np.float32).astype(np.float64).reshape(shape)
    if not data.get('causal'): return x
    return np.where(np.arange(n) <= np.arange(n)[:, None], x, -np.inf if data.get('hidden') == '-inf' else 0)


def as_rows(x, axis):
    """[rows, width]: one row a position."""
    return np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1)


class Golden:
    """The pair of files of a model; see README.md for the form."""
    def __init__(self, name, source, projections=64):
        self.name, self.model, self.source, self.projections = name, Model(f'{ROOT}/{source}'), source, projections
        self.cases, self.floats, self.size = [], [], 0

    def put(self, x, axis, projections):
        """Appends Σx² and each row's projections, or (0) the values themselves; −∞ counts as 0."""
        x = as_rows(np.where(np.isneginf(x), 0, x), axis)
        assert np.isfinite(x).all()
        values = x @ signs(x.shape[1], projections) if projections else x
        values = np.concatenate([[(x * x).sum()], values.ravel()]).astype('<f4')
        self.floats.append(values)
        self.size += len(values)

    def expect(self, found, tap, projections):
        """One entry for a tap; layer 'all' is every block, one after the other."""
        layers = range(self.model.L) if tap.get('layer') == 'all' else [tap.get('layer')]
        n = len(found['hook_embed'])
        where, axis = select(tap, n), 0 if 'head' in tap else rows_axis(tap['name'])
        xs = [found[full(tap['name'], i)][where] for i in layers]
        if math.prod(xs[0].shape) <= xs[0].shape[axis] * projections: projections = 0
        entry = dict(tap, offset=self.size, shape=list(xs[0].shape), axis=axis, projections=projections)
        if tap['name'] == 'attn_scores': entry['hidden'] = [int(np.isneginf(x).sum()) for x in xs]
        for x in xs: self.put(x, axis, projections)
        return entry

    def case(self, label, ids, taps=(), edits=(), session=None):
        found = run(self.model, ids, edits, session)
        last = self.model.L - 1
        end = {'name': 'logits'} if 'logits' in found else {'name': 'resid_post', 'layer': last}
        case = dict(label=label, ids=list(map(int, ids)), session=session or {}, edits=list(edits))
        case['expect'] = [self.expect(found, tap, p) for tap, p in taps]
        case['expect'].append(self.expect(found, end, self.projections))
        if 'logits' in found:
            best = np.sort(found['logits'])
            sure = best[:, -1] - best[:, -2] > 0.01
            case['argmax'] = np.where(sure, found['logits'].argmax(1), -1).tolist()  # -1: two are too close to tell
        self.cases.append(case)
        return found

    def write(self):
        head = dict(model=self.source, architecture=self.model.arch, floats=self.size)
        lines = ',\n'.join(json.dumps(c, separators=(',', ':')) for c in self.cases)
        with open(f'{HERE}/inside/{self.name}.json', 'w') as f:
            f.write(json.dumps(head, separators=(',', ':'))[:-1] + f',"cases":[\n{lines}\n]}}\n')
        np.concatenate(self.floats).tofile(f'{HERE}/inside/{self.name}.f32')
        kinds = [sum(map(f, self.cases)) for f in (lambda c: len(c['edits']) > 0, lambda c: c['session'] != {})]
        print(f'{self.name}: {len(self.cases)} cases ({kinds[0]} with edits, {kinds[1]} with rules), '
              f'{sum(len(c["expect"]) for c in self.cases)} entries, {4 * self.size} bytes', flush=True)


# ---- check -----------------------------------------------------------------------------------------------------------------

NO_PASS = {'lfm2', 'qwen35', 'mamba', 'mamba2', 'granitehybrid', 'falcon-h1', 'llama-yarn', 'olmo3', 'phi3-long', 'phi3-short'}  # short convolutions, recurrences, YaRN, LongRoPE: not written here


def nmse(found, wanted):
    return float(((found - wanted) ** 2).sum() / (wanted**2).sum())


def check_goldens(name, model, ids):
    """Against llama.cpp: logits, and the three poolings (mean, first, last; of length 1) of the last states."""
    path, out = f'{HERE}/arch/{name}', []
    logits = model.forward(ids)
    if not model.encoder:
        out.append(nmse(logits, np.fromfile(path + '.f32', '<f4').reshape(logits.shape)))
    states = logits if model.encoder else model.states
    pooled = np.stack([states.mean(0), states[0], states[-1]])
    pooled /= np.sqrt((pooled**2).sum(1, keepdims=True))
    out.append(nmse(pooled, np.fromfile(path + '.embed.f32', '<f4').reshape(pooled.shape)))
    return out


def divergence(model, truth):
    """Mean KL to llama.cpp's probabilities of the 48 best ids and of all others together (rounded to 1e-5 in the file)."""
    rows, total = truth['rows'], 0
    for row, x in zip(rows, model.forward(np.array(truth['ids'][:len(rows)]))):
        q = x - x.max()
        q, p = (q - np.log(np.exp(q).sum()))[row['ids']], np.array(row['logp'])
        rest = [max(1e-12, 1 - np.exp(y).sum()) for y in (p, q)]
        total += (np.exp(p) * (p - q)).sum() + rest[0] * np.log(rest[0] / rest[1])
    return total / len(rows)


def worst(a, b):
    return float(np.abs(a - b).max() / max(1e-30, np.abs(b).max()))


def identities(model, ids):
    """(what, relative difference) of everything that must be equal; all are exact up to float64."""
    g, W, n = run(model, ids), model.W, len(ids)
    for i in range(model.L):
        b, t = f'blocks.{i}.', f'blk.{i}.'
        hook = lambda name: g[b + name]
        pre, attn, mlp, post = (hook(f'hook_{s}') for s in ('resid_pre', 'attn_out', 'mlp_out', 'resid_post'))
        mid = g.get(b + 'hook_resid_mid', pre)
        weighted = lambda ln, tensor: hook(ln + '.hook_normalized') * W[tensor + '.weight'] + W.get(tensor + '.bias', 0)
        if model.post_sum_norms:
            yield 'resid_mid = norm(resid_pre + attn_out)', worst(mid, model.norm(pre + attn, t + 'attn_output_norm'))
            yield 'ln1 gives resid_mid', worst(weighted('ln1', t + 'attn_output_norm'), mid)
            yield 'ln2 gives resid_post', worst(weighted('ln2', t + 'layer_output_norm'), post)
        else:
            yield 'resid_post = resid_pre + attn_out + mlp_out', worst(post, pre + attn + mlp)
            if not model.parallel: yield 'resid_mid = resid_pre + attn_out', worst(mid, pre + attn)
        for ln, x in (('ln1', pre), ('ln2', mid)):
            if b + ln + '.hook_scale' not in g or model.post_sum_norms: continue
            x = x - x.mean(-1, keepdims=True) if model.centred else x
            yield 'normalized · scale = stream', worst(hook(ln + '.hook_normalized') * hook(ln + '.hook_scale'), x)
        total = hook('attn.hook_result').sum(1) + W.get(t + 'attn_output.bias', 0)
        if t + 'post_attention_norm.weight' in W: total = model.norm(total, t + 'post_attention_norm')
        yield 'Σ result + bias = attn_out', worst(total * model.residual_scale, attn)
        pattern, scores = hook('attn.hook_pattern'), hook('attn.hook_attn_scores')
        yield 'rows of pattern sum to 1', worst(pattern.sum(-1), np.ones(pattern.shape[:2]))
        yield 'pattern = softmax(attn_scores)', worst(pattern, softmax(scores))
        values = np.repeat(hook('attn.hook_v'), model.H // model.K, 1)
        yield 'z = pattern · v', worst(np.stack([p @ values[:, h] for h, p in enumerate(pattern)], 1), hook('attn.hook_z'))
    if 'logits' not in g: return
    last = model.norm(g[f'blocks.{model.L - 1}.hook_resid_post'], 'output_norm')
    last = (last @ W.get('output.weight', W['token_embd.weight']).T + W.get('output.bias', 0)) * model.logit_scale
    if model.logit_cap: last = model.logit_cap * np.tanh(last / model.logit_cap)
    yield 'last lens = logits', worst(last, g['logits'])


def equivalences(model, ids):
    """The same change made twice, by an edit and by hand: (what, relative difference of the end of the pass)."""
    end = lambda r: next(r[p] for p in ('logits', 'ln_final.hook_normalized', full('resid_post', model.L - 1)) if p in r)
    n, D, i, plain = len(ids), model.D, model.L - 1, run(model, ids)
    name = f'blk.{i}.attn_output.weight'
    kept = model.W[name]
    model.W[name] = kept.copy()
    model.W[name][:, D:2 * D] = 0
    by_hand = end(run(model, ids))
    model.W[name] = kept
    zero = end(run(model, ids, [dict(name='z', layer=i, head=1, op='zero')]))
    yield 'zero z of a head = zero columns of W_O', worst(zero, by_hand)
    yield 'which changes the end', 0 if worst(zero, end(plain)) > 1e-3 else 1
    for place in SHORT:  # at every place: × 1 changes nothing, an addition changes the end
        layered, key = '.N.' in SHORT[place], full(place, 1)
        if key not in plain or place == 'result': continue
        where = dict(name=place, layer=1) if layered else dict(name=place)
        same = end(run(model, ids, [dict(where, op='scale', factor=1)]))
        yield f'{place} × 1', worst(same, end(plain))
        if key == 'ln_final.hook_scale' and model.encoder: continue
        other = end(run(model, ids, [dict(where, op='add', data=dict(seed=1, scale=0.5))]))
        yield f'{place} + noise changes the end', 0 if worst(other, end(plain)) > 1e-6 else 1
    if model.way['rope'] and not model.alibi:
        ids_of = lambda p: dict(positions=dict(ids=[int(x) for x in p]))
        moved = end(run(model, ids, session=ids_of(np.arange(n) + 1000)))
        if not model.way.get('norm_last'): yield 'RoPE: all positions + 1000', worst(moved, end(plain))
        same = end(run(model, ids, session=ids_of(np.zeros(n))))
        yield 'RoPE: all at 0 = off', worst(same, end(run(model, ids, session=dict(positions='off'))))
        slow = end(run(model, ids, session=dict(positions=dict(ropeScale=0.5))))
        yield 'ropeScale 1/2 = twice the ids', worst(slow, end(run(model, ids, session=ids_of(2 * np.arange(n)))))
    if not model.encoder:
        rule = lambda **a: end(run(model, ids, session=dict(attention=a)))
        yield 'window n = causal', worst(rule(window=n), end(plain))
        yield 'window 3 + n sinks = causal', worst(rule(window=3, sinks=n), end(plain))
        yield 'prefix 1 = causal', worst(rule(mask='prefix', prefix=1), end(plain))
        yield 'prefix n = none', worst(rule(mask='prefix', prefix=n), rule(mask='none'))
        # StreamingLLM: without sinks positions within the cache are relative to the same keys
        if not (model.alibi or 'position_embd.weight' in model.W or model.window or model.way.get('norm_last')):
            yield 'cachePositions without sinks', worst(rule(window=4, cachePositions=True), rule(window=4))
        head = run(model, ids[:5])
        yield 'causal: a prefix of the text', worst(end(head), end(plain)[:5])


def check():
    ids = json.load(open(f'{HERE}/arch/ids.json'))
    names = sorted({f.split('.')[0] for f in os.listdir(f'{HERE}/arch') if f.endswith('.gguf')} - NO_PASS)
    counts, most, bad = [0, 0, 0], 0, []
    for name in names:
        model = Model(f'{HERE}/arch/{name}.gguf')
        found = check_goldens(name, model, ids)
        limit = 1e-8 if model.act is gelu else 1e-10  # as in suite/golden.js
        equal = [*identities(model, ids[:12]), *equivalences(model, ids[:12])]
        bad += [(name, 'golden', x) for x in found if x > limit]
        bad += [(name, what, x) for what, x in equal if not x < 1e-9]
        most = max([most] + [x for _, x in equal])
        counts = [a + b for a, b in zip(counts, (1, len(found), len(equal)))]
        print(f'{name:14} NMSE to llama.cpp: {"logits, vectors" if len(found) > 1 else "vectors"} '
              f'{", ".join(f"{x:.1e}" for x in found)}; {len(equal)} identities, worst {max(x for _, x in equal):.0e}', flush=True)
    for name in ('tales', 'poems', 'position-learned', 'smollm2'):
        source, texts, _ = FILES[name]
        if not os.path.exists(f'{ROOT}/{source}'): continue
        model = Model(f'{ROOT}/{source}')
        equal = [*identities(model, texts[0])]
        bad += [(name, what, x) for what, x in equal if not x < 1e-9]
        counts, most = [counts[0] + 1, counts[1], counts[2] + len(equal)], max([most] + [x for _, x in equal])
        print(f'{name:14} {len(equal)} identities, worst {max(x for _, x in equal):.0e}', flush=True)
        if name != 'smollm2': continue
        far = divergence(model, json.load(open(f'{HERE}/smollm2/top48.json')))
        print(f'{name:14} mean KL to llama.cpp, 200 positions: {far:.1e}')
        counts[1] += 1
        if far > 1e-7: bad.append((name, 'KL', far))
    for b in bad: print('FAILED', *b)
    print(f'{counts[0]} models, {counts[1]} goldens, {counts[2]} identities (worst {most:.1e}), {len(bad)} failed')
    return 1 if bad else 0


# ---- write -----------------------------------------------------------------------------------------------------------------

def random(seed, scale, **more):
    return dict(seed=seed, scale=scale, **more)


def edit_cases(model, ids):
    """(label, edits): every editable place and operation; those of places that the model lacks are left out by the caller."""
    n, m, last = len(ids), model.L // 2, model.L - 1
    other = [int(i) for i in np.roll(ids, 3)]
    one = lambda label, name, layer, op, **more: (label, [dict(name=name, **({} if layer is None else dict(layer=layer)), op=op, **more)])
    kv = model.K - 1
    return [
        one('ablate a head', 'z', m, 'zero', head=1),
        one('ablate every head of the first block', 'z', 0, 'zero'),
        one('mean of a head', 'z', m, 'mean', head=0),
        one('scale heads at positions', 'z', m, 'scale', factor=2, positions=[3, 6]),
        one('zero a query', 'q', m, 'zero', head=2),
        one('scale a key head', 'k', 0, 'scale', factor=0.5, head=kv),
        one('mean of a value head', 'v', m, 'mean', head=kv),
        one('mean of values at positions', 'v', last, 'mean', positions=[1, 5]),
        one('add to a rotated query', 'rot_q', m, 'add', head=1, data=random(1, 1)),
        one('set rotated keys at positions', 'rot_k', m, 'set', positions=[2, 4], data=random(2, 1)),
        one('add to scores of a head', 'attn_scores', m, 'add', head=1, data=random(3, 2)),
        one('flatten scores', 'attn_scores', 0, 'scale', factor=0.25),
        one('set scores of a head', 'attn_scores', last, 'set', head=0, data=random(4, 3, causal=True, hidden='-inf')),
        one('set the pattern of a head', 'pattern', 0, 'set', head=1, data=random(5, 0.3, causal=True, positive=True)),
        one('zero the pattern of a head at positions', 'pattern', m, 'zero', head=2, positions=[4, 7]),
        one('halve every pattern', 'pattern', last, 'scale', factor=0.5),
        one('set the stream at positions', 'resid_pre', m, 'set', positions=[2, 4], data=random(6, 1)),
        one('add to the stream between', 'resid_mid', m, 'add', data=random(7, 0.5)),
        one('mean of the stream at positions', 'resid_post', m, 'mean', positions=[1, 5]),
        one('patch the stream from another run', 'resid_post', m, 'set', positions=[3, n], data=dict(ids=other)),
        one('patch a head from another run', 'z', last, 'set', head=1, data=dict(ids=other)),
        one('no attention in a block', 'attn_out', m, 'zero'),
        one('no feed-forward in a block', 'mlp_out', last, 'zero'),
        one('negate a feed-forward at a position', 'mlp_out', 0, 'scale', factor=-1, positions=[n - 1, n]),
        one('add before the activation', 'mlp.pre', m, 'add', data=random(8, 1)),
        one('negate up', 'mlp.pre_linear', m, 'scale', factor=-1),
        one('zero hidden values at positions', 'mlp.post', 0, 'zero', positions=[0, 3]),
        one('double the normalised', 'ln1.normalized', m, 'scale', factor=2),
        one('change the divisor', 'ln1.scale', m, 'scale', factor=2, positions=[2, 6]),
        one('mean of the normalised', 'ln2.normalized', m, 'mean'),
        one('add to the divisor', 'ln2.scale', last, 'add', data=random(9, 0.5, positive=True)),
        one('zero the last normalised at a position', 'ln_final.normalized', None, 'zero', positions=[2, 3]),
        one('halve the last divisor', 'ln_final.scale', None, 'scale', factor=0.5),
        one('set an embedding', 'embed', None, 'set', positions=[1, 2], data=random(10, 1)),
        one('noise on embeddings', 'embed', None, 'add', data=random(11, 0.1)),
        one('no learned positions', 'pos_embed', None, 'zero'),
        one('equal weights of experts', 'expert_weights', m, 'mean'),
        one('set the weights of experts', 'expert_weights', last, 'set', data=random(12, 1, positive=True)),
        one('add to logits', 'logits', None, 'add', data=random(13, 4)),
        ('in their order at one place', [dict(name='resid_post', layer=0, op='set', positions=[2, 5], data=random(14, 1)),
                                         dict(name='resid_post', layer=0, op='mean', positions=[1, 4]),
                                         dict(name='resid_post', layer=0, op='scale', factor=1.5)]),
        ('at several places', [dict(name='z', layer=last, op='zero', head=0), dict(name='z', layer=0, op='mean', head=1),
                               dict(name='mlp_out', layer=0, op='scale', factor=0.5), dict(name='embed', op='scale', factor=1.25)]),
    ]


def rule_cases(model, ids):
    n = len(ids)
    attention = lambda **a: dict(attention=a)
    turned = [int(x) for x in np.argsort(mixed(np.arange(n), 99))]
    far = [int(x) for x in 7 * np.arange(n) - 20]
    rules = [('causal', attention(mask='causal')), ('a prefix', attention(mask='prefix', prefix=4)), ('no mask', attention(mask='none')),
             ('a window', attention(window=4, sinks=0)), ('a window and sinks', attention(window=4, sinks=2)),
             ('positions off', dict(positions='off')), ('permuted positions', dict(positions=dict(ids=turned)))]
    if not model.way['rope']: return rules
    near = [] if model.way.get('norm_last') else [('positions within the cache', attention(window=3, sinks=2, cachePositions=True))]
    return rules + near + [('negative and distant positions', dict(positions=dict(ids=far))),
                    ('another base', dict(positions=dict(ropeBase=500.0))), ('stretched positions', dict(positions=dict(ropeScale=4.0))),
                    ('base and scale', dict(positions=dict(ropeBase=250000.0, ropeScale=0.5))),
                    ('no mask, positions off', dict(attention=dict(mask='none'), positions='off'))]


def tap_lists(model, ids):
    """Every place of every block, and selections of heads and positions."""
    found = run(model, ids)
    places = [s for s in SHORT if full(s, 0) in found and s != 'logits']
    everything = [dict(name=s, **(dict(layer='all') if '.N.' in SHORT[s] else {})) for s in places]
    n, m = len(ids), model.L // 2
    parts = [dict(name='z', layer='all', head=1), dict(name='pattern', layer=m, head=2), dict(name='attn_scores', layer=m, head=0, positions=[2, 6]),
             dict(name='k', layer=m, head=model.K - 1), dict(name='result', layer=m, head=1), dict(name='resid_post', layer='all', positions=[n - 2, n]),
             dict(name='pattern', layer=m, positions=[3, 5]), dict(name='embed', positions=[1, 3])]
    return everything, parts


def present(model, edits):
    found = run(model, [0] * 8)
    return all(full(e['name'], e.get('layer')) in found for e in edits)


def whole(name, source, texts, projections=64, edits=None, block=None, first=4, rest=2):
    """A pair of files: all taps of all texts, with `first` projections a row in the first and `rest` in the others; edits and
    rules on the first one, every `edits`-th of them; `projections` of each row of logits; whole tensors of one `block`."""
    g = Golden(name, source, projections)
    everything, parts = tap_lists(g.model, texts[0])
    for i, text in enumerate(texts):
        g.case('every place', text, [(tap, rest if i else first) for tap in everything])
    g.case('selections', texts[0], [(tap, 4) for tap in parts])
    if block is not None:
        g.case('whole tensors of a block', texts[0], [(dict(name=s, layer=block), 0) for s in SHORT if '.N.' in SHORT[s] and present(g.model, [dict(name=s, layer=0)])])
    for label, list_ in edit_cases(g.model, texts[0])[::edits or 1]:
        if present(g.model, list_):
            taps = [(dict(name=list_[0]['name'], **({'layer': list_[0]['layer']} if 'layer' in list_[0] else {})), 4)]
            g.case(label, texts[0], taps if list_[0]['name'] != 'logits' else (), list_)
    m = g.model.L // 2
    for label, session in rule_cases(g.model, texts[0])[::edits or 1] if not g.model.encoder else []:
        seen = [dict(name='pattern', layer=m), dict(name='attn_scores', layer=0)]
        if not session.get('attention', {}).get('cachePositions'): seen += [dict(name='rot_q', layer=0), dict(name='rot_k', layer=m)]
        g.case(label, texts[0], [(tap, 4) for tap in seen], (), session)
    if not g.model.encoder and not edits:
        g.case('an edit under rules', texts[0], [(dict(name='z', layer=m), 4)], [dict(name='z', layer=0, op='mean', head=1)],
               dict(attention=dict(mask='prefix', prefix=3), positions='off'))
    g.write()


TALES = [[2152, 665, 259, 507, 445, 308, 359, 510, 506], [341, 1701, 353, 274, 260, 470, 736, 12, 589, 345, 371], [1503, 308, 1533, 12, 270, 328, 308, 1253, 14]]
SMOLLM2 = [[6403, 1980, 253, 655, 665, 436, 354, 1573, 4197], [504, 14600, 1137, 288, 260, 1838, 8180, 28, 1690, 351, 549],
           [8113, 436, 11830, 28, 284, 1041, 436, 4016, 30]]
POEMS = [[1330, 341, 318, 283, 383, 685, 310, 354, 288, 456], [312, 267, 262, 306, 263, 606, 401, 263, 470, 1174],
         [276, 746, 262, 552, 549, 326, 326, 401, 895, 512]]
FILES = {
    'smollm2': ('build/models/smollm2-135m-instruct-q4_1.gguf', SMOLLM2, {}),
    'smollm2-f16': ('build/models/smollm2-135m-instruct-f16.gguf', SMOLLM2[:1], dict(edits=4, first=2, projections=32)),
    'tales': ('web/models/tales.gguf', TALES, dict(projections=32)), 'poems': ('web/models/poems.gguf', POEMS, dict(edits=4, projections=32)),
    'position-learned': ('web/models/position-learned.gguf', TALES[:1], dict(edits=5, projections=16)),
    **{name: (f'tests/golden/arch/{name}.gguf', [json.load(open(f'{HERE}/arch/ids.json'))[:12]], dict(projections=8, **more))
       for name, more in [('llama', dict(block=1)), *((name, {}) for name in 'gpt2 gptneox gemma3 qwen3 olmo2 falcon bert llama-moe maincoder'.split())]},
}


def write(names):
    """Names of FILES; without any, all whose model is there."""
    for name in names or FILES:
        source, texts, more = FILES[name]
        if os.path.exists(f'{ROOT}/{source}'): whole(name, source, texts, **more)
        else: print(f'{name}: skipped, {source} is not there')
    sizes = [os.path.getsize(f'{HERE}/inside/{f}') for f in os.listdir(f'{HERE}/inside')]
    print(f'{len(sizes)} files, {sum(sizes)} bytes')


def to_f16(source, target):
    r = gguf.GGUFReader(source)
    w = gguf.GGUFWriter(target, r.fields['general.architecture'].contents())
    for k, f in r.fields.items():
        if k.startswith('GGUF.') or k in ('general.architecture', 'general.file_type'): continue
        w.add_key_value(k, f.contents(), f.types[0], f.types[-1] if len(f.types) > 1 else None)
    w.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    for t in r.tensors:
        x = gguf.quants.dequantize(t.data, t.tensor_type).reshape(t.shape[::-1])
        w.add_tensor(t.name, x.astype(np.float32 if x.ndim < 2 else np.float16))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()



def main():
    command, args = sys.argv[1] if len(sys.argv) > 1 else '', sys.argv[2:]
    if command == 'check' and not args: return check()
    if command == 'write': return write(args)
    if command == 'f16' and len(args) == 2: return to_f16(*args)
    print(__doc__)
    return 2


if __name__ == '__main__': sys.exit(main())
