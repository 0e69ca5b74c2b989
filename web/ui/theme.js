/** theme.js - light, dark, or as the system has it; the choice is remembered. */

import { byId } from './dom.js';
import { t } from './i18n.js';
import { recall, remember } from './memory.js';
import { emit, on } from '../playground/state.js';

const THEMES = ['auto', 'light', 'dark'];
let theme = recall('theme') ?? 'auto';

function show() {
  document.documentElement.dataset.theme = theme;
  byId('theme', HTMLElement).textContent = t(`theme.${theme}`);
}

/** Connects the switch. */
export function setUp() {
  byId('theme', HTMLButtonElement).addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    remember('theme', theme);
    show();
    emit('theme');
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => emit('theme'));
  on('language', show);
}
