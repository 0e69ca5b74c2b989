/**
 * gguf.js - writes small GGUF files for cases, from the format's specification
 * (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
 */

/** Writes bytes in order, little-endian. */
export class Bytes {
  /** @type {number[]} */ list = [];
  /** @param {number} value @param {number} [size] bytes */
  number(value, size = 4) {
    for (let i = 0; i < size; i++) this.list.push(Math.floor(value / 256 ** i) % 256);
    return this;
  }
  /** @param {string} text */
  text(text) {
    const bytes = new TextEncoder().encode(text);
    this.number(bytes.length, 8).list.push(...bytes);
    return this;
  }
  /** @param {number} value float32 */
  float(value) {
    this.list.push(...new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }
  /** @param {number} alignment */
  pad(alignment) {
    while (this.list.length % alignment) this.list.push(0);
    return this.list.length;
  }
}

/**
 * A file without tensors: a vocabulary, whose model can only tokenize.
 * @param {string} model tokenizer.ggml.model
 * @param {[text: string, score?: number, type?: number][]} tokens type: 1 normal (default), 2 unknown, 3 control,
 *   4 user-defined, 6 byte
 * @param {{ merges?: string[], pre?: string, flags?: Record<string, boolean> }} [more] flags: tokenizer.ggml.NAME
 */
export function vocabularyFile(model, tokens, { merges, pre, flags = {} } = {}) {
  const file = new Bytes();
  let n = 0;
  const key = (/** @type {string} */ name, /** @type {number} */ type) => {
    n++;
    return file.text(name).number(type);
  };
  /** @param {string} name @param {number} type @param {number} length */
  const array = (name, type, length) =>
    key(`tokenizer.ggml.${name}`, 9).number(type).number(length, 8);
  key('tokenizer.ggml.model', 8).text(model);
  if (pre) key('tokenizer.ggml.pre', 8).text(pre);
  array('tokens', 8, tokens.length);
  for (const [text] of tokens) file.text(text);
  array('scores', 6, tokens.length);
  for (const [, score = 0] of tokens) file.float(score);
  array('token_type', 5, tokens.length);
  for (const [, , type = 1] of tokens) file.number(type);
  if (merges) {
    array('merges', 8, merges.length);
    for (const merge of merges) file.text(merge);
  }
  for (const [name, value] of Object.entries(flags))
    key(`tokenizer.ggml.${name}`, 7).number(value ? 1 : 0, 1);
  const head = new Bytes().number(0x46554747).number(3).number(0, 8).number(n, 8);
  return new Uint8Array([...head.list, ...file.list]);
}

/** The first tokens of a SentencePiece vocabulary: control tokens and the bytes. @type {[string, number?, number?][]} */
export const SPM_FIRST = [
  ['<unk>', 0, 2],
  ['<s>', 0, 3],
  ['</s>', 0, 3],
  ...Array.from({ length: 256 }, (_, b) => {
    const hex = b.toString(16).toUpperCase().padStart(2, '0');
    return /** @type {[string, number, number]} */ ([`<0x${hex}>`, 0, 6]);
  }),
];

/** The first tokens of a WordPiece vocabulary. @type {[string, number?, number?][]} */
export const WORDPIECE_FIRST = [
  ['[PAD]', 0, 3],
  ...Array.from({ length: 99 }, (_, i) => /** @type {[string]} */ ([`[unused${i}]`])),
  ['[UNK]', 0, 2],
  ['[CLS]', 0, 3],
  ['[SEP]', 0, 3],
];
