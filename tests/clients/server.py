"""server.py - llama.cpp's server over a model: server.py MODEL; prints its address, ends with its input."""

import sys

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.model_alias = ["smollm2"]
params.n_ctx = 512
params.n_parallel = 1
params.hostnames = ["127.0.0.1"]
params.port = 0
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1  # beside other tests
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
