/**
 * base85.js - bytes as text for a place in an HTML file: four bytes are five characters, where base64 needs 5.33.
 */

/** Printable characters that neither end a script element nor begin a comment in it. */
const DIGITS = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))
  .filter((character) => !'<>&"\'`\\'.includes(character))
  .slice(0, 85)
  .join('');

/** @param {Uint8Array} bytes */
export function encode(bytes) {
  /** @type {string[]} */ const out = [];
  for (let i = 0; i < bytes.length; i += 4) {
    let word = 0;
    for (let k = 0; k < 4; k++) word = word * 256 + (bytes[i + k] ?? 0);
    let group = '';
    for (let k = 0; k < 5; k++, word = Math.floor(word / 85)) group = DIGITS[word % 85] + group;
    out.push(group);
  }
  return out.join('');
}

/** @param {string} text @param {number} length of the bytes, which the text fills up to a multiple of four */
export function decode(text, length) {
  const values = new Uint8Array(128);
  for (const [i, digit] of [...DIGITS].entries()) values[digit.charCodeAt(0)] = i;
  const bytes = new Uint8Array((text.length / 5) * 4);
  for (let i = 0, at = 0; i < text.length; i += 5) {
    let word = 0;
    for (let k = 0; k < 5; k++) word = word * 85 + values[text.charCodeAt(i + k)];
    for (let shift = 24; shift >= 0; shift -= 8) bytes[at++] = word >>> shift;
  }
  return bytes.subarray(0, length);
}
