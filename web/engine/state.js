/**
 * state.js - the engine's methods that save sessions as bytes and restore them (src/jielong_state.h).
 *
 * Part of engine.js. A state leaves the module's memory in parts, so that it needs little room there; to
 * restore it, it must lie there as a whole.
 */
import { JielongError } from '../base/error.js';

/** @typedef {import('./exports.js').Calls} Calls */

/** The bytes of a session's state. @param {Calls} calls @param {number} session */
function stateBytes(calls, session) {
  const bytes = calls.call('session_save', session, 0, 0, 0);
  if (!bytes) throw calls.error();
  return bytes;
}

/** Bytes [from, from + n) of it. @param {Calls} calls @param {number} session @param {number} from @param {number} n */
function statePart(calls, session, from, n) {
  const pointer = calls.alloc(n);
  try {
    if (!calls.call('session_save', session, from, pointer, n)) throw calls.error();
    return calls.bytes(pointer, n).slice();
  } finally {
    calls.free(pointer);
  }
}

/** @param {Calls} calls @param {number} model @param {Uint8Array} bytes @param {number} pool */
export function restore(calls, model, bytes, pool) {
  if (bytes.length >= 2 ** 32)
    throw new JielongError('OUT_OF_MEMORY', 'a state of 4 GB or more does not fit', 'state');
  return calls.withCopies([bytes], (pointer) =>
    calls.make('session_restore', model, pointer, bytes.length, pool),
  );
}

/** @param {Calls} calls @param {number} session */
function nextSeed(calls, session) {
  return calls.withCopies([new Int32Array(2)], (pointer) => {
    calls.call('session_next_seed', session, pointer);
    const [low, high] = calls.ints(pointer, 2);
    return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  });
}

/** Functions of the calls and a session, by name. */
export const states = { stateBytes, statePart, nextSeed };
