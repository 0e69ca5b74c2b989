/**
 * compare.js - two texts, or one text under two rules: loss of each token, next tokens, continuations, and the block
 * in which the hidden states of a token part.
 *
 * Side 0 is the text under the model's own rules; side 1 is `other`, or the same text, under `rule`.
 */

import { refusal } from './causal.js';
import { distances, pairsOf } from './distances.js';
import { idsOf, tokenViews, unstored, withSession } from './figure.js';
import { best, largest, logSum } from './numbers.js';
import { cacheEdits, ruleOf } from './rules.js';

const [MAX_TOKENS, CONTINUED, TOP, ROWS] = [64, 12, 6, 16];

/** @typedef {import('./figure.js').TokenView} TokenView */
/** @typedef {import('../jielong.js').Model} Model */
/**
 * @typedef {object} Side
 * @property {TokenView[]} tokens
 * @property {number[]} loss negative log-likelihood in nats of each token but the first; empty for encoders
 * @property {number | null} mean of `loss`
 * @property {number | null} [counts] mean loss if only token counts are known; null: they are not
 * @property {TokenView[]} next the greedy continuation
 */
/**
 * @typedef {object} CompareView
 * @property {string} rule of side 1
 * @property {number} layer of the rule, as are head, window and sinks
 * @property {number} head
 * @property {number} window
 * @property {number} sinks
 * @property {TokenView[]} tokens of side 0
 * @property {number} total
 * @property {boolean} encoder it predicts no tokens
 * @property {[Side, Side]} sides
 * @property {[number, number][]} pairs positions of the same token on both sides: of the common begin and end
 * @property {number} depths of hidden states: the embedding, and the stream after each block
 * @property {Float32Array} cosine [pair, depth]
 * @property {number[]} apart per pair: the first depth at which the states differ; -1: none
 * @property {(TokenView & { before: number, after: number })[]} candidates of the next token, with probabilities
 * @property {number} from index of the first loss that counts in `mean`; those before it saw their token
 * @property {number} [uniform] loss of equal guesses
 * @property {Part[][]} [parts] of the losses of each side; not stored in scenes
 * @property {number} turn index of the first token of `next` that differs; -1: none
 */

/** A loss is ln Σ e^logit − the token's logit. @typedef {{ sum: number, logit: number }} Part */

/** Losses of the tokens after the first, from the streams after the last block. @param {Model} model @param {Int32Array} ids @param {Float32Array} streams */
async function losses(model, ids, streams) {
  const width = streams.length / ids.length;
  const out = /** @type {Part[]} */ ([]);
  for (let from = 0; from < ids.length - 1; from += ROWS) {
    const to = Math.min(from + ROWS, ids.length - 1);
    const { shape, data } = await model.unembed(streams.subarray(from * width, to * width));
    for (let i = from; i < to; i++) {
      const row = data.subarray((i - from) * shape[1], (i - from + 1) * shape[1]);
      out.push({ sum: logSum(row), logit: row[ids[i + 1]] });
    }
  }
  return out;
}

/**
 * Evaluates a text under a rule.
 * @param {Model} model @param {Int32Array} ids @param {string} name of the rule @param {any} request
 * @param {import('./figure.js').Job} job
 */
async function evaluate(model, ids, name, request, { signal, progress, pause }) {
  const { encoder, contextLength, layers } = model.info;
  const more = encoder ? 0 : Math.max(0, Math.min(CONTINUED, contextLength - ids.length));
  const { options, bits } = ruleOf(model, name, ids.length, more, request);
  const size = ids.length + more;
  return withSession(
    model,
    size,
    async (session) => {
      /** @param {number[]} some @param {any[]} taps */
      const step = async (some, taps) => {
        const edits = bits ? await cacheEdits(session, model, some, bits, signal) : [];
        return session.run(some, { taps, edits, signal });
      };
      const { taps, logits } = await step(Array.from(ids), [
        { name: 'resid_pre', layer: 0 },
        { name: 'resid_post', layer: 'all' },
      ]);
      const streams = taps.map(({ data }) => data);
      const parts = encoder ? [] : await losses(model, ids, streams[layers]);
      const loss = parts.map(({ sum, logit }) => sum - logit);
      const next = /** @type {number[]} */ ([]);
      for (let now = logits; next.length < more; ) {
        progress(next.length, more, 'tokens');
        await pause();
        next.push(best(now));
        if (next.length < more) now = (await step(next.slice(-1), [])).logits;
      }
      return { ids, streams, parts, loss, logits, next };
    },
    options,
  );
}

/** @typedef {Awaited<ReturnType<typeof evaluate>>} Result */

/** The most probable next tokens of both sides. @param {Model} model @param {Result[]} results */
async function candidatesOf(model, results) {
  const sides = results.map(({ logits }) => {
    const sum = logSum(logits);
    return {
      top: largest(logits, TOP),
      p: (/** @type {number} */ id) => Math.exp(logits[id] - sum),
    };
  });
  const [before, after] = sides.map(({ p }) => p);
  const ids = [...new Set(sides.flatMap(({ top }) => top))].sort((x, y) => before(y) - before(x));
  const views = await tokenViews(model, ids);
  return views.map((view) => ({ ...view, before: before(view.id), after: after(view.id) }));
}

/** @param {Model} model @param {Result} result @param {number} from @returns {Promise<Side>} */
async function sideOf(model, { ids, loss, next }, from) {
  const counted = loss.slice(from);
  const { countLoss } = await import('../counts.js');
  const counts = loss.length ? countLoss(model.info, ids.subarray(from)) : null;
  const mean = counted.length ? counted.reduce((sum, x) => sum + x, 0) / counted.length : null;
  const views = await tokenViews(model, [...ids, ...next]);
  const [tokens, continued] = [views.slice(0, ids.length), views.slice(ids.length)];
  return { tokens, loss, mean, counts, next: continued };
}

/** @type {import('./figure.js').Figure} */
export const compare = {
  name: 'compare',
  settings: ['text', 'other', 'rule', 'layer', 'head', 'window', 'sinks', 'seed'],
  /** @returns {Promise<CompareView>} */
  async compute(model, request, job) {
    const { info } = model;
    const { text, other = '', rule = other ? 'none' : 'head-off' } = request;
    const layer = Math.min(request.layer ?? 0, info.layers - 1);
    const head = Math.min(request.head ?? 0, info.heads - 1);
    const { window = 8, sinks = 0, seed = 1 } = request;
    const numbers = { layer, head, window, sinks, seed };
    const max = Math.min(MAX_TOKENS, info.contextLength);
    const { ids, total } = await idsOf(model, text ?? '', max);
    const second = other ? (await idsOf(model, other, max)).ids : ids;
    if (!ids.length || !second.length) throw refusal('NO_TEXT', 'a text has no token');
    const a = await evaluate(model, ids, 'none', numbers, job);
    const b = await evaluate(model, second, rule, numbers, job);
    const pairs = pairsOf(ids, second);
    const from = rule === 'prefix' ? Math.max(1, second.length >> 1) - 1 : 0;
    const sides = /** @type {[Side, Side]} */ ([
      await sideOf(model, a, from),
      await sideOf(model, b, from),
    ]);
    const { encoder } = info;
    const view = {
      ...{ rule, ...numbers, tokens: sides[0].tokens, total, encoder, sides, pairs, from },
      ...distances(a, b, pairs),
      uniform: Math.log(info.vocabularySize),
      candidates: encoder ? [] : await candidatesOf(model, [a, b]),
      turn: a.next.findIndex((id, i) => id !== b.next[i]),
    };
    return unstored(view, { parts: [a.parts, b.parts] });
  },
};
