/**
 * peers_page.js - the engines compared by peers.js behind one interface, in a page.
 *
 *   window.speed(engine, { model, threads, pp, tg, depth, seconds })
 *       → { pp, tg: tokens/s, load: ms, threads, kernels }
 *   window.firstToken, for an address with ?first=ENGINE&model=ADDRESS&words=N
 *       → ms from the page's navigation to the first token after a prompt of N tokens
 *
 * Each engine loads as its documentation says: ours streams from the address; wllama reads a Blob, Flare an
 * array. A rate is the median of the repeats that fit into `seconds`, at least one, after a warm-up.
 * wllama 2 has its own benchmark for this, wllama 3 reports the timings of a completion, Flare is timed
 * from outside.
 */

/** @typedef {{ model: string, threads: number, pp: number, tg: number, depth: number, seconds: number }} Job */
/** @typedef {{ pp: number, tg: number, load: number, threads: number, kernels: string }} Rates */
/** @typedef {{ speed: (job: Job) => Promise<Rates>, first: (model: string, prompt: string) => Promise<void> }} Peer */

const CONTEXT = 1024; // positions, equal except at depth

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

/**
 * @param {() => Promise<number>} measure tokens/s
 * @param {number} seconds
 */
async function repeated(measure, seconds) {
  const rates = [];
  const end = performance.now() + seconds * 1000;
  do rates.push(await measure());
  while (performance.now() < end);
  return median(rates);
}

/** @template T @param {() => Promise<T>} work @returns {Promise<[T, number]>} result and ms */
async function timed(work) {
  const start = performance.now();
  const result = await work();
  return [result, performance.now() - start];
}

/** The bytes as a Blob. @param {string} model */
const blobOf = async (model) => (await fetch(model)).blob();
/** @param {string} address */
const module = (address) => /** @type {Promise<any>} */ (import(address));

/** @type {Peer} */
const ours = {
  async speed({ model: source, threads, pp, tg, depth, seconds }) {
    const { loadModel } = await module('/web/jielong.js');
    const [model, load] = await timed(() => loadModel(source, { threads }));
    const contextLength = Math.max(CONTEXT, depth + Math.max(pp, tg + 2));
    const session = await model.createSession({ contextLength });
    const ids = Int32Array.from({ length: pp }, (_, i) => 100 + i);
    if (depth) {
      await session.append(Int32Array.from({ length: depth }, (_, i) => 100 + (i % 40000)));
      await session.logits();
    }
    const prefill = async () => {
      await session.rewind(depth);
      const start = performance.now();
      await session.append(ids);
      await session.logits();
      return (pp / (performance.now() - start)) * 1000;
    };
    const decode = async () => {
      await session.rewind(depth);
      const options = { maxTokens: tg + 1, temperature: 0, ignoreEos: true };
      const times = [];
      for await (const _ of session.generate(ids.subarray(0, 1), options))
        times.push(performance.now());
      return (tg / (times[tg] - times[0])) * 1000;
    };
    await prefill();
    await decode();
    return {
      pp: await repeated(prefill, seconds),
      tg: await repeated(decode, seconds),
      load,
      threads: model.info.threads,
      kernels: model.info.kernels,
    };
  },
  async first(source, prompt) {
    const { loadModel } = await module('/web/jielong.js');
    const model = await loadModel(source);
    const session = await model.createSession({ contextLength: CONTEXT });
    for await (const _ of session.generate(prompt, { maxTokens: 1, temperature: 0 }));
  },
};

async function openWllama2() {
  const { Wllama } = await module('/peers/wllama2/esm/index.js');
  const files = Object.fromEntries(
    ['single-thread', 'multi-thread'].map((kind) => [
      `${kind}/wllama.wasm`,
      `/peers/wllama2/esm/${kind}/wllama.wasm`,
    ]),
  );
  return new Wllama(files, { suppressNativeLog: true });
}

/** @type {Peer} */
const wllama2 = {
  async speed({ model, threads, pp, tg, seconds }) {
    const wllama = await openWllama2();
    const blob = await blobOf(model);
    const [, load] = await timed(() =>
      wllama.loadModel([blob], { n_ctx: CONTEXT, n_threads: threads, n_batch: 512 }),
    );
    /** @type {(kind: string, n: number) => () => Promise<number>} */
    const rate = (kind, n) => async () => (n / (await wllama._testBenchmark(kind, n)).t_ms) * 1000;
    await rate('tg', 2)();
    return {
      pp: await repeated(rate('pp', pp), seconds),
      tg: await repeated(rate('tg', tg), seconds),
      load,
      threads: wllama.isMultithread() ? threads : 1,
      kernels: 'wasm32 simd128',
    };
  },
  async first(model, prompt) {
    const wllama = await openWllama2();
    await wllama.loadModel([await blobOf(model)], { n_ctx: CONTEXT, n_threads: 1, n_batch: 512 });
    await wllama.createCompletion(prompt, { nPredict: 1, sampling: { temp: 0 } });
  },
};

async function openWllama3() {
  const { Wllama } = await module('/peers/@wllama/wllama/esm/index.js');
  const wasm = '/peers/@wllama/wllama/esm/wasm/wllama.wasm';
  return new Wllama({ default: wasm }, { suppressNativeLog: true });
}

/** @type {Peer} */
const wllama3 = {
  async speed({ model, threads, pp, tg, seconds }) {
    const wllama = await openWllama3();
    const blob = await blobOf(model);
    const [, load] = await timed(() =>
      wllama.loadModel([blob], { n_ctx: CONTEXT, n_threads: threads, n_gpu_layers: 0 }),
    );
    const prompt = Array(pp).fill('a').join(' ');
    const complete = async () => {
      const { timings } = await wllama.createCompletion({
        prompt,
        max_tokens: tg,
        temperature: 0,
        ignore_eos: true,
        cache_prompt: false,
      });
      return timings;
    };
    // One completion gives both rates.
    const all = [];
    const end = performance.now() + 2 * seconds * 1000;
    do all.push(await complete());
    while (performance.now() < end);
    return {
      pp: median(all.map((t) => t.prompt_per_second)),
      tg: median(all.map((t) => t.predicted_per_second)),
      load,
      threads: wllama.isMultithread() ? wllama.getNumThreads() : 1,
      kernels: 'wasm64 simd128',
    };
  },
  async first(model, prompt) {
    const wllama = await openWllama3();
    await wllama.loadModel([await blobOf(model)], {
      n_ctx: CONTEXT,
      n_threads: 1,
      n_gpu_layers: 0,
    });
    await wllama.createCompletion({ prompt, max_tokens: 1, temperature: 0 });
  },
};

/** @type {Peer} */
const flare = {
  async speed({ model, pp, tg, seconds }) {
    const {
      default: init,
      FlareEngine,
      supports_relaxed_simd,
    } = await module('/peers/flare/pkg/flare_web.js');
    await init();
    const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
    const [engine, load] = await timed(async () => FlareEngine.load(bytes));
    const ids = Uint32Array.from({ length: pp }, (_, i) => 100 + i);
    const prefill = async () => {
      engine.reset();
      const start = performance.now();
      engine.begin_stream(ids, 1);
      return (pp / (performance.now() - start)) * 1000;
    };
    const decode = async () => {
      engine.reset();
      engine.begin_stream(ids.subarray(0, 2), tg + 1);
      engine.next_token();
      const start = performance.now();
      let n = 0;
      while (n < tg && engine.next_token() !== undefined) n++;
      return (n / (performance.now() - start)) * 1000;
    };
    await decode();
    return {
      pp: await repeated(prefill, seconds),
      tg: await repeated(decode, seconds),
      load,
      threads: 1,
      kernels: supports_relaxed_simd() ? 'simd128, relaxed supported' : 'simd128',
    };
  },
  async first() {
    throw new Error('Flare takes a tokenizer of its own, so its first token is not compared');
  },
};

/** @type {Record<string, Peer>} */
const peers = { ours, wllama2, wllama3, flare };
/** @type {any} */ (window).speed = (/** @type {string} */ name, /** @type {Job} */ job) =>
  peers[name].speed(job);
/** ?first=ENGINE&model=ADDRESS&words=N starts immediately, like a page. */
const wanted = new URLSearchParams(location.search);
const first = wanted.get('first');
if (first)
  /** @type {any} */ (window).firstToken = peers[first]
    .first(
      String(wanted.get('model')),
      Array(Number(wanted.get('words')))
        .fill('a')
        .join(' '),
    )
    .then(() => performance.now()); // since the navigation began
/** @type {any} */ (window).ready = true;
