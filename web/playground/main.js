/**
 * main.js - starts the page: the language, the model panel, and the figures, which are the custom elements in it.
 *
 * All figures share the text. They show recorded views until the reader starts one; after that, a figure computes when
 * it is opened. A model that the reader loads is given to all.
 */

import { isLoaded } from '../elements/engine.js';
import { defaultModel } from '../elements/here.js';
import { TAGS } from '../elements.js';
import { byId } from '../ui/dom.js';
import { currentLanguage, firstLanguage, rememberLanguage, useLanguage } from '../ui/i18n.js';
import * as theme from '../ui/theme.js';
import * as load from './load.js';
import { emit, on, state } from './state.js';

/** @typedef {import('../elements/base.js').JlElement} JlElement */

const figures = /** @type {JlElement[]} */ ([...document.querySelectorAll(TAGS.join())]);
const [playground] = figures;

await useLanguage(firstLanguage());
const nameTheme = theme.setUp(byId('theme', HTMLButtonElement), () => {});
on('language', nameTheme);
on('model', giveModel);
await load.setUp();
useIncluded();
emit('language');
const asked = new URLSearchParams(location.search).get('prompt');
if (asked !== null) playground.setAttribute('text', asked);
document.body.dataset.ready = '';

for (const box of document.querySelectorAll('details.figure'))
  if (box instanceof HTMLDetailsElement) setUpFigure(box);
document.addEventListener('done', startOpen, { once: true }); // the first run has loaded the model

byId('language', HTMLButtonElement).addEventListener('click', async () => {
  const next = currentLanguage() === 'en' ? 'zh-Hant' : 'en';
  await useLanguage(next);
  rememberLanguage(next);
  if (isUntouched()) useIncluded();
  emit('language');
});

/** Uses the included model of the page's language. */
function useIncluded() {
  load.useIncluded();
  for (const figure of figures) figure.model = defaultModel(currentLanguage());
}

/** Whether nothing was loaded, typed or begun: then another language shows its own model and text. */
function isUntouched() {
  const { field } = playground.frame;
  const typed = field.value !== (playground.value('text') ?? '');
  const begun = figures.some(({ dataset }) => dataset.state !== 'idle');
  return !state.model && !typed && !begun && !playground.hasAttribute('text');
}

/** Gives the reader's model to all figures, with the text that the reader sees. */
function giveModel() {
  if (!state.model) return;
  playground.setAttribute('text', playground.frame.field.value);
  for (const figure of figures) figure.model = state.model;
}

/** Starts the figures that are open and idle, if their model is in memory. */
function startOpen() {
  for (const figure of figures) {
    const open = figure.closest('details')?.open;
    if (open && !figure.live && figure.dataset.state === 'idle' && isLoaded(figure.model))
      figure.start();
  }
}

/** @param {HTMLDetailsElement} box */
function setUpFigure(box) {
  box.addEventListener('toggle', startOpen);
  if (box.id === 'figure-speed')
    box.addEventListener('toggle', async () => (await import('./speed.js')).setUp(), {
      once: true,
    });
  if (box.id === 'figure-talk')
    box.addEventListener('toggle', async () => (await import('./talk.js')).setUp(), {
      once: true,
    });
  if (location.hash === `#${box.id}`) box.open = true; // linked
}
