/**
 * figure.js - the tree of one figure: title, what to look for, a guess, its elements, steps, what to notice.
 */
import { SCENES } from '../scenes.js';
import { say } from '../tree.js';

/** @typedef {import('../tree.js').Tree} Tree */
/** @typedef {import('../tree.js').Say} Say */

/** @typedef {Record<string, string | number>} Attributes */
/**
 * @typedef {object} Spec
 * @property {Say} title
 * @property {Say} look what to look for
 * @property {{ ask: Say, options: Say[], right: number, why: Say, example?: boolean, shown?: number[] }} [guess] `example`: `why`
 *   has numbers of the example; `shown`: parts that do not show the answer
 * @property {[tag: string, attributes: Record<string, any>][]} parts `caption`: what the part is or what to do with it
 * @property {{ set: Attributes | [english: Attributes, chinese: Attributes], say: Say }[]} [steps] attributes of the first
 *   part, and what to see
 * @property {Say} notice
 * @property {string} claim name of the test that checks `notice`
 */

/** All figures, by number. @type {Map<number, Spec>} */
export const FIGURES = new Map();

/** Stands before an answer after the figure got a sentence of the reader's (sentence.js). @type {Tree} */
const OF_EXAMPLE = [
  'span',
  { class: 'of-example' },
  say('On the example of the note: ', '以原來的例子來說：'),
];

/** @param {number} number @param {NonNullable<Spec['guess']>} guess @returns {Tree} */
const guessOf = (number, { ask, options, right, why, example }) => [
  'fieldset',
  { class: 'guess' },
  ['legend', {}, ask],
  ...options.map((option, i) => [
    'label',
    {},
    ['input', { type: 'radio', name: `guess-${number}`, 'data-right': i === right }],
    ' ',
    option,
  ]),
  ['p', { class: 'why', hidden: true, role: 'status' }, ...(example ? [OF_EXAMPLE] : []), why],
  [
    'button',
    { type: 'button', class: 'skip quiet' },
    say('Show the figure without a guess', '不猜，直接看圖'),
  ],
];

/** The attributes of a step as text. @param {NonNullable<Spec['steps']>[0]['set']} set */
const setOf = (set) =>
  Array.isArray(set) ? say(JSON.stringify(set[0]), JSON.stringify(set[1])) : JSON.stringify(set);

/** @param {NonNullable<Spec['steps']>} steps @returns {Tree} */
const stepsOf = (steps) => [
  'div',
  { class: 'steps' },
  ['button', { type: 'button', class: 'previous' }, say('Previous step', '上一步')],
  ['button', { type: 'button', class: 'next' }, say('Next step', '下一步')],
  [
    'ol',
    { 'aria-live': 'polite' },
    ...steps.map(({ set, say: words }) => ['li', { hidden: true, 'data-set': setOf(set) }, words]),
  ],
];

/** Attributes that only change how an element draws its view: its included scene shows them too. @type {Record<string, string[]>} */
const DRAWN = {
  'jl-attention': ['layer', 'head'],
  'jl-block': ['layer'],
  'jl-cache': ['show'],
  'jl-cost': ['show', 'n'],
  'jl-distribution': ['show'],
};

/**
 * Names of a part's scenes: none if the elements' included scenes show it, one if both languages show the same, else two.
 * @param {number} number of the figure @param {number} i of the part @param {string} tag
 * @param {Record<string, any>} attributes
 */
export function sceneNames(number, i, tag, attributes) {
  const plain = ['share', 'model', 'caption', ...(DRAWN[tag] ?? [])];
  const own = Object.entries(attributes).filter(([name]) => !plain.includes(name));
  if (tag.startsWith('jl-') && !own.length) return [];
  const same = attributes.model && !attributes.model.say && !own.some(([, value]) => value?.say);
  return same ? [`${number}-${i}`] : [`${number}-${i}.en`, `${number}-${i}.zh-Hant`];
}

/** A part with its scene. @param {number} number @param {number} i @param {Spec} spec @returns {Tree} */
function partOf(number, i, { parts, guess }) {
  const [tag, attributes] = parts[i];
  const answers = guess && !guess.shown?.includes(i);
  const [english, chinese] = sceneNames(number, i, tag, attributes).map((name) => SCENES[name]);
  const text = english && chinese ? { data: [english, chinese] } : english;
  const scene = text ? [['script', { type: 'application/json' }, text]] : [];
  const set = { caption: ' ', class: answers && 'answer', ...attributes };
  return [tag, set, .../** @type {any} */ (scene)];
}

/**
 * A figure of the note.
 * @param {number} number 1 to 26 @param {Spec} spec @returns {Tree}
 */
export function figure(number, spec) {
  FIGURES.set(number, spec);
  const { title, look, guess, parts, steps, notice } = spec;
  return [
    'note-figure',
    { id: `figure-${number}`, 'data-figure': String(number), class: guess && 'asks' },
    [
      'h3',
      {},
      ['a', { href: `#figure-${number}` }, say(`Figure ${number}`, `圖 ${number}`)],
      ' ',
      title,
    ],
    ['p', { class: 'look' }, look],
    ...(guess ? [guessOf(number, guess)] : []),
    ['div', { class: 'parts' }, ...parts.map((_, i) => partOf(number, i, spec))],
    ...(steps ? [stepsOf(steps)] : []),
    ['p', { class: 'notice' }, notice],
    ['div', { class: 'tools' }],
  ];
}

/** A paragraph. @param {string} english @param {string} chinese @returns {Tree} */
export const p = (english, chinese) => ['p', {}, say(english, chinese)];

/** @param {string} id @param {Say} title @param {...Tree} parts @returns {Tree} */
export const section = (id, title, ...parts) => [
  'section',
  { id },
  ['h2', {}, ['a', { href: `#${id}` }, title]],
  ...parts,
];
