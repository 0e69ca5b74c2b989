/** theme.js - light, dark or the system's theme; the choice is stored. */

import { t } from './i18n.js';
import { recall, remember } from './memory.js';

const THEMES = ['auto', 'light', 'dark'];
let theme = recall('theme') ?? 'auto';

/**
 * Connects a button that switches the theme.
 * @param {HTMLButtonElement} button @param {() => void} changed called when colours may differ
 * @returns {() => void} writes the theme's name on the button, in the current language
 */
export function setUp(button, changed) {
  const show = () => {
    document.documentElement.dataset.theme = theme;
    button.textContent = t(`theme.${theme}`);
  };
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    remember('theme', theme);
    show();
    changed();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
  return show;
}
