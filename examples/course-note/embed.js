/**
 * embed.js - "Embed this": the lines that show a figure of the note, in its state, in another page.
 */
import { markupOf } from '../../web/elements/copies.js';
import { escapeXml } from '../../web/ui/export.js';
import { changesOf } from './address.js';
import { say, toDom } from './tree.js';

/** @typedef {import('./figure.js').NoteFigure} NoteFigure */

const ELEMENTS = 'note-elements.js'; // beside this script

/** The address of a figure in its state. @param {NoteFigure} figure @param {string} lang @param {string} [only] */
const linkOf = (figure, lang, only = '') =>
  `${location.href.replace(/#.*$/, '')}#${figure.id}${only}&${changesOf([figure], lang)}`;

/** @type {Record<string, (figure: NoteFigure, lang: string) => string>} */
const LINES = {
  script: (figure) =>
    [
      `<script type="module" src="${new URL(ELEMENTS, import.meta.url).href}"></script>`,
      ...figure.parts.map(markupOf),
    ].join('\n'),
  frame: (figure, lang) => {
    const title = escapeXml(figure.querySelector('h3')?.textContent ?? '');
    const height = Math.ceil(figure.getBoundingClientRect().height) + 16;
    const address = escapeXml(linkOf(figure, lang, '&only='));
    return `<iframe src="${address}" title="${title}" width="100%" height="${height}" loading="lazy"></iframe>`;
  },
  link: linkOf,
};

const NAMES = {
  script: say('Script and tag', '程式與標籤'),
  frame: say('Frame', '框架（iframe）'),
  link: say('Link', '連結'),
};
const EMBED = say('Embed this figure', '放進你的網頁');
const COPY = say('To copy', '供複製的內容');

/** Fills the tools of a figure. @param {NoteFigure} figure @param {() => string} lang */
function connect(figure, lang) {
  /** @param {any} tree */
  const made = (tree) => /** @type {HTMLElement} */ (toDom(tree, lang()));
  const shown = made(['textarea', { readonly: true, hidden: true, rows: '4', 'aria-label': COPY }]);
  const buttons = Object.entries(NAMES).map(([name, words]) => {
    const button = made(['button', { type: 'button', class: name }, words]);
    button.addEventListener('click', () => {
      const area = /** @type {HTMLTextAreaElement} */ (shown);
      area.value = LINES[name](figure, lang());
      area.hidden = false;
      area.select();
      navigator.clipboard?.writeText(area.value).catch(() => {}); // it is there to copy
    });
    return button;
  });
  const box = made(['details', {}, ['summary', {}, EMBED], ['div', { class: 'copies' }]]);
  box.lastElementChild?.append(...buttons, shown);
  figure.querySelector('.tools')?.replaceChildren(box);
}

/** Adds the tools to figures, where the page has an address that others can open. @param {Iterable<Element>} figures @param {() => string} lang */
export function connectTools(figures, lang) {
  if (!/^https?:$/.test(location.protocol)) return;
  for (const figure of figures) connect(/** @type {NoteFigure} */ (figure), lang);
}
