/**
 * main.js - starts the page: language first, then the parts, each of which minds its own elements.
 */

import { byId } from './dom.js';
import * as attention from './figures/attention.js';
import * as stages from './figures/stages.js';
import * as tokens from './figures/tokens.js';
import { currentLanguage, firstLanguage, rememberLanguage, useLanguage } from './i18n.js';
import * as load from './load.js';
import * as play from './play.js';
import * as sampling from './sampling.js';
import { emit } from './state.js';
import * as theme from './theme.js';

sampling.setUp();
await useLanguage(firstLanguage());
theme.setUp();
play.setUp();
for (const figure of [tokens, attention, stages]) figure.setUp();
await load.setUp();
emit('language');
document.body.dataset.ready = '';

byId('language', HTMLButtonElement).addEventListener('click', async () => {
  const next = currentLanguage() === 'en' ? 'zh-Hant' : 'en';
  await useLanguage(next);
  rememberLanguage(next);
  emit('language');
});
