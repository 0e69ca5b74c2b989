/**
 * page.js - what surrounds the sections: title, header, contents, footer, as trees. No DOM: Node builds pages with it.
 */
import { SECTIONS } from './content/index.js';
import { say } from './tree.js';

export const TITLE = say(
  'Jielong: how a language model writes the next word',
  '接龍：語言模型怎麼寫出下一個字',
);

/** The title of a section and its id. @param {any} section */
const titleOf = ([, { id }, heading]) => ({ id, title: heading[2][2] });

/** @type {import('./tree.js').Tree[]} */
export const HEADER = [
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
    [
      'button',
      { type: 'button', class: 'quiet', id: 'theme' },
      say('Theme: system', '外觀：依系統'),
    ],
    ['button', { type: 'button', class: 'quiet', id: 'lecture' }, say('Lecture', '上課模式')],
    [
      'label',
      { class: 'own-model' },
      say('Use your own model (GGUF)', '使用自己的模型（GGUF）'),
      ['input', { type: 'file', accept: '.gguf', id: 'own' }],
    ],
  ],
];

/** @type {import('./tree.js').Tree} */
export const CONTENTS = [
  'ol',
  {},
  ...SECTIONS.map(titleOf).map(({ id, title }) => ['li', {}, ['a', { href: `#${id}` }, title]]),
];

/** @type {import('./tree.js').Tree[]} */
export const FOOTER = [
  [
    'p',
    {},
    say(
      'Sources: Sennrich et al. 2016 (byte-pair encoding), Vaswani et al. 2017 (Transformer), Su et al. 2021 (RoPE), Press et al. 2022 (ALiBi), Xiao et al. 2024 (attention sinks), nostalgebraist 2020 (logit lens). The models were trained from scratch on public-domain texts by the trainer of this project.',
      '參考：Sennrich 等人 2016（位元組對編碼）、Vaswani 等人 2017（Transformer）、Su 等人 2021（RoPE）、Press 等人 2022（ALiBi）、Xiao 等人 2024（注意力匯點）、nostalgebraist 2020（logit lens）。模型由本專案的訓練程式從零開始，用公有領域的文字訓練而成。',
    ),
  ],
];

/** What a page without scripts shows in the place of a figure. */
const WITHOUT = say(
  'This figure is computed in the page, which needs scripts.',
  '這張圖由網頁當場計算，需要啟用 JavaScript。',
);

/** A tree without what only scripts can show. @param {any} tree @returns {any} */
export function withoutScripts(tree) {
  if (!Array.isArray(tree)) return tree;
  const [tag, attributes, ...children] = tree;
  if (attributes.class === 'parts') return ['p', { class: 'without' }, WITHOUT];
  if (attributes.class === 'switches') return [tag, attributes, ...children];
  const shown = children.filter(
    (child) => !['tools', 'steps'].includes(child?.[1]?.class) && child?.[0] !== 'script',
  );
  const open = attributes.class === 'why' ? { ...attributes, hidden: false } : attributes;
  return [tag === 'note-figure' ? 'div' : tag, open, ...shown.map(withoutScripts)];
}
