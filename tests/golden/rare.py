"""rare.py - the tensor types of src/format/quant_rare.h: what gguf-py reads, and models with llama.cpp's logits.

  rare.py blocks OUT.bin              random blocks of each type, and the floats that gguf-py (PyPI: gguf, numpy) makes of them
  rare.py quantize IN.gguf OUT TYPE   the matrices of an F32 model in this type, where their rows are whole blocks, the others in Q8_0, with
                                      the quantisers of llama.cpp's library (see oracle.py)
  rare.py dequantize IN.gguf OUT      every tensor as F32, by gguf-py
"""
import ctypes, os, sys  # gguf: of llama.cpp's repository (gguf-py) for Q1_0 and Q2_0
import gguf, numpy as np
from gguf import GGMLQuantizationType as Q, quants

TYPES = [Q.Q1_0, Q.Q2_0, Q.TQ1_0, Q.TQ2_0, Q.MXFP4, Q.NVFP4, Q.IQ1_S, Q.IQ1_M, Q.IQ2_XXS, Q.IQ2_XS, Q.IQ2_S, Q.IQ3_XXS, Q.IQ3_S]
HALF = {Q.TQ1_0: 52, Q.TQ2_0: 64}  # the offset of the half in a block; the grids: 0
SCALES = np.array([0x2e66, 0xb1c7, 0x0001, 0x7bff], '<u2')  # what is no number in 16 bits is a matter of its own

def floats(b, t):
    """What gguf-py makes of bytes; for the two types that it has no reader of, what llama.cpp's library makes of them."""
    if t not in (Q.Q1_0, Q.Q2_0): return quants.dequantize(b, t).astype(np.float32)
    n, size = gguf.GGML_QUANT_SIZES[t]
    b = np.ascontiguousarray(b)
    out = np.zeros((*b.shape[:-1], b.shape[-1] // size * n), np.float32)
    getattr(library(), f'dequantize_row_{t.name.lower()}')(ctypes.c_void_p(b.ctypes.data), ctypes.c_void_p(out.ctypes.data), ctypes.c_int64(out.size))
    return out

def blocks(out):
    """For each type: u32 type, u32 blocks, bytes of the blocks, float32 of the weights."""
    rng = np.random.default_rng(11)
    with open(out, 'wb') as f:
        for t in TYPES:
            n, size = gguf.GGML_QUANT_SIZES[t]
            count = 16 if n < 64 or t == Q.NVFP4 else len(SCALES)
            b = rng.integers(0, 256, (count, size), np.uint8)
            if t == Q.MXFP4: b[:, 0] = [0, 1, 2, 3, 60, 100, 110, 118, 120, 121, 127, 128, 140, 160, 200, 250]
            elif t == Q.NVFP4: b[0, :4] = [0, 0x7f, 0x7e, 1]; b[1, :4] = [0x80, 7, 8, 0xff]
            elif t == Q.IQ1_M:
                for i in range(4): b[:, 49 + 2 * i] = b[:, 49 + 2 * i] & 15 | (SCALES >> 4 * i & 15).astype(np.uint8) << 4
            else: at = HALF.get(t, 0); b[:, at:at + 2] = SCALES.view(np.uint8).reshape(-1, 2)
            w = floats(b.reshape(1, -1), t).astype('<f4')
            f.write(np.array([t, count], '<u4').tobytes() + b.tobytes() + w.tobytes())

def copy(reader, writer):
    for key, field in reader.fields.items():
        if key.startswith('GGUF.') or key == 'general.architecture': continue
        kind = field.types[0]
        value = field.contents()
        if kind == gguf.GGUFValueType.ARRAY: writer.add_array(key, value)
        else: writer.add_key_value(key, value, kind)

def library():
    lib = ctypes.CDLL(os.path.join(os.environ['LLAMA_CPP_LIB_PATH'], 'libllama.so'))
    lib.ggml_quantize_chunk.restype = ctypes.c_size_t
    return lib

def quantized(lib, w, t):
    """w [rows][columns] as bytes of the type, by ggml_quantize_chunk with equal importance of all columns."""
    n, size = gguf.GGML_QUANT_SIZES[t]
    rows, cols = w.size // w.shape[-1], w.shape[-1]
    out = np.zeros((rows, cols // n * size), np.uint8)
    weights = np.ones(cols, np.float32)
    src = np.ascontiguousarray(w, np.float32)
    lib.ggml_quantize_init(ctypes.c_int(t))
    lib.ggml_quantize_chunk(ctypes.c_int(t), ctypes.c_void_p(src.ctypes.data), ctypes.c_void_p(out.ctypes.data), ctypes.c_int64(0), ctypes.c_int64(rows),
                            ctypes.c_int64(cols), ctypes.c_void_p(weights.ctypes.data))
    return out.reshape(*w.shape[:-1], -1)

def architecture(reader):
    return reader.fields['general.architecture'].contents()

def quantize(src, out, name):
    t, lib, reader = Q[name], library(), gguf.GGUFReader(src)
    writer = gguf.GGUFWriter(out, architecture(reader)); copy(reader, writer)
    for tensor in reader.tensors:
        w = tensor.data
        if w.ndim < 2 or tensor.name.endswith('ffn_gate_inp.weight'): writer.add_tensor(tensor.name, w); continue
        kind = t if w.shape[-1] % gguf.GGML_QUANT_SIZES[t][0] == 0 else Q.Q8_0
        second = kind == Q.NVFP4 and tensor.name.startswith('blk.')  # as in converted files, of the matrix or of each expert
        scale = np.abs(w).reshape(w.shape[0] if w.ndim > 2 else 1, -1).max(1) / (448 * 6) if second else np.ones(1)
        w = (w.reshape(len(scale), -1) / scale[:, None]).reshape(w.shape)
        writer.add_tensor(tensor.name, quantized(lib, w, kind), raw_dtype=kind)
        if not second: continue
        writer.add_tensor(tensor.name.replace('.weight', '.scale'), scale.astype(np.float32))
        writer.add_tensor(tensor.name.replace('.weight', '.input_scale'), np.full(scale.shape, 0.5, np.float32))
    writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()

def dequantize(src, out):
    reader = gguf.GGUFReader(src)
    writer = gguf.GGUFWriter(out, architecture(reader)); copy(reader, writer)
    scales = {t.name: t.data for t in reader.tensors if t.name.endswith('scale')}
    for tensor in reader.tensors:
        if tensor.name in scales: continue
        w, scale = floats(tensor.data, tensor.tensor_type), scales.get(tensor.name.replace('.weight', '.scale'))
        if scale is not None: w = w * (scale.reshape(-1, 1, 1) if w.ndim > 2 else scale)
        writer.add_tensor(tensor.name, w.astype(np.float32))
    writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()

if __name__ == '__main__':
    {'blocks': blocks, 'quantize': quantize, 'dequantize': dequantize}[sys.argv[1]](*sys.argv[2:])
