/**
 * merges.js - the record of a tokenisation as pieces, symbols, steps and tokens, for Model.merges().
 *
 * The engine's encoder reports events (jl_trace_kind in src/jielong_inside.h) while it makes the ids. Here they
 * become objects; nothing is encoded again.
 */

/** @typedef {import('./types.js').MergePiece} MergePiece */
/** @typedef {import('./types.js').MergeSymbol} MergeSymbol */

const [PIECE, SYMBOL, MERGE, EMIT] = [0, 1, 2, 3]; // jl_trace_kind; 4: a candidate
const FIELDS = 7; // of an event: kind, id, at, length, left, value, score

const METHODS = { llama: 'spm', t5: 'unigram', bert: 'wordpiece' }; // others: 'bpe'

const loose = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** @param {Uint8Array} bytes */
const decode = (bytes) =>
  bytes.length === 1 && bytes[0] < 0x80 ? String.fromCharCode(bytes[0]) : loose.decode(bytes);

/** Whether the bytes are whole characters. @param {Uint8Array} bytes @param {string} text decoded from them */
function isWhole(bytes, text) {
  if (!text.includes('\ufffd')) return true;
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/**
 * Converts byte offsets of a text to string indices; fastest if they do not decrease.
 * @param {string} text
 */
function indices(text) {
  let [byte, index] = [0, 0];
  return (/** @type {number} */ offset) => {
    if (offset < byte) [byte, index] = [0, 0];
    while (byte < offset && index < text.length) {
      const code = /** @type {number} */ (text.codePointAt(index));
      byte += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      index += code < 0x10000 ? 1 : 2;
    }
    return index;
  };
}

/** @param {{ at: number }[]} sorted by `at` @param {number} at that one of them has */
function indexOf(sorted, at) {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle].at < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Builds one piece from its events. */
class Builder {
  /** @type {MergeSymbol[]} */ #now = [];
  /** Index of each token's first id among the text's ids. @type {number[]} */ #from = [];
  /** @type {MergePiece} */ piece;

  /** @param {Uint8Array} bytes @param {number} start @param {number} end @param {number} size of the vocabulary */
  constructor(bytes, start, end, size) {
    const text = loose.decode(bytes);
    this.size = size;
    this.piece = { text, start, end, bytes, symbols: [], steps: [], tokens: [], ids: [] };
  }

  /** @param {number} at @param {number} length @param {number} id @returns {MergeSymbol} */
  symbol(at, length, id) {
    const bytes = this.piece.bytes.subarray(at, at + length);
    const known = id < this.size ? id : -1;
    const text = decode(bytes);
    return { at, length, text, whole: isWhole(bytes, text), id: known };
  }

  /** @param {MergeSymbol} symbol */
  begin(symbol) {
    this.#now.push(symbol);
    this.piece.symbols.push(symbol);
  }

  /** @param {MergeSymbol} result @param {{ rank: number } | { score: number }} order */
  merge(result, order) {
    const index = indexOf(this.#now, result.at);
    const [left, right] = this.#now.splice(index, 2, result);
    this.piece.steps.push({ ...result, index, left, right, ...order });
  }

  /** @param {MergeSymbol} symbol @param {number} from index of its first id */
  emit(symbol, from) {
    const { piece } = this;
    if (symbol.at === 0 && piece.tokens.length) {
      piece.failed = piece.tokens; // matches of a word that does not match to its end
      piece.tokens = [];
      this.#from = [];
    }
    this.#from.push(from);
    piece.tokens.push({ ...symbol, ids: [], fallback: symbol.id < 0 });
  }

  /** Fills the ids. @param {Int32Array} ids of the text @param {number} end of the piece's ids */
  finish(ids, end) {
    const { piece } = this;
    piece.tokens.forEach((token, i) => {
      token.ids = [...ids.subarray(this.#from[i], this.#from[i + 1] ?? end)];
    });
    piece.ids = piece.tokens.flatMap((token) => token.ids);
    if (!piece.candidates) return piece;
    const { candidates } = piece;
    const scoreOf = (/** @type {MergeSymbol} */ { at, length, id }) =>
      candidates.find((c) => c.at === at && c.length === length && c.id === id)?.score ?? 0;
    for (const token of piece.tokens) token.score = scoreOf(token);
    piece.score = piece.tokens.reduce((sum, token) => sum + (token.score ?? 0), 0);
    return piece;
  }

  /** Index of the piece's first id among the text's ids. */
  get first() {
    return this.#from[0];
  }
}

/**
 * @param {{ events: Int32Array, bytes: Uint8Array, ids: Int32Array }} trace of the engine
 * @param {string} text
 * @param {{ tokenizer: string, vocabularySize: number }} info of the model
 * @returns {import('./types.js').Merges}
 */
export function mergesOf({ events, bytes, ids }, text, info) {
  const method = /** @type {any} */ (METHODS)[info.tokenizer] ?? 'bpe';
  const scores = new Float32Array(events.buffer, events.byteOffset, events.length);
  const indexOfByte = indices(text);
  /** @type {Builder[]} */ const all = [];
  /** @type {[at: number, length: number, id: number, score: number][]} */ let candidates = [];
  let stored = 0; // bytes of earlier pieces
  for (let e = 0; e < events.length; e += FIELDS) {
    const [kind, id, at, length, , value] = events.subarray(e, e + FIELDS);
    const score = scores[e + FIELDS - 1];
    const last = all[all.length - 1];
    if (kind === PIECE) {
      const part = bytes.slice(stored, stored + length);
      const made = new Builder(part, indexOfByte(at), indexOfByte(value), info.vocabularySize);
      stored += length;
      all.push(made);
      const found = candidates.map(([a, n, token, s]) => ({
        ...made.symbol(a, n, token),
        score: s,
      }));
      if (found.length) made.piece.candidates = found;
      candidates = [];
    } else if (kind === SYMBOL) last.begin(last.symbol(at, length, id));
    else if (kind === MERGE)
      last.merge(last.symbol(at, length, id), method === 'spm' ? { score } : { rank: value });
    else if (kind === EMIT) last.emit(last.symbol(at, length, id), value);
    else candidates.push([at, length, id, score]);
  }
  return {
    method,
    ids,
    pieces: all.map((made, i) => made.finish(ids, all[i + 1]?.first ?? ids.length)),
  };
}
