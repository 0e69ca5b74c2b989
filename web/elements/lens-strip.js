/**
 * lens-strip.js - the rows of jl-lens for one position: what each block predicts, below what predictions are compared with.
 */
import { make } from '../ui/dom.js';

/** @typedef {import('../figures/lens.js').LensView} View */
/** @typedef {import('../figures/lens.js').Row} Row */

export const TWO = { minimumFractionDigits: 2, maximumFractionDigits: 2 };

/** Rules of the style sheet. */
export const STRIP = `
    .strip { display: grid; grid-template-columns: max-content minmax(3rem, max-content) minmax(3rem, 10rem) max-content max-content minmax(0, 1fr); column-gap: 0.75rem; font-size: 0.875rem; }
    .strip > div { display: grid; grid-template-columns: subgrid; grid-column: 1 / -1; align-items: center; min-height: 1.75rem; border-bottom: 1px solid var(--jl-line); }
    .strip .then { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; color: var(--jl-quiet); }
    .strip .then b { font-weight: 400; color: var(--jl-ink); font-family: var(--jl-mono); }
    .strip .chip { max-width: 9rem; overflow: hidden; text-overflow: ellipsis; justify-self: start; }
    .strip .anchor .bar { background: var(--jl-quiet); }
    @media (max-width: 40rem) {
      .strip { grid-template-columns: max-content minmax(3rem, max-content) minmax(2rem, 1fr) max-content max-content; }
      .strip .then { grid-column: 2 / -1; padding-bottom: 0.25rem; }
    }`;

const cell = (/** @type {string} */ text, className = '') => make('span', { className }, text);

/** @param {string} text @param {string} [source] */
function number(text, source) {
  const made = cell(text, 'numbers');
  if (source) made.dataset.source = source;
  return made;
}

/** @param {number} p */
function bar(p) {
  const made = make('div', { className: 'bar' });
  made.style.width = `${100 * p}%`;
  return make('div', {}, made);
}

/** Names and numbers of the anchors: all tokens alike, and token counts. @param {import('./base.js').JlElement} element @param {View} view */
export function anchorsOf({ t }, { anchors }) {
  if (!anchors) return [];
  const { vocabulary, counts } = anchors;
  const uniform = { p: 1 / vocabulary, entropy: Math.log(vocabulary), source: 'vocabularySize' };
  const rows = [{ name: t('anchor.uniform'), label: '', ...uniform }];
  if (counts) rows.push({ name: t('anchor.counts'), ...counts, source: 'unigrams' });
  return rows;
}

/**
 * @param {import('./base.js').JlElement} element @param {HTMLElement} strip
 * @param {{ view: View, column: Row[] | undefined, at: number, first: number, name: (id: number) => string }} shown
 *   first: the block that has the final answer first
 */
export function drawStrip(element, strip, { view, column, at, first, name }) {
  const { t, format } = element;
  const heads = ['block', 'best', '', '', 'entropy', 'next'].map((key) =>
    cell(key && t(key), key === 'next' ? 'then' : 'quiet'),
  );
  const anchors = anchorsOf(element, view).map(({ name: title, label, p, entropy, source }) =>
    make(
      'div',
      { className: 'anchor quiet' },
      cell(title),
      cell(label, label && 'chip'),
      bar(p),
      number(format.percent(p), source),
      number(format.number(entropy, TWO), source),
      cell('', 'then'),
    ),
  );
  /** @param {Row | undefined} row @param {number} layer */
  const line = (row, layer) => {
    if (!row)
      return make(
        'div',
        {},
        cell(`${layer}`),
        cell(''),
        cell(''),
        cell(''),
        cell(''),
        cell('–', 'then'),
      );
    const [best, ...rest] = row.top;
    const source = `session.lens[${layer},${at}]`;
    const then = cell('', 'then numbers');
    for (const { id, logprob } of rest)
      then.append(make('b', {}, name(id)), ` ${format.number(logprob, TWO)}  `);
    const p = Math.exp(best.logprob);
    return make(
      'div',
      {},
      cell(`${layer}`),
      cell(name(best.id), layer === first ? 'chip chosen' : 'chip'),
      bar(p),
      number(format.percent(p), `${source}.top[0].logprob`),
      number(format.number(row.entropy, TWO), `${source}.entropy`),
      then,
    );
  };
  const lines = Array.from({ length: view.layers }, (_, layer) => line(column?.[layer], layer));
  strip.replaceChildren(make('div', {}, ...heads), ...anchors, ...lines);
}
