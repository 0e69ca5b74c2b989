/**
 * elements_sources.js - reads the sources of an element's numbers again, for elements-sources.test.js.
 *
 * A source names a tap or a call with its indices. It is read in a session of its own, and compared with the text of
 * each node that names it, within half a unit of the last digit.
 */
import '/web/elements.js';
import { moreReaders } from './elements_readers.js';

const { loadModel } = await import('/web/jielong.js');
const model = await loadModel('/web/models/tales.gguf', { precision: 'exact' });

/** Numbers in a text with half a unit of their last digit; a percentage as a share. @param {string} text */
const numbersIn = (text) =>
  [...text.matchAll(/(-?\d[\d,]*)(\.\d+)?(E-?\d+)?(%)?/g)].map(
    ([, whole, part = '', power = '', percent]) => {
      const scale = (percent ? 0.01 : 1) * (power ? Number(`1${power}`) : 1);
      const value = Number(whole.replace(/,/g, '') + part) * scale;
      // integers may be rounded to three digits: 12,300
      const zeros = part ? 0 : (/0*$/.exec(whole.replace(/,/g, ''))?.[0].length ?? 0);
      return { value, half: 0.5 * 10 ** (zeros - Math.max(0, part.length - 1)) * scale };
    },
  );

/** Whether a number of the text is the value, rounded. @param {string} text @param {number} value */
const says = (text, value) =>
  numbersIn(text).some((n) => Math.abs(n.value - value) <= n.half * 1.001 + 1e-5 * Math.abs(value));

/** @param {Float32Array} data */
const lengthOf = (data) => Math.sqrt(data.reduce((sum, x) => sum + x * x, 0));

/** @typedef {{ text: string, column: number, node: HTMLElement }} Place a text and the column of its cell, -1 outside of the table */
/** Whether a node's text is what its source says. @typedef {(place: Place, indices: number[], name: string) => boolean | Promise<boolean>} Check */

/** The readers of a text. @param {string} text */
async function readersOf(text) {
  const ids = await model.tokenize(text, { bos: true });
  const session = await model.createSession();
  /** @type {Map<string, import('../../web/jielong.js').TapResult>} */ const taps = new Map();
  /** @param {string} name */
  const tap = async (name) => {
    await session.rewind(0);
    if (!taps.has(name)) taps.set(name, (await session.run(ids, { taps: [name] })).taps[0]);
    return /** @type {import('../../web/jielong.js').TapResult} */ (taps.get(name));
  };
  await session.append(ids);
  const positions = [...ids.keys()];
  const lens = await session.lens({ positions, top: 5 });
  const label = (/** @type {string} */ t) => t.replace(/ /g, '␣').replace(/\n/g, '↵');
  const row = (/** @type {number[]} */ [layer, position]) =>
    /** @type {any} */ (lens.find((r) => r.layer === layer && r.position === position));

  /** @type {[RegExp, Check][]} */
  const readers = [
    [
      /^(blocks\.\d+\.attn\.hook_pattern)\[(\d+),(\d+),(\d+)\]$/,
      async ({ text }, [head, query, key], name) => {
        const { shape, data } = await tap(name);
        return says(text, data[(head * shape[1] + query) * shape[1] + key]);
      },
    ],
    [
      /^(blocks\.\d+\.[\w.]+)\[(\d+)\]$/,
      async ({ text, column }, [position], name) => {
        const { shape, data } = await tap(name);
        const size = shape.slice(1).reduce((a, b) => a * b, 1);
        const values = data.subarray(position * size, (position + 1) * size);
        if (column >= 3) return says(text, values[column - 3]);
        const sized = new RegExp(`^${shape.slice(1).join('×')}$`);
        return sized.test(text) || says(text, lengthOf(values));
      },
    ],
    [
      /^(blocks\.\d+)(?:: resid_post − its parts|\.hook_resid_post − resid_pre − attn_out − mlp_out)$/,
      async ({ text }, _, block) => {
        const taken = [];
        for (const name of ['resid_post', 'resid_pre', 'attn_out', 'mlp_out'])
          taken.push(await tap(`${block}.hook_${name}`));
        const [post, ...parts] = taken;
        const rest = post.data.map((x, i) => parts.reduce((left, part) => left - part.data[i], x));
        const [said] = numbersIn(text).slice(-1);
        return said.value <= 1e-6 && lengthOf(rest) <= 1e-6 * lengthOf(post.data);
      },
    ],
    [
      /^(session\.lens)\[(\d+),(\d+)\](?:\.(?:top\[0\]\.logprob|entropy))?$/,
      ({ text }, place) => {
        const { top, entropy } = row(place);
        return (
          text === label(top[0].text) || says(text, Math.exp(top[0].logprob)) || says(text, entropy)
        );
      },
    ],
    [
      /^(vocabularySize)$/,
      ({ text }) => {
        const n = model.info.vocabularySize;
        return says(text, 1 / n) || says(text, Math.log(n));
      },
    ],
    [
      /^(unigrams)$/,
      async ({ text }) => {
        const { TABLES } = await import('/web/unigrams.js');
        const [known, shares] = [TABLES[0].ids, TABLES[0].millionths].map((list) =>
          list.split(' ').map(Number),
        );
        const n = model.info.vocabularySize - known.length;
        const rest = (1e6 - shares.reduce((a, b) => a + b)) / n / 1e6;
        const entropy = shares.reduce((e, x) => e - (x / 1e6) * Math.log(x / 1e6), 0);
        return says(text, shares[0] / 1e6) || says(text, entropy - n * rest * Math.log(rest));
      },
    ],
    [/^(model\.tokenize)\[(\d+)\]$/, ({ text }, [i]) => says(text, ids[i])],
    [
      /^(model\.pieces)\[(\d+)\]\.bytes$/,
      async ({ text }, [i]) => {
        const [{ bytes }] = await model.pieces([ids[i]]);
        return (
          text.toLowerCase() === [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(' ')
        );
      },
    ],
  ];
  return { readers, close: () => session.close() };
}

/**
 * Mounts and starts an element, and compares every number that has a source.
 * @param {string} tag @param {Record<string, string>} attributes
 * @returns {Promise<{ count: number, findings: string[] }>}
 */
async function compare(tag, attributes) {
  const element = /** @type {any} */ (document.createElement(tag));
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  document.querySelector('main')?.replaceChildren(element);
  await element.start();
  element.frame.more.open = true;
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { readers: common, close } = await readersOf(element.value('text'));
  const ids = await model.tokenize(element.value('text'), { bos: true });
  const own = await moreReaders[tag]?.({ model, element, ids, says });
  const readers = own ?? common;
  const nodes = [...element.shadowRoot.querySelectorAll('[data-source]')];
  const findings = [];
  for (const node of nodes) {
    const { source } = node.dataset;
    const [pattern, check] = readers.find(([p]) => p.test(source)) ?? [];
    const [, name = '', ...indices] = (pattern && source.match(pattern)) ?? [];
    const column = node.localName === 'td' ? node.cellIndex : -1;
    const right = await check?.(
      { text: node.textContent, column, node },
      indices.map(Number),
      name,
    );
    if (!right) findings.push(`${source}: ${check ? node.textContent : 'unknown source'}`);
  }
  await close();
  return { count: nodes.length, findings };
}

Object.assign(window, { compare });
