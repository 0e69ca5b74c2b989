/**
 * bench.js - measures the speed of a model, for `jielong bench` and the playground's speed figure.
 *
 * Uses its own session. Each round evaluates a prompt as one text (prefill), then generates tokens
 * greedily (decode). The first round warms up caches and the compiler and is discarded; the results are
 * medians of the others. Other load on the machine can only lower the numbers.
 */

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/**
 * @param {import('../jielong.js').Model} model
 * @param {{ pp?: number, tg?: number, rounds?: number, signal?: AbortSignal,
 *   onRound?: (round: number, rounds: number) => void }} [options] pp, tg: tokens of prefill and decode;
 *   onRound is called before each round (0: warm-up); an abort takes effect between two tokens
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
