/**
 * files.js - the model files and texts of the note's own figures, from beside the note or from the page itself.
 *
 * A one-file page gives them as window.noteFiles: name → () → Promise of a Blob.
 */

/** @type {Record<string, string>} */
const ADDRESSES = {
  'baseline-transformer': new URL('../../../web/models/baseline-transformer.gguf', import.meta.url)
    .href,
  'baseline-gru': new URL('../../../web/models/baseline-gru.gguf', import.meta.url).href,
  'baseline-window': new URL('../../../web/models/baseline-window.gguf', import.meta.url).href,
  'tales-ngram': new URL('../../../web/models/tales-ngram.gguf', import.meta.url).href,
  'position-alibi': new URL('../../../web/models/position-alibi.gguf', import.meta.url).href,
  'position-rope': new URL('../../../web/models/position-rope.gguf', import.meta.url).href,
  'position-learned': new URL('../../../web/models/position-learned.gguf', import.meta.url).href,
  'position-sinusoidal': new URL('../../../web/models/position-sinusoidal.gguf', import.meta.url)
    .href,
  'held-out': new URL('../held-out.txt', import.meta.url).href,
};

/** @param {string} name @param {AbortSignal} [signal] @returns {Promise<ArrayBuffer>} */
export async function bytesOf(name, signal) {
  const given = /** @type {any} */ (globalThis).noteFiles?.[name];
  if (given) return (await given()).arrayBuffer();
  const address = ADDRESSES[name];
  if (address.startsWith('file:') && typeof process === 'object') {
    const { readFile } = await import('node:fs/promises');
    const bytes = await readFile(new URL(address));
    return /** @type {ArrayBuffer} */ (
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
    );
  }
  const response = await fetch(address, { signal });
  if (!response.ok) throw new Error(`${name}: HTTP ${response.status}`);
  return response.arrayBuffer();
}

/** @param {string} name @param {AbortSignal} [signal] */
export const textOf = async (name, signal) => new TextDecoder().decode(await bytesOf(name, signal));
