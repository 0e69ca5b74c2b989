/**
 * more.js - the collapsed part under a figure: the text twin, downloads, links, the reader's own model.
 */
import { make } from '../ui/dom.js';
import { csvOf, download, pictureOf, pngOf } from '../ui/export.js';
import { tableOf, textOf } from './frame.js';
import { places } from './here.js';

/** The address of a figure in its state. @param {any} element */
export const linkOf = (element) => {
  const state = new URLSearchParams({ figure: element.figureName, ...element.state });
  return `${places.page}#${state}`;
};

/** @param {any} element */
const iframeOf = (element) => {
  const height = Math.ceil(element.getBoundingClientRect().height) + 16;
  const address = linkOf(element).replace(/&/g, '&amp;').replace(/"/g, '&quot;');
  return `<iframe src="${address}" width="100%" height="${height}" loading="lazy"></iframe>`;
};

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
  const picture = element.picture() ?? pictureOf(element.frame.body, element.summary(element.view));
  if (!picture) return;
  if (kind === 'picture') return download(`${name}.svg`, picture.svg, 'image/svg+xml');
  return download(`${name}.png`, await pngOf(picture));
}

/**
 * The contents, for a view.
 * @param {any} element
 * @returns {Node[]}
 */
export function moreOf(element) {
  const { t } = element;
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
  const copy = (/** @type {string} */ text) =>
    navigator.clipboard.writeText(text).then(() => element.say(t('more.copied')));
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
  actions.append(
    button('more.link', () => copy(linkOf(element))),
    button('more.embed', () => copy(iframeOf(element))),
  );
  if (element.type.needsModel) actions.append(make('label', {}, t('more.own'), ' ', file));
  if (!element.view) return [actions];
  const box = make('div', { className: 'scroll', tabIndex: 0 });
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', `${element.frame.title.textContent}: ${t('more.table')}`);
  box.append(tableOf(element.twin(element.view), t('more.table')));
  return [make('p', {}, element.summary(element.view)), box, actions];
}
