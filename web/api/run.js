/**
 * run.js - session.run(): evaluates tokens step by step while sites are read and edited.
 *
 * A call of the engine is one step, so that a run can be aborted between two, and other sessions of the model take
 * turns. Every run that was begun is ended; one that fails or is aborted leaves the session as it was.
 */
import { checkOptions, integer, LIST, number, PROGRESS, SIGNAL } from '../base/options.js';
import { byPlace, expandEdits, expandTaps, meanOf, requestOf, tapResult } from './inside.js';

/** @typedef {import('./inside.js').PlacedEdit} PlacedEdit */
/** @typedef {import('./inside.js').Request} Request */
/** @typedef {import('./timeline.js').Timeline} Timeline */
/** @typedef {import('./types.js').Ids} Ids */
/** @typedef {import('./types.js').ModelInfo} ModelInfo */
/** @typedef {import('./types.js').RunOptions} RunOptions */
/** @typedef {import('./types.js').TapResult} TapResult */

const MAX_BYTES = 2 ** 28;
const FORECAST = { taps: LIST, edits: LIST, stopAtLayer: integer(1, 65535) };
const RUN = {
  ...FORECAST,
  maxBytes: number(1, Number.MAX_SAFE_INTEGER),
  signal: SIGNAL,
  onProgress: PROGRESS,
};

/** @param {ModelInfo} info @param {RunOptions} options checked */
function placed(info, { taps = [], edits = [] }) {
  return { places: expandTaps(taps, info), changes: expandEdits(edits, info, true) };
}

/**
 * @param {Timeline} timeline @param {ModelInfo} info @param {string | Ids} promptOrIds @param {RunOptions} options
 * @returns {Promise<{ ids: Int32Array, taps: TapResult[], logits: Float32Array }>}
 */
export async function run(timeline, info, promptOrIds, options) {
  const given = checkOptions('run', options, RUN);
  const { stopAtLayer, maxBytes = MAX_BYTES, signal, onProgress } = given;
  const { places, changes } = placed(info, given);
  signal?.throwIfAborted();
  return timeline.attend(signal, async () => {
    const ids = await timeline.tokens(promptOrIds, false, 'run', signal);
    const edits = await withMeans(timeline, ids, changes, maxBytes, signal);
    const request = requestOf(places, edits, { layers: stopAtLayer, maxBytes });
    const result = await evaluate(timeline, ids, request, signal, onProgress);
    return { ids, taps: places.map((p, i) => tapResult(p, result.taps[i])), logits: result.logits };
  });
}

/**
 * Bytes of the results that such a run would hold.
 * @param {Timeline} timeline @param {ModelInfo} info @param {string | Ids} promptOrIds @param {RunOptions} options
 */
export async function forecast(timeline, info, promptOrIds, options) {
  const given = checkOptions('forecast', options, FORECAST);
  const { places, changes } = placed(info, given);
  const ids = await timeline.tokens(promptOrIds, false, 'forecast');
  const edits = changes.filter(({ op }) => op !== 'mean');
  const request = requestOf(places, edits, { layers: given.stopAtLayer });
  return timeline.call('forecast', ids.length, request);
}

/**
 * @param {Timeline} timeline @param {Int32Array} ids @param {Request} request @param {AbortSignal} [signal]
 * @param {RunOptions['onProgress']} [onProgress]
 */
async function evaluate(timeline, ids, request, signal, onProgress) {
  const total = ids.length;
  const from = timeline.position;
  await timeline.call('runBegin', ids, request);
  try {
    let first;
    for (let more = true; more; ) {
      signal?.throwIfAborted();
      const step = await timeline.call('runStep');
      more = step.more;
      first ??= step.evaluated;
      onProgress?.({ evaluated: more ? Math.min(step.evaluated - first, total) : total, total });
    }
    return await timeline.call('runEnd', request.taps, request.layers === 0);
  } catch (e) {
    await timeline.call('runEnd', 0, false).catch(() => {});
    await timeline.call('rewind', from).catch(() => {}); // a complete run keeps its tokens
    throw e;
  }
}

/**
 * Replaces each 'mean' by 'set' with the mean of its place, which a run before this one reads: in the order of
 * the places, because a mean depends on edits before it.
 * @param {Timeline} timeline @param {Int32Array} ids @param {PlacedEdit[]} changes @param {number} maxBytes
 * @param {AbortSignal} [signal] @returns {Promise<PlacedEdit[]>}
 */
async function withMeans(timeline, ids, changes, maxBytes, signal) {
  const from = timeline.position;
  /** @type {Map<PlacedEdit, PlacedEdit>} */
  const known = new Map(changes.filter(({ op }) => op !== 'mean').map((edit) => [edit, edit]));
  const settled = () => changes.flatMap((edit) => known.get(edit) ?? []);
  for (const edit of changes.filter(({ op }) => op === 'mean').sort(byPlace)) {
    const before = changes.slice(0, changes.indexOf(edit));
    const edits = settled().filter((one) => byPlace(one, edit) < 0 || before.includes(one));
    const layers = edit.site.layers ? edit.layer + 1 : 0;
    const request = requestOf([edit], edits, { layers, maxBytes });
    const { taps } = await evaluate(timeline, ids, request, signal);
    await timeline.rewind(from);
    known.set(edit, { ...edit, op: 'set', data: meanOf(taps[0], edit) });
  }
  return settled();
}
