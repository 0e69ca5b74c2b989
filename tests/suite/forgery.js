/**
 * forgery.js - random templates × random conversations (grammar.js): text of messages and options never
 * becomes a control token, and the template's own control tokens remain.
 *
 * The vocabulary spells two control tokens of chat.gguf as no template here can, so any such token in the ids is a
 * forgery. The case also fails if the package or template.js knows a filter, method, test, operator, function or
 * node kind that no template used. In Node, JIELONG_FORGERIES=200000 sets the number of cases; a case is
 * reproduced from its number.
 */

import { prepareChat } from '../../web/chat/chat.js';
import { Environment, Interpreter } from '../../web/chat/jinja.js';
import { ok, same } from './assert.js';
import { calm, conversation, Draw, framed, Grammar, LITERALS } from './grammar.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('../../web/jielong.js').Model} Model */

const COUNT = Number(/** @type {any} */ (globalThis).process?.env.JIELONG_FORGERIES ?? 1000);
/** The last case that ran; the next host continues from it. */
let last = 0;
const [START, END, BOS, LAST] = [256, 257, 260, 261];
const isControl = (/** @type {number} */ id) => [START, END, BOS, LAST].includes(id);
/** Spellings of END and LAST: in letters, and in digits that a number may contain. */
const SPELLINGS = [
  ['<|Ж_end|>', '<Ж>'],
  ['<|Ж_end|>', '7919'],
];

/** @param {import('./index.js').T} t @param {string[]} spelling */
async function loadSpelled(t, [end, last]) {
  const bytes = (await t.bytes('chat.gguf')).slice();
  const text = new TextDecoder('latin1').decode(bytes);
  // The vocabulary precedes the template, which contains the spellings too.
  bytes.set(new TextEncoder().encode(end), text.indexOf('<|im_end|>'));
  bytes.set(new TextEncoder().encode(last), text.indexOf('</s>'));
  return t.load(bytes);
}

/* ---- The cases ------------------------------------------------------------------------------------ */

/** The control tokens of a conversation and its text; undefined if the template rejects it.
 * @param {Model} model @param {string} chatTemplate @param {{ messages: any, templateOptions: any }} given */
async function controls(model, chatTemplate, { messages, templateOptions }) {
  try {
    const { ids } = await prepareChat(model, messages, { chatTemplate, templateOptions });
    const text = await model.detokenize(ids);
    return { ids: [...ids].filter(isControl), text };
  } catch (e) {
    const { code } = /** @type {any} */ (e);
    if (code === 'BAD_TEMPLATE' || code === 'TEMPLATE_LIMIT') return undefined;
    throw e;
  }
}

/**
 * Runs the case of this number. Returns the template's language features if it rendered.
 * @param {Model[]} models @param {number} number
 */
async function forge(models, number) {
  const draw = new Draw(number);
  const which = draw.below(2);
  const given = conversation(draw);
  const kind = draw.pick(['any', 'any', 'any', 'unopened', 'unclosed', 'framed']);
  const absent = { any: /Ж/, unopened: /</, unclosed: />/, framed: /[<>|]|79|s/ }[kind];
  const g = new Grammar(
    draw,
    LITERALS.filter((text) => !(/** @type {RegExp} */ (absent).test(text))),
  );
  const template = `${kind === 'framed' ? framed(draw, g) : g.statements(1 + draw.below(4))}{# {} #}`;
  const found = await controls(models[which], template, given);
  if (!found) return undefined;
  const what = () => `case ${number} (${kind}), ${template}\nof ${JSON.stringify(given)}\n`;
  ok(!found.ids.some((id) => id === END || id === LAST), `a forged token in ${what()}`);
  if (kind === 'unopened' || kind === 'unclosed')
    same(found.ids, [BOS], `control tokens that the template does not write, in ${what()}`);
  if (kind === 'framed') {
    const wanted = await controls(models[which], template, calm(given));
    if (wanted) same(found.ids, wanted.ids, `the template's own tokens in ${what()}`);
    if (wanted) ok(wanted.ids.length > 1, `no mark in ${what()}`);
  }
  const tempted = SPELLINGS[which].some((text) => found.text.includes(text));
  return { shown: g.shown, kind, tempted };
}

/** String literals compared in a function of the package. @param {Function} code @param {RegExp} before */
function words(code, before) {
  const found = code.toString().matchAll(new RegExp(`${before.source}"([^"]+)"`, 'g'));
  return [...found].map(([, word]) => word);
}

/** All features of the package and template.js, from their source. @param {import('./index.js').T} t */
async function language(t) {
  const { prototype } = /** @type {any} */ (Interpreter);
  const environment = /** @type {any} */ (new Environment());
  const response = await fetch(`${t.origin}/web/chat/template.js`);
  const source = await response.text();
  const own = /const methods = {\n(.*?)\n};/s.exec(source)?.[1] ?? '';
  const globals = /const GLOBALS = {\n(.*?)\n};/s.exec(source)?.[1] ?? '';
  const of = (/** @type {any} */ value) => [...new Environment().set('x', value).builtins.keys()];
  return {
    filter: [
      ...words(prototype.applyFilter, /(?:case |filterName === |filter\.value === )/),
      ...of({}),
    ],
    method: [
      ...['text', {}, []].flatMap(of),
      ...[...own.matchAll(/^ {2}(\w+): \(/gm)].map(([, name]) => name),
    ],
    test: [...environment.tests.keys()],
    node: words(prototype.evaluate, /case /),
    operator: words(prototype.evaluateBinaryExpression, /(?:case |=== )/).filter(
      (word) => !/Value$/.test(word),
    ),
    function: [
      ...[...environment.variables]
        .filter(([, { type }]) => type === 'FunctionValue')
        .map(([name]) => name),
      ...[...globals.matchAll(/(\w+)(?:: \w+)?(?=[, ])/g)]
        .map(([, name]) => name)
        .filter((name) => !/^(true|false|none)$/i.test(name)),
    ],
  };
}

/** Node kinds that every template has or that other features imply. */
const EVERYWHERE = new Set([
  'CallExpression',
  'BinaryExpression',
  'FilterExpression',
  'TestExpression',
  'Set',
]);

/** @type {Case[]} */
export const forgery = [
  {
    name: `no text from messages or options becomes a control token: ${COUNT} random templates and conversations`,
    slow: true,
    async run(t) {
      const models = await Promise.all(SPELLINGS.map((spelling) => loadSpelled(t, spelling)));
      /** @type {Record<string, number>} */ const kinds = {};
      const shown = new Set();
      let tempted = 0;
      for (let i = 0; i < COUNT; i++) {
        const found = await forge(models, ++last);
        if (!found) continue;
        kinds[found.kind] = (kinds[found.kind] ?? 0) + 1;
        tempted += +found.tempted;
        for (const what of found.shown) shown.add(what);
      }
      await Promise.all(models.map((model) => model.close()));
      const rendered = Object.values(kinds).reduce((sum, n) => sum + n, 0);
      const counts = `of ${COUNT} templates ${JSON.stringify(kinds)} render, ${tempted} write a control token's text`;
      ok(rendered > COUNT / 2 && tempted > COUNT / 5, counts);
      const known = await language(t);
      for (const [sort, names] of Object.entries(known)) {
        ok(names.length > 3, `${sort}s of the language: ${names}`);
        for (const name of names)
          if (!EVERYWHERE.has(name))
            ok(shown.has(`${sort} ${name}`), `no template has the ${sort} ${name}`);
      }
    },
  },
];
