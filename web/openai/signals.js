/**
 * signals.js - one signal of two, for browsers without AbortSignal.any().
 */

/**
 * @param {AbortSignal | undefined} other @param {AbortController} controller aborted with `other`
 * @returns {AbortSignal} that of the controller
 */
export function follow(other, controller) {
  if (!other) return controller.signal;
  const abort = () => controller.abort(other.reason);
  if (other.aborted) abort();
  else other.addEventListener('abort', abort, { once: true, signal: controller.signal });
  return controller.signal;
}
