/**
 * sessions.js - sessions that figures keep between computations, so that a text is not evaluated again for its next token
 * or another setting.
 *
 * Idle sessions are kept per model, at most two. Closing the model frees them.
 */

/** @typedef {import('../jielong.js').Model} Model */
/** @typedef {import('../jielong.js').Session} Session */

const MAX_CONTEXT = 1024; // tokens
const MAX_IDLE = 2;

/** @type {WeakMap<Model, Session[]>} the last used last */
const idle = new WeakMap();

/** Tokens that a kept session holds. @param {Model} model */
export const roomOf = (model) => Math.min(MAX_CONTEXT, model.info.contextLength || MAX_CONTEXT);

/**
 * Calls `work` with an idle session of the model, or a new one. It may hold any tokens: begin with replace(). A session
 * whose work failed is closed, because an operation may still run in it.
 * @template T
 * @param {Model} model @param {(session: Session) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withKept(model, work) {
  const kept = idle.get(model) ?? [];
  idle.set(model, kept);
  const session = kept.pop() ?? (await model.createSession({ contextLength: roomOf(model) }));
  try {
    const result = await work(session);
    if (kept.length < MAX_IDLE) kept.push(session);
    else await session.close();
    return result;
  } catch (e) {
    await session.close().catch(() => {}); // the model may be closed
    throw e;
  }
}
