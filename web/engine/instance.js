/**
 * instance.js - finds, compiles and instantiates the .wasm with a memory.
 *
 * One binary serves one thread and several. It imports a shared memory, which only isolated pages and Node
 * can pass to other threads. Elsewhere the shared bit of the import is cleared before compilation: one byte.
 * Atomic instructions are valid on an unshared memory (WebAssembly threads proposal), and none of them waits
 * with one thread.
 */

import { JielongError } from '../base/error.js';
import { nodeModule } from '../base/host.js';
import { fetchUrl } from '../source/source.js';
import { environment } from './link.js';

/**
 * @typedef {{ memory: WebAssembly.Memory } & Record<string, (...args: any[]) => number>} Exports
 */

const INITIAL_PAGES = 256; // of 64 KB, as in wasm/flags.mk
const MAXIMUM_PAGES = 65536; // the 32-bit address space
/** Tried in order, because phones refuse to reserve the full size. */
const SHARED_MAXIMA = [MAXIMUM_PAGES, MAXIMUM_PAGES / 2, MAXIMUM_PAGES / 4];

/** @param {string} message @param {string} [where] */
const wasmError = (message, where) => new JielongError('WASM', message, where);

/* ---- Compilation ----------------------------------------------------------------------------- */

/** The import entry env.memory: length and name twice, then the kind; the flags follow. */
const MEMORY_IMPORT = [3, ...'env', 6, ...'memory', 2].map((c) =>
  typeof c === 'string' ? c.charCodeAt(0) : c,
);
const SHARED = 2;

/** A copy of a module with an unshared memory import. @param {Uint8Array} bytes */
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
      `${name} is not WebAssembly (it does not begin with \\0asm); ` +
        'the server may have sent an error page',
      name,
    );
  }
  return WebAssembly.compile(shared ? bytes : unshared(bytes));
}

/** The bytes of a file inside the script. @param {string} base64 of a raw deflate stream */
function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  // Not a Blob's stream: WebKit cannot read one in a worker of a file: page.
  const { writable, readable } = new DecompressionStream('deflate-raw');
  const writer = writable.getWriter();
  writer.write(bytes).catch(() => {}); // the reader throws it
  writer.close().catch(() => {});
  return new Response(readable).arrayBuffer();
}

/** @param {string} url @param {boolean} shared */
async function compileUrl(url, shared) {
  const response = await fetchUrl(url);
  if (!response.ok) throw wasmError(`the server answered ${response.status} for ${url}`, url);
  return compileBytes(await response.arrayBuffer(), url, shared);
}

/**
 * @param {any} wasm a described source, a file inside the script (assets.js), bytes, or a module
 * @param {boolean} shared
 */
export async function compile(wasm, shared) {
  if (wasm instanceof WebAssembly.Module) return wasm;
  if (!wasm.kind) return compileBytes(wasm, "the option 'wasm'", shared);
  if (wasm.kind === 'packed') return compileBytes(await unpack(wasm.base64), wasm.name, shared);
  const url = wasm.path ?? wasm.url;
  const fs = nodeModule('fs');
  if (!fs || /^(https?|data|blob):/.test(url)) return compileUrl(url, shared);
  const path = url.startsWith('file:') ? new URL(url) : url;
  const bytes = await fs.promises.readFile(path).catch((/** @type {Error} */ e) => {
    throw wasmError(`${url} cannot be read: ${e.message}`, url);
  });
  return compileBytes(bytes, url, shared);
}

/* ---- Instantiation --------------------------------------------------------------------------- */

/**
 * A shared memory that can grow to at least `bytes`, or undefined if the host refuses it.
 * @param {number} bytes
 */
function sharedMemory(bytes) {
  for (const maximum of SHARED_MAXIMA) {
    if (maximum * 65536 < bytes) return undefined;
    try {
      return new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum, shared: true });
    } catch {
      // Too large for this host.
    }
  }
  return undefined;
}

/**
 * @param {WebAssembly.Module} module @param {WebAssembly.Memory} memory
 * @returns {Promise<Exports>}
 */
async function link(module, memory) {
  const { exports } = await WebAssembly.instantiate(module, { env: environment(memory) });
  return /** @type {any} */ ({ ...exports, memory });
}

/** Turns a rejection into a WASM error. @template T @param {Promise<T>} work @returns {Promise<T>} */
const started = (work) =>
  work.catch((e) => {
    if (e instanceof JielongError) throw e;
    throw wasmError(
      `the engine's WebAssembly failed to start: ${e.message}. ` +
        "It needs WebAssembly SIMD, and 'wasm-unsafe-eval' in a Content-Security-Policy",
    );
  });

/**
 * @param {any} wasm see compile()
 * @param {() => Promise<number>} [room] bytes that a shared memory must hold, awaited during
 *   the compilation; undefined: an unshared memory
 * @returns {Promise<{ exports: any, module: WebAssembly.Module, shared: boolean }>}
 */
export async function open(wasm, room) {
  const own = () => new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAXIMUM_PAGES });
  let module = await started(compile(wasm, !!room));
  const shared = room && sharedMemory(await room());
  if (room && !shared) module = await started(compile(wasm, false));
  const linked = link(module, shared ?? own()).catch((e) => {
    // The caller's own module may need the other kind of memory.
    const other = wasm === module && (shared ? own() : sharedMemory(0));
    if (!other) throw e;
    return link(module, other);
  });
  const exports = await started(linked);
  exports._initialize?.();
  return { exports, module, shared: exports.memory === shared };
}

/** For one thread: an unshared memory. @param {any} wasm @returns {Promise<Exports>} */
export const instantiate = async (wasm) => (await open(wasm)).exports;
