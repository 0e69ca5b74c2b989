/**
 * part-names.js - the names of a split file's parts: NAME-00001-of-00003.gguf and so on, in addresses and paths.
 */

/** The end of a part's name. */
const PART = /-\d{5}-of-(\d{5})\.gguf(?=[?#]|$)/;

/** The names of all parts, if the text is the name of one. @param {string} text @returns {string[]} */
export function partNames(text) {
  const count = PART.exec(text)?.[1] ?? '';
  return Array.from({ length: Number(count) }, (_, i) =>
    text.replace(PART, `-${String(i + 1).padStart(5, '0')}-of-${count}.gguf`),
  );
}

/** A name with the number of another one, if both are of parts. @param {string} text @param {string} other */
export const likePart = (text, other) => text.replace(PART, PART.exec(other)?.[0] ?? '$&');
