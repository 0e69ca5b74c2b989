/**
 * more.js - the collapsed part under a figure: the text twin, downloads, links, the reader's own model.
 */
import { make } from '../ui/dom.js';
import { csvOf, download, pngOf } from '../ui/export.js';
import { once } from './controls.js';
import { iframeOf, imageOf, linkOf, markupOf } from './copies.js';
import { tableOf, textOf } from './frame.js';
import { places } from './here.js';

/** @param {any} element @param {string} kind */
async function save(element, kind) {
  const name = `jielong-${element.figureName}`;
  if (kind === 'csv') {
    const { columns, rows } = element.twin(element.view);
    const texts = rows.map((/** @type {any[]} */ row) => row.map(textOf));
    return download(`${name}.csv`, csvOf([columns, ...texts]), 'text/csv');
  }
  if (kind === 'scene')
    return download(`${name}.json`, JSON.stringify(element.record()), 'application/json');
  const picture = imageOf(element);
  if (!picture) return;
  if (kind === 'picture') return download(`${name}.svg`, picture.svg, 'image/svg+xml');
  return download(`${name}.png`, await pngOf(picture));
}

/** Of a sheet of paper: columns that always fit, and characters of a line. */
const [COLUMNS, LINE] = [12, 110];
/** A table of so many rows stands in columns beside each other, if it is narrow enough. */
const [LONG, NARROW] = [40, 3];

/** @param {any[][]} rows of many columns @returns {number} how many of them fit beside the names of rows */
function fitting(rows) {
  const cells = rows.flatMap(([, ...rest]) => rest.map((cell) => textOf(cell).length));
  return Math.floor(LINE / (2 + Math.max(...cells)));
}

/** The contents on paper: a sentence, and the whole table in parts that fit. @param {any} element @returns {Node[]} */
function printedOf(element) {
  const { columns, rows } = element.twin(element.view);
  const box = make('div');
  const n = columns.length > COLUMNS + 1 ? Math.max(1, fitting(rows)) : COLUMNS;
  for (let from = 1; from < columns.length; from += n) {
    /** @template T @param {T[]} row */
    const part = (row) => [row[0], ...row.slice(from, from + n)];
    box.append(tableOf({ columns: part(columns), rows: rows.map(part) }, element.t('more.table')));
  }
  if (columns.length <= NARROW && rows.length > LONG) box.style.columns = '4';
  return [make('p', {}, element.summary(element.view)), box];
}

/**
 * The contents, for a view.
 * @param {any} element
 * @returns {Node[]}
 */
export function moreOf(element) {
  const { t } = element;
  if (element.view && 'print' in element.frame.more.dataset) return printedOf(element);
  /** @param {string} key @param {() => unknown} action */
  const button = (key, action) => {
    const made = make('button', { type: 'button' }, t(key));
    made.addEventListener('click', async () => {
      try {
        await action();
      } catch (e) {
        element.say(String(/** @type {Error} */ (e)?.message ?? e));
      }
    });
    return made;
  };
  const shown = once(element, 'copy', () =>
    make('textarea', { readOnly: true, hidden: true, rows: 4, className: 'copy' }),
  );
  shown.setAttribute('aria-label', t('more.copyThis'));
  /** Copies; shows the text where that is forbidden (frames, pages from disk). @param {string} text */
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      element.say(t('more.copied'));
    } catch {
      shown.hidden = false;
      shown.value = text;
      shown.select();
      element.say(t('more.copyThis'));
    }
  };
  const file = make('input', { type: 'file', accept: '.gguf' });
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    if (chosen) element.use(chosen);
  });
  const actions = make('div', { className: 'actions' });
  if (element.view)
    actions.append(
      button('more.picture', () => save(element, 'picture')),
      button('more.pixels', () => save(element, 'pixels')),
      button('more.csv', () => save(element, 'csv')),
      button('more.scene', () => save(element, 'scene')),
    );
  if (element.view) actions.append(button('more.tag', () => copy(markupOf(element))));
  if (places.page)
    actions.append(
      button('more.link', () => copy(linkOf(element))),
      button('more.embed', () => copy(iframeOf(element))),
    );
  if (element.type.needsModel) actions.append(make('label', {}, t('more.own'), ' ', file));
  actions.append(shown);
  if (!element.view) return [actions];
  const box = make('div', { className: 'scroll', tabIndex: 0 });
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', `${element.frame.title.textContent}: ${t('more.table')}`);
  box.append(tableOf(element.twin(element.view), t('more.table')));
  return [make('p', {}, element.summary(element.view)), box, actions];
}
