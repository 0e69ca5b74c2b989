/**
 * main.js - starts the page: the language, then the panels. The scripts of figures and engine are
 * fetched on first use.
 */

import { byId } from '../ui/dom.js';
import { currentLanguage, firstLanguage, rememberLanguage, useLanguage } from '../ui/i18n.js';
import * as theme from '../ui/theme.js';
import * as load from './load.js';
import * as play from './play.js';
import * as sampling from './sampling.js';
import { emit, on } from './state.js';

sampling.setUp();
await useLanguage(firstLanguage());
const nameTheme = theme.setUp(byId('theme', HTMLButtonElement), () => emit('theme'));
on('language', nameTheme);
await load.setUp();
play.setUp();
emit('language');
document.body.dataset.ready = '';

figure('tokens', () => import('./figures/tokens.js'));
figure('attention', () => import('./figures/attention.js'));
figure('stages', () => import('./figures/stages.js'));
figure('speed', () => import('./figures/speed.js'));

byId('language', HTMLButtonElement).addEventListener('click', async () => {
  const next = currentLanguage() === 'en' ? 'zh-Hant' : 'en';
  await useLanguage(next);
  rememberLanguage(next);
  emit('language');
});

/**
 * Fetches a figure's script on first open.
 * @param {string} name
 * @param {() => Promise<{ setUp: () => void }>} fetchScript
 */
function figure(name, fetchScript) {
  const box = byId(`figure-${name}`, HTMLDetailsElement);
  box.addEventListener('toggle', async () => (await fetchScript()).setUp(), { once: true });
  if (location.hash === `#${box.id}`) box.open = true; // linked
}
