/**
 * inspect.js - the commands `inspect` and `lens`: what is inside a model while it reads a text.
 *
 * `inspect` reads sites (session.run) and writes them as one JSON line and floats, or as .npz; without a file it
 * returns a summary. Errors name the command line's options.
 */
import { createWriteStream } from 'node:fs';
import { JielongError } from '../jielong.js';
import { littleEndian, npz } from './npz.js';

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('../api/types.js').TapResult} TapResult */
/** @typedef {Record<string, any>} Values parsed options */

const MAX_BYTES = 2 ** 31; // of the results
const ALIGNMENT = 64; // of the floats in the file

/** @param {string | undefined} layer */
const layerOf = (layer) => (layer === undefined || layer === 'all' ? layer : Number(layer));

/** The name of an option for taps[i] and edits[i] in an error. @param {any} e @param {string[]} taps @param {string[]} edits */
function named(e, taps, edits) {
  if (!(e instanceof JielongError)) return e;
  const option = (/** @type {string} */ text) =>
    text
      .replace(/taps\[(\d+)\](\.\w+)?/g, (all, i) => (taps[i] ? `--tap ${taps[i]}` : all))
      .replace(/edits\[(\d+)\](\.\w+)?/g, (all, i) => (edits[i] ? `--edit ${edits[i]}` : all));
  return new JielongError(
    e.code,
    option(e.message),
    option(e.where.replace(/\]\..*/, ']')),
    e.offset,
  );
}

/** Writes parts to a file. @param {string} path @param {Buffer[]} parts @returns {Promise<void>} */
const write = (path, parts) =>
  new Promise((resolve, reject) => {
    const file = createWriteStream(path);
    const fail = (/** @type {Error} */ e) =>
      reject(new JielongError('FILE', `${path} cannot be written: ${e.message}`, '--out'));
    file.on('close', resolve).on('error', fail);
    for (const part of parts) file.write(part);
    file.end();
  });

/** @param {TapResult} tap */
function summary({ data, ...about }) {
  let [min, max, sum, finite] = [Infinity, -Infinity, 0, 0];
  for (const x of data) {
    if (!Number.isFinite(x)) continue;
    [min, max, sum, finite] = [Math.min(min, x), Math.max(max, x), sum + x, finite + 1];
  }
  const rest = data.length - finite;
  const [mean, lowest, highest] = finite ? [sum / finite, min, max] : [null, null, null];
  return { ...about, min: lowest, max: highest, mean, ...(rest && { notFinite: rest }) };
}

/**
 * A JSON line, padded so that the floats begin at a multiple of 64 bytes, then the floats.
 * @param {object} about @param {TapResult[]} taps @returns {Buffer[]}
 */
function jsonAndFloats(about, taps) {
  let offset = 0; // from the first float
  const described = taps.map(({ data, ...tap }) => {
    const entry = { ...tap, offset };
    offset += data.byteLength;
    return entry;
  });
  const line = Buffer.from(JSON.stringify({ ...about, taps: described }));
  const padding = Buffer.alloc(ALIGNMENT - (line.length % ALIGNMENT), ' ');
  padding[padding.length - 1] = 10; // newline
  return [line, padding, ...taps.map(({ data }) => littleEndian(data))];
}

/** Arrays of a .npz file; the name of a tap, with the head if one was selected. @param {Int32Array} ids @param {TapResult[]} taps */
function arraysOf(ids, taps) {
  const arrays = new Map([['ids', { name: 'ids', shape: [ids.length], data: ids }]]);
  for (const { name, head, shape, data } of taps) {
    const full = head === undefined ? name : `${name}.head${head}`;
    arrays.set(full, /** @type {any} */ ({ name: full, shape, data }));
  }
  return [...arrays.values()];
}

/**
 * @param {Model} model @param {string[]} args @param {Values} values
 * @returns {Promise<{ taps: object[] } | undefined>} the summary; undefined: a file was written
 */
export async function inspect(model, [text], values) {
  const { tap: names, edit: edits = [], head, layer, context, out } = values;
  const one = layerOf(layer);
  const taps = names.map((/** @type {string} */ name) => ({
    name,
    // A full name has its layer; sites outside the blocks ignore one.
    ...(one !== undefined && !name.startsWith('blocks.') && { layer: one }),
    ...(head !== undefined && { head: Number(head) }),
  }));
  const session = await model.createSession({
    contextLength: context === undefined ? undefined : Number(context),
  });
  const prompt = text ?? values.ids.split(',').map(Number);
  const changes = edits.map((/** @type {string} */ edit) => JSON.parse(edit));
  const run = await session
    .run(prompt, { taps, edits: changes, maxBytes: MAX_BYTES })
    .catch((e) => {
      throw named(e, names, edits);
    });
  const pieces = await model.pieces(run.ids);
  const about = { tokens: pieces.map((piece) => piece.text), ids: [...run.ids] };
  if (out === undefined) return { ...about, taps: run.taps.map(summary) };
  await write(out, values.npz ? npz(arraysOf(run.ids, run.taps)) : jsonAndFloats(about, run.taps));
}

/** @param {Model} model @param {string[]} args @param {Values} values @returns {Promise<object[]>} rows of session.lens() */
export async function lens(model, [text], { ids, layer, top, context }) {
  const session = await model.createSession({
    contextLength: context === undefined ? undefined : Number(context),
  });
  await session.append(text ?? ids.split(',').map(Number));
  return session.lens({
    layers: layer === undefined || layer === 'all' ? undefined : [Number(layer)],
    top: top === undefined ? undefined : Number(top),
  });
}
