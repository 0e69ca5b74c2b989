/** context.js - a Llama file that says it was trained for a longer context, for prompts that a small file has no room for. */

/** @param {Uint8Array} file @param {number} length in tokens @returns {Uint8Array} a copy */
export function withContext(file, length) {
  const bytes = Uint8Array.from(file);
  const key = 'llama.context_length';
  const at = new TextDecoder('latin1').decode(bytes).indexOf(key) + key.length + 4; // its type
  new DataView(bytes.buffer).setUint32(at, length, true);
  return bytes;
}
