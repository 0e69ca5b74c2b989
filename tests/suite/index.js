/**
 * index.js - the suite that every host runs unchanged: bare engine, worker, Node, three browsers.
 *
 * A case is a Case (below) and fails by throwing. Hosts without the real model skip `needs: 'smollm2'` and
 * report it. Of the browsers only Chromium runs `slow` cases, and none those of 'no page'; in Node, `hosts`
 * says which of its three hosts run a case. Imports nothing of Node or of a page.
 */
import { argumentsSuite } from './arguments.js';
import { attention } from './attention.js';
import { chat } from './chat.js';
import { conversation } from './conversation.js';
import { embed } from './embed.js';
import { equivalence } from './equivalence.js';
import { errors } from './errors.js';
import { failed } from './failures.js';
import { fast } from './fast.js';
import { forgery } from './forgery.js';
import { generation } from './generation.js';
import { golden } from './golden.js';
import { heads } from './heads.js';
import { inside } from './inside.js';
import { insideGolden } from './inside_golden.js';
import { learn } from './learn.js';
import { merges } from './merges.js';
import { openai } from './openai.js';
import { readings } from './readings.js';
import { rerank } from './rerank.js';
import { save } from './save.js';
import { search } from './search.js';
import { threads } from './threads.js';
import { tools } from './tools.js';
import { train } from './train.js';
import { traps } from './traps.js';
import { workers } from './workers.js';

/** @typedef {typeof import('../../web/jielong.js')} Jielong */
/** @typedef {import('../../web/jielong.js').Model} Model */
/** @typedef {import('../../web/jielong.js').LoadOptions} LoadOptions */

/**
 * @typedef {object} Host
 * @property {Jielong} jielong
 * @property {LoadOptions} options how the host loads: in this thread or in a worker
 * @property {(name: string) => string} source loadModel's argument for tests/golden/NAME or 'smollm2'
 * @property {(name: string) => Promise<Uint8Array>} bytes of tests/golden/NAME
 * @property {string} origin of a server of the repository's web/ and tests/
 */

/**
 * The argument of a case.
 * @typedef {Host & {
 *   model: (name: string) => Promise<Model>, load: (source: any, options?: LoadOptions) => Promise<Model>,
 *   json: (name: string) => Promise<any>, floats: (name: string) => Promise<Float32Array>,
 *   text: (name: string) => Promise<string> }} T
 */
/**
 * hosts: which hosts in Node run the case. 'one thread': the engine's own thread and the worker, both without pool
 * workers, because a second thread computes nothing in it. 'one': the first of these only, because the case
 * chooses its own worker, is about templates or arguments alone, or is long (Chromium runs it through a worker).
 * Without it: all three.
 * @typedef {{ name: string, needs?: 'smollm2', slow?: boolean | 'no page', hosts?: 'one thread' | 'one',
 *   run: (t: T) => Promise<void> }} Case
 */

/** @param {'one thread' | 'one'} hosts @param {Case[]} some @returns {Case[]} */
const on = (hosts, some) => some.map((one) => ({ ...one, hosts }));

/** @type {Case[]} */
export const cases = [
  ...golden,
  ...fast,
  ...equivalence,
  ...attention,
  ...inside,
  ...save,
  ...insideGolden,
  ...generation,
  ...embed,
  ...rerank,
  ...errors,
  ...failed,
  ...traps,
  ...readings,
  ...search,
  ...learn,
  ...train,
  ...on('one thread', [...threads, ...chat, ...tools, ...openai, ...conversation]),
  ...on('one', [...argumentsSuite, ...merges, ...heads, ...workers, ...forgery]),
];

/** Whether a host in Node runs a case. @param {Case} one @param {{ worker: boolean, threads: number }} host */
export const runsOn = ({ hosts }, { worker, threads }) =>
  !hosts || (threads === 1 && (hosts === 'one thread' || !worker));

/** A model that needs jielong-all.wasm. */
const rare = golden.filter(({ name }) => name === 'golden logits arch/xverse');

/**
 * Cases for the output of `make dist`: loading, generating, tokenizing, training, failing.
 * @type {Case[]}
 */
export const essentials = [...golden.slice(0, 2), ...rare, ...generation, ...errors, ...train];

/**
 * A host's t. Cases share the models of model(name), which are loaded once, and close those of load().
 * @param {Host} host
 * @returns {{ t: T, close: () => Promise<void> }}
 */
export function prepare(host) {
  /** @type {Map<string, Promise<Model>>} */
  const models = new Map();
  /** @type {T} */
  const t = {
    ...host,
    // Exact by default; fast.js tests 'fast'.
    load: (source, options = {}) =>
      host.jielong.loadModel(source, { precision: 'exact', ...host.options, ...options }),
    model(name) {
      let model = models.get(name);
      if (!model) {
        model = t.load(host.source(name));
        models.set(name, model);
      }
      return model;
    },
    text: async (name) => new TextDecoder().decode(await host.bytes(name)),
    json: async (name) => JSON.parse(await t.text(name)),
    floats: async (name) => new Float32Array((await host.bytes(name)).slice().buffer),
  };
  const close = async () => {
    for (const model of models.values()) await model.then((m) => m.close()).catch(() => {});
  };
  return { t, close };
}
