"""native.py - speed of native llama.cpp (llama-cpp-python, low-level interface), for peers.js.

  native.py MODEL [--threads N] [--pp N] [--tg N] [--depth N] [--seconds S]

Prints one JSON object: tokens/s of a prefill of pp tokens and of tg decode steps, both after `depth` tokens; medians of the
repeats that fit into S seconds, at least one, after a warm-up. Except threads, parameters are llama.cpp's defaults.
"""
import argparse
import ctypes
import json
import statistics
import time

import llama_cpp as L

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--pp", type=int, default=128)
parser.add_argument("--tg", type=int, default=32)
parser.add_argument("--depth", type=int, default=0)
parser.add_argument("--seconds", type=float, default=2)
a = parser.parse_args()


@L.llama_log_callback
def silent(level, text, data):
    pass


L.llama_log_set(silent, ctypes.c_void_p(0))
L.llama_backend_init()
start = time.perf_counter()
model = L.llama_model_load_from_file(a.model.encode(), L.llama_model_default_params())
load = time.perf_counter() - start
params = L.llama_context_default_params()
params.n_ctx = a.depth + max(a.pp, a.tg + 1) + 64
params.n_threads = params.n_threads_batch = a.threads
context = L.llama_init_from_model(model, params)
memory = L.llama_get_memory(context)
batch = params.n_batch


def run(ids):
    tokens = (L.llama_token * len(ids))(*ids)
    if L.llama_decode(context, L.llama_batch_get_one(tokens, len(ids))) != 0:
        raise SystemExit("llama_decode failed")


def back():
    L.llama_memory_seq_rm(memory, 0, a.depth, -1)


def prefill():
    back()
    start = time.perf_counter()
    run([100 + i for i in range(a.pp)])
    L.llama_get_logits(context)[0]
    return a.pp / (time.perf_counter() - start)


def decode():
    back()
    run([5])
    start = time.perf_counter()
    for i in range(a.tg):
        run([100 + i])
        L.llama_get_logits(context)[0]
    return a.tg / (time.perf_counter() - start)


def median_of(measure):
    measure()
    rates, end = [], time.perf_counter() + a.seconds
    while not rates or time.perf_counter() < end:
        rates.append(measure())
    return statistics.median(rates)


for first in range(0, a.depth, batch):
    run([100 + i % 40000 for i in range(first, min(first + batch, a.depth))])
system = L.llama_print_system_info().decode()
flags = [part.split(" = ")[0].strip() for part in system.replace("CPU : ", "").split("|") if part.strip().endswith("= 1")]
print(json.dumps({
    "pp": median_of(prefill), "tg": median_of(decode), "load": load * 1000, "threads": a.threads,
    "kernels": " ".join(flags), "version": L.__version__,
}))
