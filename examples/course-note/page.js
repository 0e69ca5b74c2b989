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

/** What a page without scripts says before its sections. */
export const WITHOUT = [
  'p',
  { class: 'without' },
  say(
    'Without scripts, every figure shows what was recorded; with them it computes here, with your text too.',
    '沒有 JavaScript 時，每張圖都是預錄的結果；啟用後就能當場計算，也可以換成自己的文字。',
  ),
];

/**
 * A tree without what only scripts can show.
 * @param {any} tree @param {(name: string) => any} recorded what stands in the place of an element, by figure and part
 * @param {string} [number] of the figure that the tree is in @returns {any}
 */
export function withoutScripts(tree, recorded, number = '') {
  if (!Array.isArray(tree)) return tree;
  const [tag, attributes, ...children] = tree;
  if (attributes.class === 'parts')
    return [tag, attributes, ...children.map((_, i) => recorded(`${number}-${i}`))];
  if (attributes.class === 'switches') return [tag, attributes, ...children];
  const shown = children.filter(
    (child) =>
      !['tools', 'steps', 'skip quiet'].includes(child?.[1]?.class) && child?.[0] !== 'script',
  );
  const open = attributes.class === 'why' ? { ...attributes, hidden: false } : attributes;
  const inside = attributes['data-figure'] ?? number;
  return [
    tag === 'note-figure' ? 'div' : tag,
    open.class === 'asks' ? { ...open, class: undefined } : open,
    ...shown.map((child) => withoutScripts(child, recorded, inside)),
  ];
}
