/**
 * embed.js - embeddings of one text, and of several that the engine evaluates together.
 *
 * A pack is as many texts as fit the batch of the engine's best speed; each has the vector that it has alone,
 * bit for bit. Texts longer than a pack, and all texts of a model with short convolutions or recurrent blocks, are
 * embedded one by one.
 */
import { JielongError } from '../base/error.js';
import { badArgument, checkIds, describe, listOf, reading } from '../base/options.js';
import { tokenize } from './tokenize.js';

/** @typedef {import('../engine/backend.js').Backend} Backend */
/** @typedef {import('./types.js').Ids} Ids */
/** @typedef {import('./types.js').ModelInfo} ModelInfo */
/** @typedef {{ index: number, ids: Int32Array }} Text */

const PACK = 256; // tokens of a pack
const GROUP = 256; // texts tokenised ahead

/**
 * @typedef {object} Request
 * @property {Backend} backend
 * @property {ModelInfo} info
 * @property {string} pooling
 * @property {AbortSignal} [signal]
 * @property {number} [first] index of the first text in errors
 * @property {(done: number) => void} [onProgress] after each pack
 */

/**
 * A copy of a list of texts; undefined: one text, or the ids of one.
 * @param {string | Ids | (string | Ids)[]} text @returns {(string | Ids)[] | undefined}
 */
export const textsIn = (text) =>
  reading('embed', () => {
    const list = Array.isArray(text) ? listOf(text) : [];
    return list.length > 0 && typeof list[0] !== 'number' ? list : undefined;
  });

/** The ids that are embedded. @param {Request} request @param {string | Ids} text */
async function idsOf({ backend, signal }, text) {
  const check = () => signal?.throwIfAborted();
  const ids =
    typeof text === 'string'
      ? await tokenize(backend, [[[text, false]], false, true, true], check)
      : checkIds(text, 'embed');
  if (ids.length === 0) throw badArgument('there is nothing to embed', 'text');
  return ids;
}

/** @param {Request} request @param {Int32Array} ids */
async function embedIds({ backend, info, pooling, signal }, ids) {
  const { handle } = await backend.call('openSession', ids.length, false);
  try {
    await backend.call('append', handle, ids);
    return await steps(backend, handle, pooling, new Float32Array(info.embeddingLength), signal);
  } finally {
    backend.call('closeSession', handle).catch(() => {});
  }
}

/** @param {Request} request @param {string | Ids} text */
export const embedText = async (request, text) => embedIds(request, await idsOf(request, text));

/**
 * Evaluates what a session holds, a step per call.
 * @param {Backend} backend @param {number} handle @param {string} pooling
 * @param {Float32Array} vectors of the right length @param {AbortSignal} [signal]
 * @returns {Promise<Float32Array>}
 */
async function steps(backend, handle, pooling, vectors, signal) {
  let vector = vectors;
  for (let more = true; more; ) {
    signal?.throwIfAborted();
    ({ more, vector } = await backend.call('embed', handle, pooling, vector));
  }
  return vector;
}

/* ---- Several texts --------------------------------------------------------------------------- */

/**
 * Names the text in an error about it.
 * @template T
 * @param {number} index @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function naming(index, work) {
  try {
    return await work();
  } catch (e) {
    if (!(e instanceof JielongError) || !/^BAD_/.test(e.code)) throw e;
    throw new JielongError(e.code, `texts[${index}]: ${e.message}`, `texts[${index}]`, e.offset);
  }
}

/**
 * Consecutive packs of texts, at most PACK tokens each; a text of more than `longest` tokens is alone.
 * @param {Text[]} texts @param {number} longest
 */
function* packs(texts, longest) {
  /** @type {Text[]} */ let pack = [];
  let tokens = 0;
  for (const text of texts) {
    const alone = text.ids.length > longest || tokens > longest;
    if (pack.length > 0 && (alone || tokens + text.ids.length > PACK)) {
      yield pack;
      [pack, tokens] = [[], 0];
    }
    pack.push(text);
    tokens += text.ids.length;
  }
  if (pack.length > 0) yield pack;
}

/** A session of several texts; 0 if the model cannot have one. @param {Backend} backend */
async function openPack(backend) {
  try {
    const { handle } = await backend.call('openSession', PACK, false, undefined, undefined, PACK);
    return handle;
  } catch (e) {
    if (e instanceof JielongError && e.where === 'texts') return 0;
    throw e;
  }
}

/**
 * One vector per text, in order.
 * @param {Request} request @param {(string | Ids)[]} texts
 * @returns {Promise<Float32Array[]>}
 */
export async function embedTexts(request, texts) {
  const { backend, info, pooling, signal, first = 0, onProgress } = request;
  const width = info.embeddingLength;
  const list = texts.map((text, i) => {
    if (typeof text === 'string' || (text && typeof text === 'object')) return text;
    throw badArgument(`texts[${i}] is ${describe(text)}, not a text or its ids`, `texts[${i}]`);
  });
  /** @type {Float32Array[]} */ const vectors = [];
  const session = list.length > 1 ? await openPack(backend) : 0;
  try {
    for (let at = 0; at < list.length; at += GROUP) {
      const group = await Promise.all(
        list.slice(at, at + GROUP).map(async (text, i) => {
          const index = first + at + i;
          return { index, ids: await naming(index, () => idsOf(request, text)) };
        }),
      );
      for (const pack of packs(group, session ? Math.min(PACK, info.contextLength) : 0)) {
        vectors.push(...(await (pack.length > 1 ? embedPack(pack) : oneByOne(pack))));
        onProgress?.(vectors.length);
      }
    }
  } finally {
    if (session) backend.call('closeSession', session).catch(() => {});
  }
  return vectors;

  /** @param {Text[]} pack */
  async function oneByOne(pack) {
    const all = [];
    for (const { index, ids } of pack) all.push(await naming(index, () => embedIds(request, ids)));
    return all;
  }

  /** @param {Text[]} pack */
  async function embedPack(pack) {
    signal?.throwIfAborted();
    const done = await backend.call(
      'appendTexts',
      session,
      pack.map(({ ids }) => ids),
    );
    if (done < pack.length) return oneByOne(pack); // gives the error of the rejected text
    const all = await steps(
      backend,
      session,
      pooling,
      new Float32Array(width * pack.length),
      signal,
    );
    return pack.map((_, i) => all.slice(i * width, (i + 1) * width));
  }
}
