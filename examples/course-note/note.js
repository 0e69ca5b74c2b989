/**
 * note.js - the course note as a page: renders content/, contents, language, theme, address, a lecturer's mode, and
 * the reader's own model.
 */
import { TAGS } from '../../web/elements.js';
import { recall, remember } from '../../web/ui/memory.js';
import { SECTIONS } from './content/index.js';
import './figure.js';
import './figures/index.js';
import { addressOf, readAddress } from './address.js';
import { lecture } from './lecture.js';
import { index, say, speak, toDom } from './tree.js';

/** @typedef {import('./figure.js').NoteFigure} NoteFigure */

const root = document.documentElement;
const THEMES = ['auto', 'light', 'dark'];
const THEME_NAMES = {
  auto: say('Theme: system', '外觀：依系統'),
  light: say('Theme: light', '外觀：淺色'),
  dark: say('Theme: dark', '外觀：深色'),
};

let lang = /^zh/.test(root.lang) ? 'zh-Hant' : 'en';

/** @param {import('./tree.js').Say} words */
const spoken = (words) => words.say[index(lang)];

/** All elements of figures. @returns {any[]} */
const parts = () => [...document.querySelectorAll('.parts > *')].filter((e) => 'start' in e);

/** The first child tree of a section's heading. @param {any} section */
const titleOf = ([, { id }, heading]) => ({ id, title: heading[2][2] });

/** The header's tree. */
const header = [
  ['h1', {}, say('How a language model writes the next word', '語言模型怎麼寫出下一個字')],
  [
    'p',
    { class: 'lede' },
    say(
      'A course note in 26 live figures. It needs no server and no account: the models run in this page.',
      '一份有 26 張即時圖的講義。不用伺服器，不用帳號，模型就在這個網頁裡執行。',
    ),
  ],
  [
    'div',
    { class: 'switches' },
    [
      'button',
      { type: 'button', class: 'quiet', id: 'language', lang: say('zh-Hant', 'en') },
      say('繁體中文', 'English'),
    ],
    ['button', { type: 'button', class: 'quiet', id: 'theme' }, ''],
    ['button', { type: 'button', class: 'quiet', id: 'lecture' }, say('Lecture', '上課模式')],
    [
      'label',
      { class: 'own-model' },
      say('Use your own model (GGUF)', '使用自己的模型（GGUF）'),
      ['input', { type: 'file', accept: '.gguf', id: 'own' }],
    ],
  ],
];

const contents = [
  'ol',
  {},
  ...SECTIONS.map(titleOf).map(({ id, title }) => ['li', {}, ['a', { href: `#${id}` }, title]]),
];

const footer = [
  [
    'p',
    {},
    say(
      'Sources: Sennrich et al. 2016 (byte-pair encoding), Vaswani et al. 2017 (Transformer), Su et al. 2021 (RoPE), Press et al. 2022 (ALiBi), Xiao et al. 2024 (attention sinks), nostalgebraist 2020 (logit lens). The models were trained from scratch on public-domain texts by the trainer of this project.',
      '參考：Sennrich 等人 2016（位元組對編碼）、Vaswani 等人 2017（Transformer）、Su 等人 2021（RoPE）、Press 等人 2022（ALiBi）、Xiao 等人 2024（注意力匯點）、nostalgebraist 2020（logit lens）。模型由本專案的訓練程式從零開始，用公有領域的文字訓練而成。',
    ),
  ],
];

/** @param {string} selector @param {any} trees */
function put(selector, trees) {
  const box = document.querySelector(selector);
  box?.replaceChildren(...trees.map((/** @type {any} */ tree) => toDom(tree, lang)));
}

/** Shows the page in a language; figures keep their state. @param {string} next */
function useLanguage(next) {
  lang = next;
  root.lang = next;
  document.title = spoken(
    say('Jielong: how a language model writes the next word', '接龍：語言模型怎麼寫出下一個字'),
  );
  speak(next);
  showTheme();
}

function showTheme() {
  const theme = root.dataset.theme ?? 'auto';
  const button = document.querySelector('#theme');
  if (button) button.textContent = spoken(/** @type {any} */ (THEME_NAMES)[theme]);
}

/** @param {string} id @param {string} event @param {(node: any) => void} then */
function on(id, event, then) {
  const node = document.getElementById(id);
  node?.addEventListener(event, () => then(node));
}

function connect() {
  on('language', 'click', () => {
    useLanguage(lang === 'en' ? 'zh-Hant' : 'en');
    save();
  });
  on('theme', 'click', () => {
    const now = THEMES.indexOf(root.dataset.theme ?? 'auto');
    root.dataset.theme = THEMES[(now + 1) % THEMES.length];
    remember('theme', root.dataset.theme);
    showTheme();
  });
  on('lecture', 'click', () => lecture());
  on('own', 'change', ({ files }) => {
    for (const part of parts()) part.model = files[0];
  });
  document.addEventListener('select', save);
  document.addEventListener('done', save);
}

/** Writes the state of the figures that the reader has changed into the address. */
function save() {
  const address = addressOf([...document.querySelectorAll('note-figure')], lang);
  try {
    history.replaceState(null, '', address);
  } catch {
    // file: pages of some browsers refuse it
  }
}

root.dataset.theme = recall('theme') ?? 'auto';
put('#top', header);
put('#contents', [contents]);
put('main', SECTIONS);
put('footer', footer);
connect();
const { language, figure } = readAddress(document);
useLanguage(language ?? lang);
figure?.scrollIntoView();
document.body.dataset.ready = '';
console.assert(TAGS.length > 0);
