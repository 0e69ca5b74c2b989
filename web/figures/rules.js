/**
 * rules.js - rules by name under which a model can run: heads switched off, other masks, positions and caches.
 *
 * 'none' changes nothing. Others take numbers of the request: layer and head, window and sinks.
 */

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('../jielong.js').Session} Session */
/** @typedef {{ options: Record<string, any>, bits?: number }} Rule options of createSession; bits of keys and values */
/** @typedef {{ layer: number, head: number, window: number, sinks: number, seed: number }} Numbers */

export const RULES = [
  'none',
  'head-off',
  'head-only',
  'attention-off',
  'feed-forward-off',
  'mask-off',
  'prefix',
  'positions-off',
  'shuffled',
  'window',
  'cache-8',
  'cache-4',
  'cache-3',
];

/** The numbers from 0 on in an order that the seed decides, then those after them. @param {number} n @param {number} more @param {number} seed */
function shuffled(n, more, seed) {
  const ids = Array.from({ length: n + more }, (_, i) => i);
  let state = seed >>> 0;
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [ids[i], ids[j]] = [ids[j], ids[i]];
  }
  return ids;
}

/**
 * @param {Model} model @param {string} name one of RULES @param {number} n tokens of the text
 * @param {number} more tokens after it @param {Numbers} numbers
 * @returns {Rule}
 */
export function ruleOf(model, name, n, more, { layer, head, window, sinks, seed }) {
  const { heads } = model.info;
  const zero = (/** @type {object} */ place) => ({ layer, op: 'zero', ...place });
  const others = Array.from({ length: heads }, (_, i) => i).filter((i) => i !== head);
  /** @type {Record<string, () => Rule>} */
  const rules = {
    'head-off': () => ({ options: { edits: [zero({ name: 'z', head })] } }),
    'head-only': () => ({ options: { edits: others.map((i) => zero({ name: 'z', head: i })) } }),
    'attention-off': () => ({ options: { edits: [zero({ name: 'attn_out' })] } }),
    'feed-forward-off': () => ({ options: { edits: [zero({ name: 'mlp_out' })] } }),
    'mask-off': () => ({ options: { attention: { mask: 'none' } } }),
    prefix: () => ({ options: { attention: { mask: 'prefix', prefix: Math.max(1, n >> 1) } } }),
    'positions-off': () => ({ options: { positions: 'off' } }),
    shuffled: () => ({ options: { positions: { ids: shuffled(n, more, seed) } } }),
    window: () => ({ options: { attention: { window, sinks } } }),
    'cache-8': () => ({ options: {}, bits: 8 }),
    'cache-4': () => ({ options: {}, bits: 4 }),
    'cache-3': () => ({ options: {}, bits: 3 }),
  };
  return rules[name]?.() ?? { options: {} };
}

/** Vectors of `size` rounded to signed integers of `bits`, one scale per vector. @param {Float32Array} data @param {number} size @param {number} bits */
export function quantised(data, size, bits) {
  const top = 2 ** (bits - 1) - 1;
  const out = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += size) {
    const max = data.subarray(at, at + size).reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    const scale = max / top || 1;
    for (let i = at; i < at + size; i++) out[i] = Math.round(data[i] / scale) * scale;
  }
  return out;
}

/**
 * The edits that give the next tokens keys and values of few bits. A block's are read with those of the blocks
 * before it rounded, so each block takes a run.
 * @param {Session} session @param {Model} model @param {number[]} ids @param {number} bits @param {AbortSignal} signal
 */
export async function cacheEdits(session, model, ids, bits, signal) {
  const { sites, attentionLayers } = model.info;
  const key = sites.some((site) => site.short === 'rot_k') ? 'rot_k' : 'k';
  const edits = /** @type {any[]} */ ([]);
  for (const layer of attentionLayers) {
    const taps = [key, 'v'].map((name) => ({ name, layer }));
    const run = await session.run(ids, { taps, edits, stopAtLayer: layer + 1, signal });
    for (const { short, shape, data } of run.taps)
      edits.push({ name: short, layer, op: 'set', data: quantised(data, shape[2], bits) });
  }
  return edits;
}
