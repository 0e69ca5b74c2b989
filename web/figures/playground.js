/**
 * playground.js - a prompt and the generated tokens, each with its alternatives.
 *
 * The view stores columns, because a scene must be small: token i is ids[i]; labels[id] names it. A generation can begin
 * inside an earlier view (`from`), with another token there; the kept tokens are evaluated again only where they differ
 * from what the session holds.
 */
import { idsOf, tokenViews, visible } from './figure.js';
import { freshSeed, samplingOf } from './sampling.js';
import { roomOf, withKept } from './sessions.js';

const TOP = 5; // alternatives
const LIMIT = 120; // tokens a run
const FRAME_MS = 30; // min time between two drawings

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('../jielong.js').Token} Token */
/**
 * @typedef {object} PlaygroundView
 * @property {string} text the prompt
 * @property {boolean} chat
 * @property {import('./sampling.js').Sampling} sampling of the last run
 * @property {number[]} prefix ids before the first generated token
 * @property {number} left out tokens of a prompt that is too long
 * @property {{ label: string }[]} tokens generated; for the status line
 * @property {number[]} ids
 * @property {string[]} texts newly complete text of each token
 * @property {number[]} logprobs of the tokens, before the sampling settings
 * @property {number[][]} tops ids of the alternatives, most probable first
 * @property {number[][]} topLogprobs
 * @property {Record<number, string>} labels
 * @property {number} chosen index of a token that the reader has chosen; -1: none
 * @property {string} finish as in Token; '' while it runs
 */
/** @typedef {{ view: PlaygroundView, count: number, choice?: number }} From the first `count` tokens of `view`, then the
 *   token `choice` of those listed at that place */

/** Three digits, as a scene and the screen need. @param {number} x */
const digits = (x) => Math.round(x * 1000) / 1000;

/** @param {Model} model @param {PlaygroundView} view @param {{ id: number, text: string }[]} tokens */
async function name(model, view, tokens) {
  for (const { id, text } of tokens) {
    if (id in view.labels) continue;
    const plain = text && !text.includes('\uFFFD');
    view.labels[id] = plain ? visible(text) : (await tokenViews(model, [id]))[0].label;
  }
}

/** Appends a token. @param {Model} model @param {PlaygroundView} view @param {Token} token */
async function add(model, view, { id, text, logprob, top = [], finish }) {
  await name(model, view, top);
  if (!(id in view.labels)) view.labels[id] = (await tokenViews(model, [id]))[0].label;
  view.tokens.push({ label: view.labels[id] });
  view.ids.push(id);
  view.texts.push(text);
  view.logprobs.push(digits(logprob));
  view.tops.push(top.map((t) => t.id));
  view.topLogprobs.push(top.map((t) => digits(t.logprob)));
  view.finish = finish ?? '';
}

/** The text of tokens that follow others. @param {Model} model @param {number[]} before @param {number} id */
async function textAfter(model, before, id) {
  const [old, all] = await Promise.all([
    model.detokenize(Int32Array.from(before)),
    model.detokenize(Int32Array.from([...before, id])),
  ]);
  const whole = (/** @type {string} */ text) => text.replace(/\uFFFD+$/, '');
  return whole(all).slice(whole(old).length);
}

/** The beginning of a view, with the chosen token. @param {Model} model @param {From} from @returns {Promise<PlaygroundView>} */
async function keep(model, { view, count, choice }) {
  const part = (/** @type {any[]} */ list) => list.slice(0, count);
  const kept = {
    ...view,
    finish: '',
    labels: { ...view.labels },
    tokens: part(view.tokens),
    ids: part(view.ids),
    texts: part(view.texts),
    logprobs: part(view.logprobs),
    tops: part(view.tops),
    topLogprobs: part(view.topLogprobs),
    chosen: -1,
  };
  if (choice === undefined) return kept;
  const id = view.tops[count][choice];
  kept.tokens.push({ label: view.labels[id] });
  kept.texts.push(await textAfter(model, [...kept.prefix, ...kept.ids], id));
  kept.ids.push(id);
  kept.logprobs.push(view.topLogprobs[count][choice]);
  kept.tops.push(view.tops[count]);
  kept.topLogprobs.push(view.topLogprobs[count]);
  return { ...kept, chosen: count };
}

/** @param {any} request @param {PlaygroundView['sampling']} sampling @returns {PlaygroundView} */
const empty = ({ text = '', chat = false }, sampling) => ({
  text,
  chat,
  sampling,
  prefix: [],
  left: 0,
  tokens: [],
  ids: [],
  texts: [],
  logprobs: [],
  tops: [],
  topLogprobs: [],
  labels: {},
  chosen: -1,
  finish: '',
});

/** Fills in the prompt's ids. @param {Model} model @param {PlaygroundView} view @param {any} request */
async function prompt(model, view, { text = '' }) {
  const { ids, total } = await idsOf(model, text, roomOf(model) - 16);
  view.prefix = [...ids];
  view.left = total - ids.length;
}

/** @type {import('./figure.js').Figure} */
export const playground = {
  name: 'playground',
  settings: [], // a new generation only begins by the reader's action
  /** @returns {Promise<PlaygroundView & { missing?: 'encoder' | 'text' }>} */
  async compute(model, request, job) {
    const sampling = samplingOf(model, request, request.seed ?? freshSeed());
    const kept = request.from && (await keep(model, request.from));
    const view = kept ? { ...kept, sampling } : empty(request, sampling);
    if (model.info.encoder) return { ...view, missing: 'encoder' };
    const chat = view.chat && !request.from;
    if (!request.from && !chat) await prompt(model, view, request);
    if (!view.prefix.length && !chat) return { ...view, missing: 'text' };
    const used = view.prefix.length + view.ids.length;
    if (used >= roomOf(model)) return { ...view, finish: 'context' };
    job.show(view);
    return withKept(model, async (session) => {
      const start = view.ids.length;
      // The seed varies with the start, or a text continued in parts would draw the same numbers in each.
      const how = {
        ...sampling,
        seed: sampling.seed + start,
        maxTokens: request.count ?? LIMIT,
        topLogprobs: TOP,
        signal: job.signal,
      };
      if (!chat) await session.replace([...view.prefix, ...view.ids]);
      const generation = chat
        ? session.chat([{ role: 'user', content: view.text }], how)
        : session.generate([], how);
      await write(model, view, generation, session, job);
      return view;
    });
  },
};

/**
 * @param {Model} model @param {PlaygroundView} view @param {AsyncIterable<Token>} generation
 * @param {import('../jielong.js').Session} session @param {import('./figure.js').Job} job
 */
async function write(model, view, generation, session, job) {
  let shown = 0;
  for await (const token of generation) {
    if (!view.prefix.length) view.prefix = [...(await session.ids())].slice(0, -1);
    await add(model, view, token);
    const now = performance.now();
    if (now - shown >= FRAME_MS) job.show(view);
    if (now - shown >= FRAME_MS) shown = now;
    await job.pause();
  }
}
