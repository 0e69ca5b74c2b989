/**
 * page.js - what the example pages share: the switches of language and theme, and sentences from web/i18n/.
 */
import { byId } from '../web/ui/dom.js';
import { currentLanguage, firstLanguage, rememberLanguage, useLanguage } from '../web/ui/i18n.js';
import * as theme from '../web/ui/theme.js';

await useLanguage(firstLanguage());
const nameTheme = theme.setUp(byId('theme', HTMLButtonElement), () => {});
nameTheme();
byId('language', HTMLButtonElement).addEventListener('click', async () => {
  const next = currentLanguage() === 'en' ? 'zh-Hant' : 'en';
  await useLanguage(next);
  rememberLanguage(next);
  nameTheme();
});
document.body.dataset.ready = ''; // style.css shows the page
