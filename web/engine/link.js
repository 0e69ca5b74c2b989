/**
 * link.js - the imports of the engine's modules, and the linking of the kernels with relaxed SIMD.
 *
 * Used by the engine's thread (instance.js, kernels.js) and by pool workers (pool-worker.js), so it imports nothing.
 */

/** @param {WebAssembly.Memory} memory */
export const environment = (memory) => ({
  memory,
  emscripten_notify_memory_growth() {},
  emscripten_performance_now: () => performance.now(),
});

export const RELAXED_DATA = 4096; // bytes, at least the size of the module's constants

/**
 * Links the kernels with relaxed SIMD to an instance.
 * @param {WebAssembly.Module} module @param {any} exports of the instance
 * @param {number} data address of RELAXED_DATA zeroed bytes of its memory; the first instance fills them
 * @returns {number} table index of `prepare`; `matmul` follows
 */
export function linkRelaxed(module, exports, data) {
  const place = (/** @type {number} */ at) => new WebAssembly.Global({ value: 'i32' }, at);
  const { memory, __stack_pointer, __indirect_function_table: table } = exports;
  const env = {
    memory,
    __stack_pointer,
    __indirect_function_table: new WebAssembly.Table({ initial: 64, element: 'anyfunc' }), // its own
    __memory_base: place(data),
    __table_base: place(0),
  };
  const relaxed = /** @type {any} */ (new WebAssembly.Instance(module, { env }).exports);
  relaxed.__wasm_apply_data_relocs?.();
  const at = table.grow(2);
  table.set(at, relaxed.jl_act_prepare_fast__relaxed);
  table.set(at + 1, relaxed.jl_matmul_fast__relaxed);
  return at;
}
