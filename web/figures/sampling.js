/** sampling.js - the sampler's settings in the requests of figures, and seeds. */

/** @typedef {{ temperature: number, topK: number, topP: number, minP: number, repeatPenalty: number,
 *   seed: number }} Sampling */

/**
 * The settings of a request, with the model's defaults; `greedy` is temperature 0.
 * @param {import('../jielong.js').Model} model @param {Record<string, any>} request @param {number} seed
 * @returns {Sampling}
 */
export function samplingOf({ info: { sampling } }, request, seed) {
  return {
    temperature: request.greedy ? 0 : (request.temperature ?? sampling.temperature),
    topK: request.topk ?? sampling.topK,
    topP: request.topp ?? sampling.topP,
    minP: request.minp ?? sampling.minP,
    repeatPenalty: request.penalty ?? sampling.repeatPenalty,
    seed,
  };
}

/** A seed that fits into an attribute. */
export const freshSeed = () => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000_000;
