/**
 * elements_readers.js - reads the sources of jl-distribution, jl-playground, jl-compare, jl-heads and jl-embedding again,
 * for elements_sources.js. Each number is computed anew from logits, taps or rows, not by the code that the figure uses.
 */

/** @typedef {import('../../web/jielong.js').Model} Model */
/** @typedef {import('./elements_sources.js').Check} Check */
/** @typedef {{ model: Model, element: any, ids: Int32Array, says: (text: string, value: number) => boolean }} Tools */
/** @typedef {[RegExp, Check][]} Readers */

const KINDS = ['previous-token', 'duplicate-token', 'induction', 'first-token'];

/** ln Σ e^x. @param {ArrayLike<number>} row */
function logSum(row) {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += Math.exp(row[i]);
  return Math.log(sum);
}

/** Logits after each token. @param {Model} model @param {Int32Array | number[]} ids @param {any} [options] */
async function logitsOf(model, ids, options = {}) {
  const session = await model.createSession({ allLogits: true, ...options });
  const rows = [];
  for await (const logits of session.eachLogits(ids)) rows.push(logits.slice());
  await session.close();
  return rows;
}

/** @param {Float32Array} row @param {number} id */
const probability = (row, id) => Math.exp(row[id] - logSum(row));

/** @param {Tools} tools @returns {Promise<Readers>} */
async function distribution({ model, element, ids, says }) {
  const { seed: _, ...sampling } = element.view.sampling;
  const session = await model.createSession();
  await session.append(ids);
  const logits = await session.logits();
  const stages = await session.stages({ ...sampling, top: 50 });
  await session.close();
  const shown = element.view.rows.map((/** @type {any} */ { id }) => id);
  /** The share of a token after a stage, 0 if it is dropped. @param {string} name @param {number} id */
  const share = (name, id) => {
    if (name === 'model') return probability(logits, id);
    const { top } = /** @type {any} */ (stages.find(({ stage }) => stage === name));
    return top.find((/** @type {any} */ t) => t.id === id)?.probability ?? 0;
  };
  return [
    [/^(session\.logits)\[(\d+)\]$/, ({ text }, [id]) => says(text, logits[id])],
    [
      /^session\.stages\.(\w+)\[(\d+)\]$/,
      ({ text }, [id], name) => (share(name, id) ? says(text, share(name, id)) : text === '–'),
    ],
    [
      /^session\.stages\.(\w+)$/,
      ({ text }, _, name) => {
        const rest = shown.reduce(
          (/** @type {number} */ a, /** @type {number} */ id) => a - share(name, id),
          1,
        );
        return rest < 1e-6 ? text === '–' || says(text, 0) : says(text, rest);
      },
    ],
  ];
}

/** @param {Tools} tools @returns {Promise<Readers>} */
async function playground({ model, element, says }) {
  // The view keeps three decimals of a log-probability.
  const kept = (/** @type {number} */ logprob) => Math.exp(Math.round(1000 * logprob) / 1000);
  const { prefix, ids } = element.view;
  const rows = (await logitsOf(model, [...prefix, ...ids])).slice(prefix.length - 1);
  return [
    [
      /^(generate)\[(\d+)\]\.logprob$/,
      ({ text }, [i]) => says(text, kept(rows[i][ids[i]] - logSum(rows[i]))),
    ],
    [
      /^(generate)\[(\d+)\]\.top\[(\d+)\]\.logprob$/,
      ({ text }, [i, k]) => {
        const ranked = [...rows[i]].sort((a, b) => b - a);
        return says(text, kept(ranked[k] - logSum(rows[i])));
      },
    ],
  ];
}

/** The edits of a head that is off. @param {number} layer @param {number} head */
const off = (layer, head) => ({
  edits: [{ name: 'z', layer, head, op: /** @type {const} */ ('zero') }],
});

/** @param {Tools} tools @returns {Promise<Readers>} */
async function compare({ model, element, ids, says }) {
  const { layer, head } = element.view;
  const sides = [await logitsOf(model, ids), await logitsOf(model, ids, off(layer, head))];
  const streams = [];
  for (const options of [{}, off(layer, head)]) {
    const session = await model.createSession(options);
    const names = ['resid_pre', 'resid_post'];
    streams.push(
      (await session.run(ids, { taps: names.map((name) => ({ name, layer: 'all' })) })).taps,
    );
    await session.close();
  }
  const width = model.info.embeddingLength;
  return [
    [
      /^(logits)\[(\d+),(\d+)\]$/,
      ({ text }, [i, id]) => {
        const [a, b] = sides.map((rows) => probability(rows[i], id));
        if (text.includes('→')) return says(text, a) && says(text, b) && says(text, 100 * (b - a));
        const values = [-Math.log(a), -Math.log(b), Math.log(a) - Math.log(b), a, b];
        return values.some((x) => says(text, x));
      },
    ],
    [
      /^(blocks\.\d+\.hook_resid_\w+)\[(\d+)\]$/,
      ({ text }, [i], name) => {
        const [a, b] = streams.map((taps) => {
          const { data } = /** @type {any} */ (taps.find((tap) => tap.name === name));
          return data.subarray(i * width, (i + 1) * width);
        });
        const dot = (/** @type {Float32Array} */ x, /** @type {Float32Array} */ y) =>
          x.reduce((sum, v, k) => sum + v * y[k], 0);
        return says(text, dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)));
      },
    ],
  ];
}

/** @param {Float32Array[]} rows @param {Int32Array} ids */
const meanLoss = (rows, ids) =>
  [...ids.subarray(1)].reduce((sum, id, i) => sum - Math.log(probability(rows[i], id)), 0) /
  (ids.length - 1);

/** Scores by kind of a head, and its entropy, over the second of two copies of a text. @param {Model} model @param {string} text @param {number} n */
async function scoresOf(model, text, n) {
  const once = (await model.tokenize(text, { bos: true })).subarray(0, n);
  const ids = Int32Array.from([...once, ...once]);
  const session = await model.createSession({ contextLength: 2 * n });
  const { taps } = await session.run(ids, { taps: [{ name: 'pattern', layer: 'all' }] });
  await session.close();
  return (/** @type {string} */ kind, /** @type {number} */ layer, /** @type {number} */ head) => {
    let [on, all] = [0, 0];
    for (let q = n; q < 2 * n; q++)
      for (let k = 0; k <= q; k++) {
        const w = taps[layer].data[(head * 2 * n + q) * 2 * n + k];
        const marked = [
          k === q - 1,
          k < q && ids[k] === ids[q],
          k > 0 && ids[k - 1] === ids[q],
          !k,
        ];
        all += w;
        if (kind === 'entropy') on -= w && w * Math.log(w);
        else if (marked[KINDS.indexOf(kind)]) on += w;
      }
    return on / (kind === 'entropy' ? n : all);
  };
}

/** @param {Tools} tools @returns {Promise<Readers>} */
async function heads({ model, element, ids, says }) {
  const { TEXTS } = await import('/web/figures/texts.js');
  const { own, text: measured, tokens } = element.view.measured;
  const score = await scoresOf(model, own ? measured : TEXTS[measured], tokens);
  const { layer, head } = element.view.change;
  const sides = [await logitsOf(model, ids), await logitsOf(model, ids, off(layer, head))];
  const losses = sides.map((rows) => meanLoss(rows, ids));
  const names = element.view.change.top.map((/** @type {any} */ { token }) => token);
  /** @param {HTMLElement} node */
  const lineOf = (node) => node.closest('tr')?.cells[0].textContent ?? '';
  return [
    [
      /^headScores ([\w-]+)$/,
      ({ text, node }, _, kind) => {
        const place = node.localName === 'td' ? (lineOf(node).match(/\d+/g) ?? []).map(Number) : [];
        return says(text, score(kind, place[0] ?? layer, place[1] ?? head));
      },
    ],
    [/^(loss)$/, ({ text }) => says(text, losses[0])],
    [/^(loss); off z\[\d+,\d+\]$/, ({ text }) => says(text, losses[1])],
    [
      /^(logits)(?:; off z\[(\d+),\d+\])?$/,
      ({ text, node }, [changed]) => {
        const { id } = names.find((/** @type {any} */ { label }) => label === lineOf(node));
        const rows = sides[Number.isNaN(changed) ? 0 : 1];
        return says(text, probability(rows[rows.length - 1], id));
      },
    ],
  ];
}

/** @type {Record<string, (tools: Tools) => Promise<Readers>>} */
export const moreReaders = {
  'jl-distribution': distribution,
  'jl-playground': playground,
  'jl-compare': compare,
  'jl-heads': heads,
};
