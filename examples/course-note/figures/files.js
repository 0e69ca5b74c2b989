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

/** Bytes of the model files. @type {Record<string, number>} */
const BYTES = {
  'baseline-transformer': 1_898_304,
  'baseline-gru': 1_915_712,
  'baseline-window': 1_908_864,
  'tales-ngram': 1_969_231,
  'position-alibi': 1_494_752,
  'position-rope': 1_494_784,
  'position-learned': 1_756_928,
  'position-sinusoidal': 1_756_928,
};

/**
 * What the start button of an element says that loads these files.
 * @param {import('../../../web/elements/base.js').JlElement} element @param {string[]} names
 */
export function startWith({ t, format, live }, names) {
  if (live) return t('button.again');
  const bytes = names.reduce((sum, name) => sum + BYTES[name], 0);
  return t('button.start', { size: format.size(bytes) });
}

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
