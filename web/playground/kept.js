/**
 * kept.js - the models that are kept on this device: the list in the model panel, with buttons to load and delete.
 *
 * Nothing is read before the panel is opened. The browser is asked to keep the files for good on a click only.
 */

import { byId, make } from '../ui/dom.js';
import { shorten, size } from '../ui/format.js';
import { t } from '../ui/i18n.js';
import { on } from './state.js';

/** @typedef {import('../stored.js').Stored} Stored */

const box = byId('kept-box', HTMLElement);
const list = byId('kept', HTMLUListElement);
const persist = byId('persist', HTMLButtonElement);

/** @type {Stored[]} */
let files = [];
let persisted = false;

/** The last part of an address or of a hub's name. @param {string} name */
export const shortName = (name) =>
  shorten(
    name
      .replace(/[?#].*/s, '')
      .split('/')
      .at(-1) || name,
  );

/** What a file takes. @param {Stored} file */
const about = ({ bytes, size: whole, complete }) =>
  complete || !whole ? size(bytes) : t('kept.part', { bytes: size(bytes), size: size(whole) });

/** @param {(file: Stored) => void} load */
function show(load) {
  box.hidden = files.length === 0;
  persist.hidden = persisted;
  list.replaceChildren(
    ...files.map((file) => {
      const name = shortName(file.name);
      const go = make(
        'button',
        { type: 'button' },
        t(file.complete ? 'kept.load' : 'kept.continue'),
      );
      go.setAttribute('aria-label', `${go.textContent}: ${name}`);
      go.addEventListener('click', () => load(file));
      const drop = make('button', { type: 'button', className: 'quiet' }, t('kept.delete'));
      drop.setAttribute('aria-label', `${drop.textContent}: ${name}`);
      drop.addEventListener('click', async () => {
        drop.disabled = true;
        await (await import('../stored.js')).removeStored(file.name);
        await refresh(load);
      });
      const what = make('span', { className: 'about' }, about(file));
      const both = make('span', { className: 'field short' }, go, drop);
      return make('li', { className: 'row' }, make('span', {}, name, what), both);
    }),
  );
}

/** Reads the list again. @param {(file: Stored) => void} load */
export async function refresh(load) {
  files = await (await import('../stored.js')).listStored();
  show(load);
}

/** Connects the list. @param {(file: Stored) => void} load called with the file that the reader chooses */
export function setUpKept(load) {
  const choose = byId('choose', HTMLDetailsElement);
  choose.addEventListener('toggle', () => choose.open && refresh(load));
  persist.addEventListener('click', async () => {
    persisted = await (await import('../stored.js')).persistStored();
    persist.textContent = t(persisted ? 'kept.persist' : 'kept.refused');
    show(load);
  });
  on('language', () => {
    persist.textContent = t('kept.persist');
    show(load);
  });
}
