/**
 * training.js - what jl-train can train on: a text, or random tokens that repeat (for induction heads).
 */

/** @typedef {import('../api/types.js').TrainConfig} TrainConfig */
/**
 * @typedef {object} Plan
 * @property {'text' | 'induction'} task
 * @property {string} text
 * @property {TrainConfig} config
 * @property {string} prompt whose next token is shown, and which samples continue
 * @property {number[]} moments steps after which everything is measured
 */

const PROMPT = 24; // characters
/** Distance of the copies in training, and another one for a second score. */
export const [PERIOD, OTHER] = [16, 12];
const [SYMBOLS, SEQUENCES] = [64, 20_000];
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const SHARES = [0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1];

/** A small model of two blocks. @type {TrainConfig} */
const SMALL = {
  ...{ context: 64, width: 64, layers: 2, heads: 4, hidden: 176 },
  ...{ sampleTokens: 0, evaluateWindows: 12 },
};

/** Two blocks of two heads. @type {TrainConfig} */
const REPEATED = {
  ...{ context: 2 * PERIOD, width: 64, layers: 2, heads: 2, hidden: 256, batch: 16 },
  ...{ sampleTokens: 0, evaluateWindows: 4 },
};

/**
 * Sequences of random symbols, each repeated up to 32 symbols.
 * @param {number} count @param {number} seed @param {number} [period]
 */
export function repeated(count, seed, period = PERIOD) {
  let state = seed >>> 0;
  const symbol = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ALPHABET[Math.floor((state / 2 ** 32) * SYMBOLS)];
  };
  const sequence = () => Array.from({ length: period }, symbol).join('');
  return Array.from({ length: count }, () =>
    sequence()
      .repeat(Math.ceil((2 * PERIOD) / period))
      .slice(0, 2 * PERIOD),
  ).join('');
}

/** @param {number} steps */
const warmupOf = (steps) => Math.min(10, steps >> 1);

/** @param {number} steps */
const momentsOf = (steps) => [...new Set(SHARES.map((share) => Math.round(share * steps)))];

/** The included text of a request: poems for Chinese. @param {Record<string, any>} request @returns {'tales' | 'poems' | 'own'} */
export const corpusOf = ({ corpus, text }) =>
  corpus ?? (/\p{Script=Han}/u.test(text ?? '') ? 'poems' : 'tales');

/**
 * @param {Record<string, any>} request @param {string} own the reader's own text
 * @returns {Promise<Plan>}
 */
export async function planOf({ task, unit, steps, seed = 1, ...request }, own) {
  if (task === 'induction') {
    const total = steps ?? 150;
    const config = { ...REPEATED, steps: total, seed, warmup: warmupOf(total) };
    const prompt = repeated(1, 99).slice(0, PERIOD + 6);
    const text = `${repeated(SEQUENCES, 42)}A`; // one more, so that the engine's windows begin with a sequence
    return { task, text, config, prompt, moments: momentsOf(total) };
  }
  const corpus = corpusOf(request);
  const texts = await import('../texts.js');
  const total = steps ?? 150;
  const vocabulary = unit === 'merges' ? 512 : /** @type {const} */ ('characters');
  const batch = corpus === 'poems' ? 6 : 8;
  return {
    task: 'text',
    text: corpus === 'own' ? own : texts[corpus],
    config: { ...SMALL, batch, vocabulary, steps: total, seed, warmup: warmupOf(total) },
    prompt: [...(request.text ?? '')].slice(-PROMPT).join('') || '\n',
    moments: momentsOf(total),
  };
}
