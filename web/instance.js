/**
 * instance.js - from the .wasm to a running instance: finds, compiles and instantiates it with a memory.
 *
 * One binary serves one thread and several. It is linked for a shared memory, which only isolated pages
 * and Node can give to other threads; everywhere else the shared bit of its memory import is cleared before
 * it is compiled, one byte. Atomic instructions are valid on a memory that is not shared (WebAssembly threads
 * proposal), and with one thread none of them waits. The exports of this module know no model and no pool.
 */

import { wasmInside } from './embedded.js';
import { JielongError } from './error.js';
import { fetchUrl, nodeModule } from './source.js';

/**
 * @typedef {{ memory: WebAssembly.Memory } & Record<string, (...args: any[]) => number>} Exports
 */

const INITIAL_PAGES = 256; // of 64 KB, as in wasm/flags.mk
const MAXIMUM_PAGES = 65536; // all that 32-bit addresses reach
/** Phones refuse to reserve all of it at once. */
const SHARED_MAXIMA = [MAXIMUM_PAGES, MAXIMUM_PAGES / 2, MAXIMUM_PAGES / 4];

/** @param {string} message @param {string} [where] */
const wasmError = (message, where) => new JielongError('WASM', message, where);

/* ---- Compilation ----------------------------------------------------------------------------- */

/** The import entry env.memory: two names, each after its length, and the kind; flags follow. */
const MEMORY_IMPORT = [3, ...'env', 6, ...'memory', 2].map((c) =>
  typeof c === 'string' ? c.charCodeAt(0) : c,
);
const SHARED = 2;

/** A copy whose memory import has no shared bit. @param {Uint8Array} bytes */
function unshared(bytes) {
  const copy = bytes.slice();
  const at = copy.findIndex((_, i) => MEMORY_IMPORT.every((byte, k) => copy[i + k] === byte));
  if (at >= 0) copy[at + MEMORY_IMPORT.length] &= ~SHARED;
  return copy;
}

/** @param {any} source a BufferSource @param {string} name @param {boolean} shared */
function compileBytes(source, name, shared) {
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  if ([0, 0x61, 0x73, 0x6d].some((byte, i) => bytes[i] !== byte)) {
    throw wasmError(
      `${name} is no WebAssembly (it does not begin with \\0asm); ` +
        "is it the server's page for missing files?",
      name,
    );
  }
  return WebAssembly.compile(shared ? bytes : unshared(bytes));
}

/** @param {string} url @param {boolean} shared */
async function compileUrl(url, shared) {
  const response = await fetchUrl(url);
  if (!response.ok) throw wasmError(`the server answered ${response.status} for ${url}`, url);
  return compileBytes(await response.arrayBuffer(), url, shared);
}

/**
 * @param {any} wasm a described address, bytes, a module, or nothing: the one beside this file
 * @param {boolean} shared
 */
export async function compile(wasm, shared) {
  if (wasm instanceof WebAssembly.Module) return wasm;
  if (wasm && !wasm.kind) return compileBytes(wasm, "the option 'wasm'", shared);
  if (!wasm && wasmInside) return compileBytes(await wasmInside('jielong.wasm'), 'it', shared);
  const url = wasm?.path ?? wasm?.url ?? new URL('./jielong.wasm', import.meta.url).href;
  const fs = nodeModule('fs');
  if (!fs || /^(https?|data|blob):/.test(url)) return compileUrl(url, shared);
  const path = url.startsWith('file:') ? new URL(url) : url;
  const bytes = await fs.promises.readFile(path).catch((/** @type {Error} */ e) => {
    throw wasmError(`${url} cannot be read: ${e.message}`, url);
  });
  return compileBytes(bytes, url, shared);
}

/* ---- Kernels with relaxed SIMD --------------------------------------------------------------- */

/** f() = lane 0 of i32x4.relaxed_dot_i8x16_i7x16_add_s of sixteen −128, sixteen 127, and 0. */
const RELAXED_PROBE = Uint8Array.from(
  `0061736d010000000105016000017f03020100070501016600000a40013e00fd0c${'80'.repeat(16)}fd0c${'7f'.repeat(16)}fd0c${'00'.repeat(16)}fd9302fd1b000b`.match(
    /../g,
  ) ?? [],
  (byte) => Number.parseInt(byte, 16),
);

/** Whether the engine has relaxed SIMD, and this of it right: V8 11.3, behind its flag, has not. */
function hasRelaxed() {
  if (!WebAssembly.validate(RELAXED_PROBE)) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(RELAXED_PROBE));
  return /** @type {any} */ (exports).f() === 4 * -128 * 127;
}

export const FAST_DATA = 4096; // bytes, more than its module's constants take

/**
 * The module with the kernels of precision `fast`, or undefined: where the engine has no relaxed SIMD, the
 * file is not there (it is built where there is a compiler for it), or another .wasm was asked for.
 * @param {any} wasm see compile() @param {boolean} shared
 * @returns {Promise<WebAssembly.Module | undefined>}
 */
export async function compileFast(wasm, shared) {
  if (wasm || !hasRelaxed()) return undefined;
  const name = 'jielong-relaxed.wasm';
  const beside = { kind: 'url', url: new URL(name, import.meta.url).href };
  try {
    return await compile(wasmInside ? await wasmInside(name) : beside, shared);
  } catch {
    return undefined;
  }
}

/**
 * Links them to an instance. Refers to nothing of this file, so that its text can run in a worker.
 * @param {WebAssembly.Module} module @param {any} exports of the instance
 * @param {number} data address of FAST_DATA bytes of its memory
 * @returns {number} the place of `prepare` in its table; `matmul` follows
 */
export function linkFast(module, exports, data) {
  const place = (/** @type {number} */ at) => new WebAssembly.Global({ value: 'i32' }, at);
  const { memory, __stack_pointer, __indirect_function_table: table } = exports;
  const env = {
    memory,
    __stack_pointer,
    __indirect_function_table: new WebAssembly.Table({ initial: 64, element: 'anyfunc' }), // its own
    __memory_base: place(data),
    __table_base: place(0),
  };
  const fast = /** @type {any} */ (new WebAssembly.Instance(module, { env }).exports);
  fast.__wasm_apply_data_relocs?.();
  const at = table.grow(2);
  table.set(at, fast.jl_act_prepare_fast__relaxed);
  table.set(at + 1, fast.jl_matmul_fast__relaxed);
  return at;
}

/* ---- Instantiation --------------------------------------------------------------------------- */

/**
 * A shared memory that can grow to at least `bytes`, or undefined where the host gives none.
 * @param {number} bytes
 */
function sharedMemory(bytes) {
  for (const maximum of SHARED_MAXIMA) {
    if (maximum * 65536 < bytes) return undefined;
    try {
      return new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum, shared: true });
    } catch {
      // No room for so much of it.
    }
  }
  return undefined;
}

/** What the module imports; threads.js gives the same. @param {WebAssembly.Memory} memory */
const environment = (memory) => ({
  memory,
  emscripten_notify_memory_growth() {},
  emscripten_performance_now: () => performance.now(),
});

/**
 * @param {WebAssembly.Module} module @param {WebAssembly.Memory} memory
 * @returns {Promise<Exports>}
 */
export async function link(module, memory) {
  const { exports } = await WebAssembly.instantiate(module, { env: environment(memory) });
  return /** @type {any} */ ({ ...exports, memory });
}

/** What cannot be started says why. @template T @param {Promise<T>} work @returns {Promise<T>} */
const started = (work) =>
  work.catch((e) => {
    if (e instanceof JielongError) throw e;
    throw wasmError(
      `the engine could not be started: ${e.message}. ` +
        "It needs WebAssembly SIMD, and 'wasm-unsafe-eval' in a Content-Security-Policy",
    );
  });

/**
 * @param {any} wasm see compile()
 * @param {() => Promise<number>} [room] bytes that a shared memory must be able to hold, asked for while
 *   the module is compiled; left out: a memory of its own
 * @returns {Promise<{ exports: any, module: WebAssembly.Module, shared: boolean }>}
 */
export async function open(wasm, room) {
  const own = () => new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAXIMUM_PAGES });
  let module = await started(compile(wasm, !!room));
  const shared = room && sharedMemory(await room());
  if (room && !shared) module = await started(compile(wasm, false));
  const linked = link(module, shared ?? own()).catch((e) => {
    // A module that came compiled may be of the other kind.
    const other = wasm === module && (shared ? own() : sharedMemory(0));
    if (!other) throw e;
    return link(module, other);
  });
  const exports = await started(linked);
  exports._initialize?.();
  return { exports, module, shared: exports.memory === shared };
}

/** One thread, a memory of its own. @param {any} wasm @returns {Promise<Exports>} */
export const instantiate = async (wasm) => (await open(wasm)).exports;
