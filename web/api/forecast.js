/**
 * forecast.js - what a model would cost on this host: memory, the longest context that fits, tokens per second.
 *
 * Memory is what the engine would allocate, as its header says (model.info.memory). Speed is an estimate: decoding reads
 * all weights once per token, so it is proportional to their bytes, and a measurement with any model gives the rate.
 */
import { nodeModule } from '../base/host.js';

/** @typedef {import('./types.js').Calibration} Calibration */
/** @typedef {import('./types.js').Forecast} Forecast */

const GIB = 2 ** 30;
const WASM_BYTES = 4 * GIB - 65536; // of a 32-bit memory
const WEIGHTS_BYTES = 2 * GIB - 1; // of one allocation
const OVERHEAD = 24 * 2 ** 20; // the engine's own memory, buffers of the load, a worker
const DEFAULT_CONTEXT = 4096;

/** Whether the browser runs on a phone or tablet, and on which. */
function phone() {
  const { userAgent = '', maxTouchPoints = 0 } = globalThis.navigator ?? {};
  if (/iPhone|iPad|iPod/.test(userAgent)) return 'iOS';
  if (/Macintosh/.test(userAgent) && maxTouchPoints > 1) return 'iOS'; // an iPad asks for pages of computers
  return /Android|Mobile/.test(userAgent) ? 'Android' : undefined;
}

/**
 * Bytes that a model and its session may take here, and why not more.
 * @returns {{ bytes: number, reason: string }}
 */
function memoryHere() {
  const wasm = { bytes: WASM_BYTES, reason: 'the 4 GB of a WebAssembly memory' };
  /** @param {number} bytes @param {string} reason */
  const least = (bytes, reason) => (bytes < wasm.bytes ? { bytes, reason } : wasm);
  const os = nodeModule('os');
  const { process } = /** @type {any} */ (globalThis);
  if (os)
    return least(process.availableMemory?.() ?? os.freemem(), 'the free memory of this machine');
  const device = /** @type {any} */ (globalThis.navigator)?.deviceMemory; // GiB, rounded; Chromium only
  const kind = phone();
  // Safari ends tabs from about 1.5 GB on, also older ones below that; the page itself takes some.
  if (kind === 'iOS') return least(GIB, 'what a tab on iOS may use');
  if (kind) return least(((device ?? 4) * GIB) / 4, 'a quarter of the memory of this phone');
  return device ? least((device * GIB) / 2, 'half of the memory of this device') : wasm;
}

/**
 * The rates of a host from a measurement (bench.js).
 * @param {import('./types.js').ModelInfo} info @param {{ pp: number, tg: number }} speed tokens/s
 * @returns {Calibration}
 */
export const calibrationOf = ({ memory, parameters, threads, precision }, { pp, tg }) => ({
  bytesPerSecond: tg * memory.weights,
  parametersPerSecond: pp * parameters,
  ...{ threads, precision },
});

/**
 * @param {Omit<import('./types.js').ModelInfo, 'sites'> & { fileBytes: number }} info of the header
 * @param {{ contextLength?: number, keptBytes: number, remote: boolean, calibration?: Calibration }} given
 * @returns {Forecast}
 */
export function forecast(info, { contextLength, keptBytes, remote, calibration }) {
  const { weights, tokenizer, scratch, perContextToken } = info.memory;
  const context = contextLength ?? Math.min(info.contextLength, DEFAULT_CONTEXT);
  const fixed = weights + tokenizer + scratch + OVERHEAD;
  const session = scratch + perContextToken * Math.max(0, context - 1);
  const total = fixed + perContextToken * context;
  const { bytes: limit, reason } = memoryHere();
  const room = weights > WEIGHTS_BYTES ? 0 : Math.max(0, limit - fixed);
  const longest = perContextToken ? Math.floor(room / perContextToken) : Infinity;
  const dense = info.experts === 0; // a mixture of experts reads a part of its weights
  const { bytesPerSecond = 0, parametersPerSecond = 0 } = (dense && calibration) || {};
  return {
    info,
    fileBytes: info.fileBytes,
    keptBytes,
    bytesToFetch: remote ? Math.max(0, info.fileBytes - keptBytes) : 0,
    contextLength: context,
    memory: { weights, tokenizer, session, total },
    limit: { bytes: limit, reason },
    fits: weights <= WEIGHTS_BYTES && total <= limit,
    maxContextLength: room > 0 ? Math.min(longest, info.contextLength || longest) : 0,
    tokensPerSecond: bytesPerSecond ? bytesPerSecond / weights : null,
    promptTokensPerSecond: parametersPerSecond ? parametersPerSecond / info.parameters : null,
  };
}
