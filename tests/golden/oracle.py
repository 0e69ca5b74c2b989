#!/usr/bin/env python3
"""oracle.py - captures reference answers from llama.cpp, an implementation independent of this project.

Needs PyPI: gguf, numpy, llama-cpp-python (built from source, about 15 minutes on 2 cores). The tests
do not need this program: they read the captured answers in this folder.

  oracle.py make ARCH OUT.gguf [--seed N] [--type f32|f16|bf16|q8_0|q4_0|q4_1|q5_0|q5_1] [--set key=value ...]
                                      a tiny random-weight model of an architecture (see ARCHS), without a tokenizer
  oracle.py quantize IN OUT TYPE      llama.cpp's own quantiser (F32 Q8_0 Q4_K_M Q5_K_M Q6_K Q2_K Q3_K_M …)
  oracle.py logits MODEL IDS OUT.f32  logits for every position, float32 little-endian [n_tokens][n_vocab]; IDS: 1,2,3 or N@SEED
  oracle.py rank MODEL IDS OUT.json [--texts QUERY TEXT …]   a reranker's scores
  oracle.py greedy MODEL TEXT N       JSON: prompt ids, N greedy ids, text; --special parses special tokens in TEXT
  oracle.py tokenize MODEL FILE       JSON: ids of each case in FILE (cases separated by a line __ggml_vocab_test__)
  oracle.py top MODEL FILE N K OUT    JSON: for the first N tokens of FILE, ids, K best ids and natural-log probabilities, and log p of the next token
  oracle.py kld MODEL REF.gguf FILE N mean KL(REF ‖ MODEL), top-1 agreement over the first N tokens of FILE
The logits run with an f32 KV cache and without flash attention.
"""
import argparse, ctypes, json, math, os, sys

# dims: d model, ff feed-forward, H heads, K kv heads, hd head size, V vocabulary, L layers, C trained context
BASE = dict(d=32, ff=96, H=4, K=2, hd=8, V=160, L=3, C=128)
ARCHS = {
    'llama': {}, 'llama3-rope': {}, 'llama-linear': {}, 'llama-yarn': {}, 'llama-untied': {}, 'qwen2': {}, 'qwen3': dict(hd=12), 'gpt2': dict(K=4),
    'gptneox': dict(K=4), 'gptneox-seq': dict(K=4), 'phi2': dict(K=4), 'phi3': {}, 'gemma': dict(K=1, hd=16), 'gemma2': dict(hd=12), 'gemma3': dict(hd=16, L=7),
    'starcoder2': {}, 'stablelm': dict(K=4), 'olmo2': dict(K=4), 'smollm3': dict(L=5), 'bloom': dict(K=4),
    'llama-bias': {}, 'llama-moe': dict(E=4, used=2, ff=32), 'phi3-short': dict(C=512), 'phi3-long': {}, 'olmo3': dict(K=4, L=4, ff=64), 'falcon': dict(K=1), 'falcon-2norms': {},
    'mpt': dict(K=6, H=6, d=48, ff=64), 'granite': {}, 'command-r': {}, 'granitemoe': dict(L=2, E=5, used=2, ff=32, shared=40), 'lfm2': dict(L=4, C=512),
    'qwen2moe': dict(L=2, E=5, used=3, ffe=32, shared=48), 'qwen3moe': dict(L=2, hd=12, E=6, used=2, ffe=32), 'olmoe': dict(L=2, K=4, E=6, used=2, ff=32),
    'bert': dict(K=4), 'bert-untyped': dict(d=48, H=3, K=3, hd=16, ff=80, L=2, C=64), 'nomic-bert': dict(K=4, L=2), 'qwen3-encoder': dict(hd=12, L=2),
    'internlm2': {}, 'ernie4_5': {}, 'exaone': {}, 'exaone4': {}, 'exaone4-window': dict(d=16, ff=16, H=2, K=1, L=64), 'orion': {}, 'xverse': {}, 'glm4': dict(hd=16), 'nanbeige': {}, 'hunyuan-dense': dict(hd=12), 'maincoder': {}, 'arcee': {},
    'qwen35': dict(hd=12, ff=48, kernel=4, state=8, groups=2, heads=4, inner=32, interval=2, nextn=1),
    'mamba': dict(C=512, ff=0, H=0, kernel=4, state=8, heads=8, inner=64), 'mamba2': dict(ff=0, H=0, kernel=4, state=8, groups=2, heads=4, inner=64),
    'granitehybrid': dict(L=3, ff=48, kernel=4, state=8, groups=1, heads=4, inner=64), 'falcon-h1': dict(ff=32, hd=12, kernel=4, state=8, groups=2, heads=6, inner=48),
    'modern-bert': dict(K=4, L=4, ff=32), 'modern-bert-silu': dict(d=24, H=3, K=3, ff=32, L=2), 'gemma-embedding': dict(K=1, hd=16, L=3, ff=32, dense=72), 'jina-bert-v2': dict(d=36, H=6, K=6, hd=6, ff=48, L=2),
    'jina-bert-v2-fused': dict(K=4, ff=32, L=2), 'jina-bert-v3': dict(K=4, ff=48, L=2), 'nomic-bert-moe': dict(K=4, L=2, E=4, used=2, ff=32), 'neo-bert': dict(K=4, L=2, ff=48), 'eurobert': dict(L=2, ff=32), 'llama-embed': dict(L=2, ff=32),
}
RERANKERS = {'bert-rank': dict(K=4, L=1, ff=32), 'modern-bert-rank': dict(K=4, L=2, ff=32), 'jina-bert-v2-rank': dict(K=4, L=1, ff=32), 'qwen3-rank': dict(L=1, ff=32)}  # models of ARCHS with a classification head
ARCHS.update(RERANKERS)
TEMPLATE = '[CLS] the word: {query}[SEP]the house: {document}[SEP]play'  # of qwen3-rank; as Qwen3-Reranker's, its text and special tokens are around both
ENCODERS = {'bert': 'CLS', 'bert-untyped': 'MEAN', 'nomic-bert': 'MEAN', 'qwen3-encoder': 'LAST',
            'modern-bert': 'CLS', 'modern-bert-silu': 'MEAN', 'gemma-embedding': 'MEAN', 'jina-bert-v2': 'MEAN', 'jina-bert-v2-fused': 'MEAN', 'jina-bert-v3': 'MEAN', 'nomic-bert-moe': 'MEAN', 'neo-bert': 'CLS',
            'eurobert': 'MEAN', 'llama-embed': 'MEAN'}  # pooling in each file
# a WordPiece vocabulary: ▁ begins a word
WORDS = ('[PAD] [UNK] [CLS] [SEP] [MASK] ' + ' '.join(f'▁{c} {c}' for c in 'abcdefghijklmnopqrstuvwxyz') + ' ' + ' '.join('▁' + c for c in '0123456789.,!?-接龍') +
         ' ▁the ▁and ▁once ▁upon ▁time ▁king ▁queen ▁wolf ▁forest ▁old ▁young ▁man ▁woman ▁house ▁water ▁fire ▁went ▁said ▁was ▁had ▁in ▁to ▁of ▁it ▁he ▁she ▁they ▁his ▁her'
         ' ing ed er est ly ness ful less un re th en on an ▁un ▁re ▁sleep ▁walk ▁speak ▁little ▁great ▁gold ▁silver ▁word ▁chain ▁play ▁game ▁next ▁token ▁star ▁moon ▁sun ▁rain ▁wind ▁tree ▁stone ▁bread ▁ship ▁sea'
         ' ▁day ▁night ▁light ▁dark ▁red ▁green ▁blue ▁white ▁black ar or al ity ion ▁hand ▁heart ▁head ▁foot').split()

LAYER_NORM = ('gpt2', 'gptneox', 'phi2', 'starcoder2', 'stablelm', 'bloom', 'falcon', 'mpt', 'command-r', 'bert', 'nomic-bert', 'orion', 'modern-bert', 'jina-bert-v2', 'jina-bert-v3', 'nomic-bert-moe')
NO_BIAS = ('command-r', 'modern-bert')
POST_NORM = ('bert', 'nomic-bert', 'jina-bert-v2', 'jina-bert-v3', 'nomic-bert-moe')

def tensors(name, s, rng):
    """The tensor table of one architecture: {name: array} in numpy order (rows first), plus metadata setter calls."""
    import numpy as np
    d, ff, H, K, hd, V, L, C = (s[k] for k in ('d', 'ff', 'H', 'K', 'hd', 'V', 'L', 'C'))
    q, kv = H * hd, K * hd
    T = {}
    def w(n, *shape, std=None): T[n] = rng.standard_normal(shape).astype(np.float32) * np.float32(std or 1.5 / math.sqrt(shape[-1]))
    def norm(n, size, bias=False):
        T[n + '.weight'] = (1 + 0.2 * rng.standard_normal(size)).astype(np.float32)
        if bias and arch not in NO_BIAS: T[n + '.bias'] = (0.1 * rng.standard_normal(size)).astype(np.float32)
    def bias(n, size): T[n + '.bias'] = (0.2 * rng.standard_normal(size)).astype(np.float32)
    whole = {'olmo3': 'olmo2', 'modern-bert-silu': 'modern-bert', 'jina-bert-v2-fused': 'jina-bert-v2'}.get(name, name.removesuffix('-rank'))
    arch = whole if whole in ('command-r', 'olmo2', 'nomic-bert', 'falcon-h1', 'hunyuan-dense', 'modern-bert', 'gemma-embedding', 'jina-bert-v2', 'jina-bert-v3', 'nomic-bert-moe', 'neo-bert', 'llama-embed') else name.split('-')[0]
    if name == 'llama3-rope': arch = 'llama'
    ln = arch in LAYER_NORM
    E, conv = s.get('E', 0), arch == 'lfm2'
    w('token_embd.weight', V, d, std=0.6)
    if arch == 'gpt2': w('position_embd.weight', C, d, std=0.3)
    if arch == 'bloom': norm('token_embd_norm', d, True)
    bert = arch in POST_NORM
    if arch == 'bert': w('position_embd.weight', C, d, std=0.3)
    if bert and name != 'bert-untyped': w('token_types.weight', 2, d, std=0.3)
    if arch == 'modern-bert': norm('token_embd_norm', d, ln)
    norm('token_embd_norm' if conv or bert else 'enc.output_norm' if arch == 'neo-bert' else 'output_norm', d, ln)
    if name in RERANKERS:
        if name != 'qwen3-rank': w('cls.weight', 1 if arch == 'jina-bert-v2' else d, d)
        if name == 'bert-rank': bias('cls', d); bias('cls.output', 1)
        if name == 'jina-bert-v2-rank': bias('cls', 1)
        else: w('cls.output.weight', 2 if arch == 'qwen3' else 1, d)
        if name == 'modern-bert-rank': norm('cls.norm', d)
    if 'dense' in s: w('dense_2.weight', s['dense'], d); w('dense_3.weight', d, s['dense'])
    if name in ('olmo3', 'qwen2moe', 'olmoe', 'internlm2', 'orion', 'xverse', 'llama-untied', 'gptneox', 'gptneox-seq', 'phi2', 'stablelm', 'olmo2'): w('output.weight', V, d)
    if arch == 'phi2': bias('output', V)
    if name in ('llama3-rope', 'exaone', 'exaone4-window'): T['rope_freqs.weight'] = np.linspace(1, 8, hd // 2).astype(np.float32)
    if name.startswith('phi3-'):
        for n, last in (('short', 3), ('long', 9)): T[f'rope_factors_{n}.weight'] = np.linspace(1, last, hd // 2).astype(np.float32)
    for i in range(L + s.get('nextn', 0)):
        b = f'blk.{i}.'
        if i >= L: w(b + 'nextn.eh_proj.weight', d, 2 * d); norm(b + 'nextn.enorm', d); norm(b + 'nextn.hnorm', d)
        if arch not in ('olmo2', 'exaone4') and not bert and (arch != 'modern-bert' or i > 0): norm(b + 'attn_norm', d, ln)
        if name == 'falcon-2norms': norm(b + 'attn_norm_2', d, ln)
        recurrent = arch == 'qwen35' and i < L and i % s['interval'] != s['interval'] - 1 or arch == 'granitehybrid' and i != 1 or arch in ('mamba', 'mamba2')
        if arch == 'mamba':
            inner, heads, state = s['inner'], s['heads'], s['state']
            w(b + 'ssm_in.weight', 2 * inner, d); w(b + 'ssm_conv1d.weight', inner, s['kernel'], std=0.6); bias(b + 'ssm_conv1d', inner); w(b + 'ssm_x.weight', heads + 2 * state, inner)
            w(b + 'ssm_dt.weight', inner, heads); bias(b + 'ssm_dt', inner); w(b + 'ssm_out.weight', d, inner)
            T[b + 'ssm_a'] = -np.exp(rng.standard_normal((inner, state)) - 1).astype(np.float32); T[b + 'ssm_d'] = rng.standard_normal(inner).astype(np.float32)
        elif arch in ('mamba2', 'falcon-h1') or arch == 'granitehybrid' and recurrent:
            inner, heads, groups = s['inner'], s['heads'], s['groups']; channels = inner + 2 * groups * s['state']
            w(b + 'ssm_in.weight', inner + channels + heads, d); w(b + 'ssm_conv1d.weight', channels, s['kernel'], std=0.6); bias(b + 'ssm_conv1d', channels); bias(b + 'ssm_dt', heads); w(b + 'ssm_out.weight', d, inner)
            T[b + 'ssm_a'] = -np.exp(rng.standard_normal((heads, 1)) - 1).astype(np.float32); T[b + 'ssm_d'] = rng.standard_normal((heads, 1)).astype(np.float32)
            if arch != 'falcon-h1': T[b + 'ssm_norm.weight'] = (1 + 0.2 * rng.standard_normal((groups, inner // groups))).astype(np.float32)
        if arch in ('mamba', 'mamba2'): continue
        if arch == 'granitehybrid' and recurrent: pass
        elif recurrent:
            channels, inner, heads = s['inner'] + 2 * s['groups'] * s['state'], s['inner'], s['heads']
            w(b + 'attn_qkv.weight', channels, d); w(b + 'attn_gate.weight', inner, d); w(b + 'ssm_conv1d.weight', channels, s['kernel'], std=0.6)
            w(b + 'ssm_alpha.weight', heads, d); w(b + 'ssm_beta.weight', heads, d); w(b + 'ssm_out.weight', d, inner); norm(b + 'ssm_norm', s['state']); bias(b + 'ssm_dt', heads)
            T[b + 'ssm_a'] = -np.exp(rng.standard_normal(heads) - 2).astype(np.float32)
        elif conv and i % 3 != 2:
            w(b + 'shortconv.conv.weight', d, 3, std=0.6); w(b + 'shortconv.in_proj.weight', 3 * d, d); w(b + 'shortconv.out_proj.weight', d, d)
        elif arch in ('gpt2', 'gptneox', 'bloom', 'phi3', 'phi2', 'falcon', 'mpt', 'nomic-bert', 'modern-bert', 'jina-bert-v3', 'nomic-bert-moe', 'neo-bert'):
            w(b + 'attn_qkv.weight', q + 2 * kv, d)
            if arch not in ('phi3', 'falcon', 'mpt', 'nomic-bert', 'modern-bert', 'neo-bert'): bias(b + 'attn_qkv', q + 2 * kv)
        else:
            for n, size in (('q', q), ('k', kv), ('v', kv)):
                w(b + f'attn_{n}.weight', 2 * size if arch == 'qwen35' and n == 'q' else size, d)
                if arch in ('qwen2', 'starcoder2', 'qwen2moe', 'bert', 'glm4', 'jina-bert-v2') or name == 'llama-bias': bias(b + f'attn_{n}', size)
        if arch in ('qwen3', 'gemma3', 'qwen3moe', 'exaone4', 'hunyuan-dense', 'maincoder', 'gemma-embedding') or conv and i % 3 == 2 or arch == 'qwen35' and not recurrent: norm(b + 'attn_q_norm', hd); norm(b + 'attn_k_norm', hd)
        if arch in ('olmo2', 'olmoe'): norm(b + 'attn_q_norm', q); norm(b + 'attn_k_norm', kv)
        if name == 'jina-bert-v2-fused': norm(b + 'attn_q_norm', q, True); norm(b + 'attn_k_norm', kv, True)
        if not recurrent and (not conv or i % 3 == 2): w(b + 'attn_output.weight', d, q)
        if arch in ('gpt2', 'gptneox', 'bloom', 'phi2', 'starcoder2', 'bert', 'jina-bert-v2', 'jina-bert-v3', 'nomic-bert-moe') or name == 'llama-bias': bias(b + 'attn_output', d)
        if bert: norm(b + 'attn_output_norm', d, True); norm(b + 'layer_output_norm', d, True)
        if arch in ('gemma2', 'gemma3', 'olmo2', 'exaone4', 'glm4', 'gemma-embedding'): norm(b + 'post_attention_norm', d); norm(b + 'post_ffw_norm', d)
        if arch == 'falcon-h1': T[b + 'ffn_norm'] = (1 + 0.2 * rng.standard_normal(d)).astype(np.float32)
        elif arch not in ('phi2', 'olmo2', 'exaone4', 'falcon', 'command-r') and not bert: norm(b + ('post_attention_norm' if arch == 'qwen35' else 'ffn_norm'), d, ln)
        gated = arch in ('llama', 'qwen2', 'qwen3', 'gemma', 'gemma2', 'gemma3', 'stablelm', 'olmo2', 'smollm3', 'granite', 'command-r', 'lfm2', 'nomic-bert',
                         'internlm2', 'ernie4_5', 'exaone', 'exaone4', 'orion', 'xverse', 'nanbeige', 'hunyuan-dense', 'maincoder', 'qwen35', 'granitehybrid', 'falcon-h1', 'gemma-embedding', 'eurobert', 'llama-embed') or name in ('jina-bert-v2', 'jina-bert-v2-rank')
        if E and (arch != 'nomic-bert-moe' or i % 2 == 1):
            ffe, shared = s.get('ffe', ff), s.get('shared', 0)
            w(b + 'ffn_gate_inp.weight', E, d, std=0.5)
            for n, rows, cols in (('gate', ffe, d), ('up', ffe, d), ('down', d, ffe))[arch == 'nomic-bert-moe':]: w(b + f'ffn_{n}_exps.weight', E, rows, cols)
            for n, rows, cols in (('gate', shared, d), ('up', shared, d), ('down', d, shared)):
                if shared: w(b + f'ffn_{n}_shexp.weight', rows, cols)
            if arch == 'qwen2moe': T[b + 'ffn_gate_inp_shexp.weight'] = rng.standard_normal(d).astype(np.float32) * np.float32(0.3)
            continue
        if gated: w(b + 'ffn_gate.weight', ff, d)
        w(b + 'ffn_up.weight', 2 * ff if arch in ('phi3', 'glm4', 'modern-bert', 'neo-bert') or name == 'jina-bert-v2-fused' else ff, d); w(b + 'ffn_down.weight', d, ff)
        if arch in ('gpt2', 'gptneox', 'bloom', 'phi2', 'starcoder2', 'bert', 'jina-bert-v3', 'nomic-bert-moe') or name == 'llama-bias': bias(b + 'ffn_up', ff)
        if b + 'ffn_up.bias' in T or arch == 'jina-bert-v2': bias(b + 'ffn_down', d)
    return arch, T

def make(a):
    import numpy as np, gguf
    s = dict(BASE, **ARCHS[a.arch])
    for kv in a.set or []:
        k, v = kv.split('='); s[k] = int(v)
    arch, T = tensors(a.arch, s, np.random.default_rng(a.seed))
    g = gguf.GGUFWriter(a.out, arch)
    g.add_name(f'random {a.arch}'); g.add_context_length(s['C']); g.add_embedding_length(s['d']); g.add_block_count(s['L'] + s.get('nextn', 0))
    g.add_feed_forward_length(s['ff']); g.add_head_count(s['H']); g.add_head_count_kv([s['K'] if i % 3 == 2 else 0 for i in range(s['L'])] if arch == 'lfm2' else [s['K'] if i == 1 else 0 for i in range(s['L'])] if arch == 'granitehybrid' else s['K'] if s['H'] else 0); g.add_vocab_size(s['V'])
    if arch in LAYER_NORM: g.add_layer_norm_eps(1e-5)
    else: g.add_layer_norm_rms_eps(1e-6)
    if s['H'] and s['hd'] * s['H'] != s['d'] or arch in ('gemma', 'gemma2', 'gemma3', 'gemma-embedding'): g.add_key_length(s['hd']); g.add_value_length(s['hd'])
    rot = {'gptneox': s['hd'] // 4 * 2, 'phi2': s['hd'] // 2, 'stablelm': s['hd'] // 4, 'glm4': s['hd'] // 2, 'qwen35': 8}.get(arch, s['hd'])
    if arch not in ('gpt2', 'bloom', 'mpt', 'bert', 'jina-bert-v2', 'mamba', 'mamba2'): g.add_rope_dimension_count(rot); g.add_rope_freq_base({'gemma3': 1e6, 'nomic-bert': 1e3, 'modern-bert': 1.6e5, 'gemma-embedding': 1e6}.get(arch, 1e4))
    if a.arch in ('llama-linear', 'llama-yarn'):
        g.add_rope_scaling_type(gguf.RopeScalingType.LINEAR if a.arch == 'llama-linear' else gguf.RopeScalingType.YARN)
        g.add_rope_scaling_factor(4.0); g.add_rope_scaling_orig_ctx_len(s['C'] // 4)
    if arch == 'gptneox': g.add_parallel_residual(a.arch == 'gptneox')
    if arch == 'gemma2': g.add_attn_logit_softcapping(5.0); g.add_final_logit_softcapping(3.0); g.add_sliding_window(8)
    if arch == 'gemma3' or a.arch in ('olmo3', 'exaone4-window'): g.add_sliding_window(8)
    if arch in ('modern-bert', 'gemma-embedding') and a.arch != 'modern-bert-silu': g.add_sliding_window(10)
    if arch == 'gemma-embedding': g.add_sliding_window_pattern(3)
    if a.arch == 'modern-bert': g.add_rope_freq_base_swa(300.0)
    if a.arch == 'modern-bert-silu': g.add_string('modern-bert.hidden_activation', 'silu')
    if 'dense' in s:
        for n, size in (('2_feat_in', s['d']), ('2_feat_out', s['dense']), ('3_feat_in', s['dense']), ('3_feat_out', s['d'])): g.add_uint32(f'gemma-embedding.dense_{n}', size)
    if arch == 'nomic-bert-moe': g.add_moe_every_n_layers(2)
    if a.arch == 'exaone4-window': g.add_sliding_window_pattern([i % 4 != 3 for i in range(s['L'])])
    if a.arch == 'olmo3':
        g.add_rope_scaling_type(gguf.RopeScalingType.YARN); g.add_rope_scaling_factor(4.0); g.add_rope_scaling_orig_ctx_len(s['C'] // 4)
    if a.arch.startswith('phi3-'):
        g.add_rope_scaling_attn_factors(1.19); g.add_rope_scaling_orig_ctx_len(s['C'] if a.arch == 'phi3-short' else 16)
    if arch == 'mpt': g.add_max_alibi_bias(8.0); g.add_clamp_kqv(1.5)
    if arch in ('granite', 'granitemoe', 'granitehybrid'):
        g.add_embedding_scale(12.0); g.add_residual_scale(0.22); g.add_attention_scale(0.2); g.add_logit_scale(8.0)
    if arch == 'command-r': g.add_logit_scale(0.0625)
    if arch == 'lfm2': g.add_shortconv_l_cache(3)
    if arch == 'qwen35': g.add_rope_dimension_sections([2, 1, 1, 0]); g.add_full_attention_interval(s['interval']); g.add_nextn_predict_layers(s['nextn'])
    if 'kernel' in s:
        g.add_ssm_conv_kernel(s['kernel']); g.add_ssm_inner_size(s['inner']); g.add_ssm_state_size(s['state']); g.add_ssm_time_step_rank(s['heads'])
    if 'groups' in s: g.add_ssm_group_count(s['groups'])
    if 'E' in s: g.add_expert_count(s['E']); g.add_expert_used_count(s['used'])
    if 'ffe' in s: g.add_expert_feed_forward_length(s['ffe'])
    if 'shared' in s: g.add_expert_shared_feed_forward_length(s['shared'])
    if a.arch in ENCODERS: g.add_causal_attention(False); g.add_pooling_type(gguf.PoolingType[ENCODERS[a.arch]])
    if a.arch in RERANKERS:
        g.add_pooling_type(gguf.PoolingType.RANK)
        if arch != 'qwen3': g.add_causal_attention(False)
        if arch == 'qwen3': g.add_classifier_output_labels(['yes', 'no'])
    if arch in POST_NORM: g.add_token_type_count(2)
    if a.arch == 'qwen3-rank': g.add_string('tokenizer.chat_template.rerank', TEMPLATE)
    if arch in ('bert', 'nomic-bert') or a.arch == 'qwen3-rank':
        g.add_tokenizer_model('bert'); g.add_tokenizer_pre('default'); g.add_token_list(WORDS); g.add_token_types([3] * 5 + [1] * (len(WORDS) - 5))
        for n, i in (('unknown', 1), ('bos', 2), ('seperator', 3), ('mask', 4), ('padding', 0)): g.add_uint32(f'tokenizer.ggml.{n}_token_id', i)
    else: g.add_string('tokenizer.ggml.model', 'none')
    for n, t in T.items():
        if a.type == 'f32' or t.ndim < 2 or n in ('position_embd.weight', 'token_types.weight') or 'conv1d' in n or 'ssm_a' in n[-6:] or 'ssm_d' in n[-6:] or 'ssm_norm' in n: g.add_tensor(n, t); continue
        qt = gguf.GGMLQuantizationType[a.type.upper()]
        g.add_tensor(n, gguf.quants.quantize(t, qt), raw_dtype=qt)
    g.write_header_to_file(); g.write_kv_data_to_file(); g.write_tensors_to_file(); g.close()

class Ref:
    """A llama.cpp model and context through the C API."""
    def __init__(self, path, n_ctx=512, threads=2, vocab_only=False, pooling=None):
        import llama_cpp as L
        self.L = L
        cb = L.llama_log_callback(lambda *_: None); self._cb = cb; L.llama_log_set(cb, ctypes.c_void_p(0))
        L.llama_backend_init()
        mp = L.llama_model_default_params(); mp.n_gpu_layers = 0; mp.vocab_only = vocab_only
        self.model = L.llama_model_load_from_file(path.encode(), mp)
        if not self.model: sys.exit(f'llama.cpp refuses {path}')
        self.vocab = L.llama_model_get_vocab(self.model); self.nv = L.llama_vocab_n_tokens(self.vocab)
        if vocab_only: return
        cp = L.llama_context_default_params(); cp.n_ctx = n_ctx; cp.n_batch = n_ctx; cp.n_ubatch = n_ctx
        cp.n_threads = cp.n_threads_batch = threads; cp.type_k = cp.type_v = 0; cp.flash_attn_type = 0
        if hasattr(cp, 'swa_full'): cp.swa_full = True
        if pooling: cp.embeddings = True; cp.pooling_type = pooling  # -1: the pooling of the file
        self.ctx = L.llama_init_from_model(self.model, cp)
        if pooling: L.llama_set_embeddings(self.ctx, True)  # again: a newer library has other places in cp
    def tokenize(self, text, special=False, bos=True):
        b = text.encode(); n = len(b) + 16; out = (self.L.llama_token * n)()
        return list(out[:self.L.llama_tokenize(self.vocab, b, len(b), out, n, bos, special)])
    def text(self, ids):
        out = b''
        for t in ids:
            buf = (ctypes.c_char * 256)(); k = self.L.llama_token_to_piece(self.vocab, t, buf, 256, 0, True); out += buf.raw[:k]
        return out.decode(errors='replace')
    def eval(self, ids, pos=0, every=True):
        import numpy as np
        b = self.L.llama_batch_init(len(ids), 0, 1); b.n_tokens = len(ids)
        for i, t in enumerate(ids):
            b.token[i] = t; b.pos[i] = pos + i; b.n_seq_id[i] = 1; b.seq_id[i][0] = 0; b.logits[i] = 1 if every or i == len(ids) - 1 else 0
        if self.L.llama_decode(self.ctx, b): sys.exit('llama_decode failed')
        rows = range(len(ids)) if every else [len(ids) - 1]
        r = np.stack([np.ctypeslib.as_array(self.L.llama_get_logits_ith(self.ctx, i), (self.nv,)).copy() for i in rows])
        self.L.llama_batch_free(b); return r

    def embed(self, ids, raw=False):
        import numpy as np
        memory = self.L.llama_get_memory(self.ctx)  # a decoder's; None in encoders
        if memory: self.L.llama_memory_clear(memory, True)
        b = self.L.llama_batch_init(len(ids), 0, 1); b.n_tokens = len(ids)
        for i, t in enumerate(ids): b.token[i] = t; b.pos[i] = i; b.n_seq_id[i] = 1; b.seq_id[i][0] = 0; b.logits[i] = 1
        if self.L.llama_decode(self.ctx, b): sys.exit('llama_decode failed')
        if raw: x = float(self.L.llama_get_embeddings_seq(self.ctx, 0)[0]); self.L.llama_batch_free(b); return x  # a reranker's score
        x = np.ctypeslib.as_array(self.L.llama_get_embeddings_seq(self.ctx, 0), (self.L.llama_model_n_embd(self.model),)).astype(np.float64)
        self.L.llama_batch_free(b); return x / np.sqrt((x * x).sum())

def ids_of(spec, nv):
    if '@' in spec:
        import numpy as np
        n, seed = map(int, spec.split('@')); return [int(x) for x in np.random.default_rng(seed).integers(0, nv, n)]
    return [int(x) for x in spec.split(',')]

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest='cmd', required=True)
    s = sub.add_parser('make'); s.add_argument('arch', choices=ARCHS); s.add_argument('out'); s.add_argument('--seed', type=int, default=1)
    s.add_argument('--type', default='f32'); s.add_argument('--set', nargs='*')
    s = sub.add_parser('quantize'); s.add_argument('src'); s.add_argument('out'); s.add_argument('type'); s.add_argument('--pure', action='store_true', help='every matrix in this type')
    s = sub.add_parser('logits'); s.add_argument('model'); s.add_argument('ids'); s.add_argument('out')
    s = sub.add_parser('embed', help='mean, cls and last, of length 1'); s.add_argument('model'); s.add_argument('ids'); s.add_argument('out')
    s = sub.add_parser('texts', help='JSON: ids and the vector, pooled as the file asks, of each text'); s.add_argument('model'); s.add_argument('out'); s.add_argument('text', nargs='+')
    s = sub.add_parser('rank', help='JSON: the score of ids; with --texts QUERY TEXT… the ids and scores of texts'); s.add_argument('model'); s.add_argument('ids'); s.add_argument('out'); s.add_argument('--texts', nargs='+')
    s = sub.add_parser('greedy'); s.add_argument('model'); s.add_argument('text'); s.add_argument('n', type=int); s.add_argument('--special', action='store_true')
    s = sub.add_parser('tokenize'); s.add_argument('model'); s.add_argument('file'); s.add_argument('--special', action='store_true')
    s = sub.add_parser('top'); s.add_argument('model'); s.add_argument('file'); s.add_argument('n', type=int); s.add_argument('k', type=int); s.add_argument('out')
    s = sub.add_parser('kld'); s.add_argument('model'); s.add_argument('ref'); s.add_argument('file'); s.add_argument('n', type=int)
    a = p.parse_args()
    if a.cmd == 'make': return make(a)
    if a.cmd == 'quantize':
        import llama_cpp as L
        quiet = L.llama_log_callback(lambda *_: None); L.llama_log_set(quiet, ctypes.c_void_p(0))
        qp = L.llama_model_quantize_default_params(); qp.allow_requantize = True; qp.nthread = 2; qp.pure = a.pure
        table = dict(F32='ALL_F32', F16='MOSTLY_F16', BF16='MOSTLY_BF16')
        qp.ftype = getattr(L, 'LLAMA_FTYPE_' + table.get(a.type, 'MOSTLY_' + a.type))
        sys.exit(L.llama_model_quantize(a.src.encode(), a.out.encode(), ctypes.byref(qp)))
    if a.cmd == 'logits':
        r = Ref(a.model); ids = ids_of(a.ids, r.nv); m = r.eval(ids); m.astype('<f4').tofile(a.out); print(json.dumps(dict(ids=ids, shape=m.shape))); return
    if a.cmd == 'embed':
        import numpy as np
        rows = []
        for pooling in (1, 2, 3): r = Ref(a.model, pooling=pooling); rows.append(r.embed(ids_of(a.ids, r.nv)))
        np.stack(rows).astype('<f4').tofile(a.out); return
    if a.cmd == 'texts':
        r = Ref(a.model, pooling=-1); rows = [dict(text=x, ids=r.tokenize(x)) for x in a.text]
        for x in rows: x['vector'] = [float('%.9g' % v) for v in r.embed(x['ids'])]
        json.dump(rows, open(a.out, 'w'), ensure_ascii=False, indent=0); return
    if a.cmd == 'rank':
        r = Ref(a.model, pooling=4); ids = ids_of(a.ids, r.nv); out = dict(ids=ids, score=r.embed(ids, raw=True))
        if a.texts:  # as llama.cpp's server joins them (format_prompt_rerank)
            v, L = r.vocab, r.L; plain = lambda x: r.tokenize(x, bos=False)
            end = L.llama_vocab_eos(v); end = end if end >= 0 else L.llama_vocab_sep(v); eos = [end] if L.llama_vocab_get_add_eos(v) else []
            first, between = [L.llama_vocab_bos(v)] if L.llama_vocab_get_add_bos(v) else [], eos + ([L.llama_vocab_sep(v)] if L.llama_vocab_get_add_sep(v) else [])
            query, *texts = a.texts; out['query'] = query; out['texts'] = []
            template = L.llama_model_chat_template(r.model, b'rerank')
            for x in texts:
                row = r.tokenize(template.decode().replace('{query}', query).replace('{document}', x), True, False) if template else first + plain(query) + between + plain(x) + eos
                out['texts'].append(dict(text=x, ids=row, score=r.embed(row, raw=True)))
        json.dump(out, open(a.out, 'w'), ensure_ascii=False, indent=0); return
    if a.cmd == 'greedy':
        r = Ref(a.model, 2048); ids = r.tokenize(a.text, a.special); out = []; row = r.eval(ids, every=False)[0]; pos = len(ids); margin = []
        for _ in range(a.n):
            t = int(row.argmax()); two = row.copy(); two[t] = -1e30; margin.append(round(float(row[t] - two.max()), 4)); out.append(t); row = r.eval([t], pos)[0]; pos += 1
        print(json.dumps(dict(text=a.text, ids=ids, greedy=out, margin=margin, out=r.text(out)), ensure_ascii=False)); return
    if a.cmd == 'tokenize':
        r = Ref(a.model, vocab_only=True); cases = open(a.file, encoding='utf-8', newline='').read().split('\n__ggml_vocab_test__\n')
        print(json.dumps([dict(text=c, ids=r.tokenize(c, a.special, False)) for c in cases], ensure_ascii=False, indent=0)); return
    if a.cmd == 'top':
        import numpy as np
        text = open(a.file, encoding='utf-8').read(); r = Ref(a.model, a.n + 1); ids = r.tokenize(text)[:a.n + 1]
        x = r.eval(ids[:a.n]).astype(np.float64); lp = x - x.max(1, keepdims=True); lp -= np.log(np.exp(lp).sum(1, keepdims=True))
        best = np.argsort(-lp, axis=1)[:, :a.k]; rows = [dict(ids=b.tolist(), logp=[round(float(v), 5) for v in lp[i][b]], next=round(float(lp[i][ids[i + 1]]), 5)) for i, b in enumerate(best)]
        json.dump(dict(ids=ids, rows=rows), open(a.out, 'w')); print('perplexity', math.exp(-sum(q['next'] for q in rows) / a.n)); return
    if a.cmd == 'kld':
        import numpy as np
        text = open(a.file, encoding='utf-8').read(); r = Ref(a.ref, a.n); ids = r.tokenize(text)[:a.n]
        x = r.eval(ids).astype(np.float64); y = Ref(a.model, a.n).eval(ids).astype(np.float64)
        lp = x - x.max(1, keepdims=True); lp -= np.log(np.exp(lp).sum(1, keepdims=True)); lq = y - y.max(1, keepdims=True); lq -= np.log(np.exp(lq).sum(1, keepdims=True))
        k = (np.exp(lp) * (lp - lq)).sum(1); print(json.dumps(dict(kld=float(k.mean()), kld_max=float(k.max()), top1=float((x.argmax(1) == y.argmax(1)).mean()))))

if __name__ == '__main__': main()
