/**
 * ablation.js - what a model predicts while attention heads are switched off.
 */

import { viewsOf, withSession } from './figure.js';
import { largest, logSum, softmax } from './numbers.js';

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('./figure.js').TokenView} TokenView */
/** @typedef {{ loss: number | null, p: Float64Array }} Outcome loss in nats a token; p: of the next token */

const SHOWN = 6; // tokens of a prediction

/**
 * @typedef {object} Change the prediction before and after an edit
 * @property {number} layer
 * @property {number} head
 * @property {'none' | 'off' | 'only' | 'pending'} edit off: z of the head is zero; only: z of the block's other heads is
 * @property {[number, number] | null} loss in nats a token, mean over the text; null: one token
 * @property {number} uniform loss of equal guesses
 * @property {number | null} [unigram] loss of token counts; null: not known
 * @property {{ token: TokenView, before: number, after: number }[]} top probabilities of the next token
 */
/**
 * Loss over a text, and the logits after it, while heads are off.
 * @param {Model} model @param {Int32Array} ids @param {import('../api/types.js').Edit[]} edits @param {AbortSignal} signal
 */
export async function outcome(model, ids, edits, signal) {
  let [loss, last] = [0, new Float32Array(0)];
  await withSession(
    model,
    ids.length,
    async (session) => {
      let t = 0;
      for await (const logits of session.eachLogits(ids)) {
        signal.throwIfAborted();
        t++;
        if (t < ids.length) loss += logSum(logits) - logits[ids[t]];
        else last = logits.slice();
      }
    },
    { allLogits: true, edits },
  );
  return { loss: ids.length > 1 ? loss / (ids.length - 1) : null, p: softmax(last) };
}

/** The edits that switch one head off, or all others of its block. @param {string} edit @param {number} layer @param {number} head @param {number} heads @returns {import('../api/types.js').Edit[]} */
function editsOf(edit, layer, head, heads) {
  const all = Array.from({ length: heads }, (_, i) => i);
  const off = { none: [], off: [head], only: all.filter((h) => h !== head) }[edit] ?? [];
  return off.map((h) => ({ name: 'z', layer, head: h, op: /** @type {const} */ ('zero') }));
}

/**
 * The outcome with an edit; `before` if it changes nothing.
 * @param {Model} model @param {Int32Array} ids @param {string} edit @param {{ layer: number, head: number }} place
 * @param {Outcome} before @param {AbortSignal} signal
 */
export async function without(model, ids, edit, { layer, head }, before, signal) {
  const edits = editsOf(edit, layer, head, model.info.heads);
  return edits.length ? outcome(model, ids, edits, signal) : before;
}

/**
 * Losses, and the most probable tokens of both outcomes.
 * @param {Model} model @param {Outcome} before @param {Outcome} after
 * @returns {Promise<Pick<Change, 'loss' | 'top'>>}
 */
export async function compared(model, before, after) {
  const rank = Float64Array.from(before.p, (p, id) => Math.max(p, after.p[id]));
  const best = largest(rank, SHOWN).sort((a, b) => before.p[b] - before.p[a]);
  const pieces = await model.pieces(best);
  const top = best.map((id, i) => ({
    token: viewsOf([pieces[i]])[0],
    before: before.p[id],
    after: after.p[id],
  }));
  const both = before.loss !== null && after.loss !== null;
  return { loss: both ? [Number(before.loss), Number(after.loss)] : null, top };
}
