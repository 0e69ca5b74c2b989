/**
 * bench.js - how fast a model runs here: for `jielong bench` and the playground's figure of speed.
 *
 * A prompt is read in one go (prefill), then tokens are drawn one by one, the most probable each time
 * (decode), in a session of its own. The first round warms up caches and the compiler and does not count;
 * of the others the medians do. Other work on the machine makes the numbers smaller, never larger.
 */

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/**
 * @param {import('../jielong.js').Model} model
 * @param {{ pp?: number, tg?: number, rounds?: number, signal?: AbortSignal,
 *   onRound?: (round: number, rounds: number) => void }} [options] pp, tg: tokens read and drawn; onRound is
 *   called before each round, the warm-up being number 0; an abort takes effect between two tokens
 * @returns {Promise<{ pp: number, tg: number }>} tokens/s
 */
export async function measure(model, options = {}) {
  const { pp = 128, tg = 32, rounds = 3, signal, onRound } = options;
  const session = await model.createSession({ contextLength: Math.max(pp, tg + 2) });
  const vocabulary = model.info.vocabularySize;
  const ids = Int32Array.from({ length: pp }, (_, i) => (100 + i) % vocabulary);
  const limits = { maxTokens: tg + 1, temperature: 0, ignoreEos: true, signal };
  /** @type {number[][]} */
  const speeds = [[], []];
  try {
    for (let round = 0; round <= rounds; round++) {
      signal?.throwIfAborted();
      onRound?.(round, rounds);
      await session.rewind(0);
      const start = performance.now();
      await session.append(ids);
      await session.logits();
      const read = performance.now();
      await session.rewind(0);
      const times = [];
      for await (const _ of session.generate(ids.subarray(0, 1), limits))
        times.push(performance.now());
      if (round === 0) continue;
      speeds[0].push((pp / (read - start)) * 1000);
      speeds[1].push((tg / (times[tg] - times[0])) * 1000);
    }
  } finally {
    await session.close();
  }
  return { pp: median(speeds[0]), tg: median(speeds[1]) };
}
