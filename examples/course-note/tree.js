/**
 * tree.js - the note's content as a tree: a node is [tag, attributes, …children], a text, or a pair of texts.
 *
 * A pair [English, Chinese] is marked by say(); { data: [English, Chinese] } is text without marks, { html } is HTML of a built page. Text may have `code`, *emphasis*, and [words](address). The same tree
 * becomes DOM nodes in the page, which can change their language in place, and HTML text when the site is built.
 */

/** @typedef {{ say: [string, string] }} Say */
/** @typedef {string | Say | { data: [string, string] } | [string, Record<string, any>, ...any[]]} Tree */

/** A text in both languages. @param {string} english @param {string} chinese @returns {Say} */
export const say = (english, chinese) => ({ say: [english, chinese] });

/** @param {string} lang */
export const index = (lang) => (lang === 'en' ? 0 : 1);

const INLINE = /`([^`]+)`|\*([^*]+)\*|\[([^\]]+)\]\(([^)\s]+)\)/g;

/** The nodes of a text with inline marks. @param {string} text @returns {Tree[]} */
export function inline(text) {
  /** @type {Tree[]} */ const out = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > from) out.push(text.slice(from, match.index));
    const [whole, code, strong, words, address] = match;
    if (code) out.push(['code', {}, code]);
    else if (strong) out.push([/^\w$/.test(strong) ? 'i' : 'em', {}, strong]);
    else out.push(['a', { href: address }, words]);
    from = match.index + whole.length;
  }
  if (from < text.length) out.push(text.slice(from));
  return out;
}

/** The value of an attribute in a language; pairs by say(). @param {any} value @param {string} lang */
const attribute = (value, lang) => (value?.say ? value.say[index(lang)] : value);

/** Nodes whose words change with the language. @type {{ node: Element | Text, name?: string, words: [string, string] }[]} */
const spoken = [];

/** Whether a value of an attribute is the note's own, in a language. @param {Element} node @param {string} name @param {string} value */
export const isSpoken = (node, name, value) =>
  spoken.some((one) => one.node === node && one.name === name && one.words.includes(value));

/**
 * DOM nodes of a tree.
 * @param {Tree} tree @param {string} lang @returns {Node}
 */
export function toDom(tree, lang) {
  if (typeof tree === 'string') return document.createTextNode(tree);
  if ('data' in tree) {
    const node = document.createTextNode(tree.data[index(lang)]);
    spoken.push({ node, words: tree.data });
    return node;
  }
  if (!Array.isArray(tree)) {
    const node = document.createElement('span');
    spoken.push({ node, words: tree.say });
    node.append(...inline(tree.say[index(lang)]).map((t) => toDom(t, lang)));
    return node;
  }
  const [tag, attributes, ...children] = tree;
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value?.say) spoken.push({ node, name, words: value.say });
    const set = attribute(value, lang);
    if (set !== undefined && set !== false) node.setAttribute(name, set === true ? '' : set);
  }
  node.append(...children.map((child) => toDom(child, lang)));
  return node;
}

/**
 * Changes the language of all nodes that toDom has made, but not attributes that `keeps` names.
 * @param {string} lang @param {(element: Element, name: string) => boolean} [keeps]
 */
export function speak(lang, keeps = () => false) {
  for (const { node, name, words } of spoken) {
    const text = words[index(lang)];
    const other = words[1 - index(lang)];
    if (node instanceof Text) node.data = text;
    else if (!name) node.replaceChildren(...inline(text).map((t) => toDom(t, lang)));
    else if (node.getAttribute(name) === other && !keeps(node, name)) node.setAttribute(name, text); // the reader's own stays
  }
}

/** @param {string} text */
export const escaped = (text) =>
  text.replace(/[&<>"]/g, (c) => `&#${/** @type {number} */ (c.codePointAt(0))};`);

/** Elements without content and end tag. */
const EMPTY = ['br', 'input'];

/** HTML text of a tree without scripts. @param {Tree | { html: string }} tree @param {string} lang @returns {string} */
export function toHtml(tree, lang) {
  if (typeof tree === 'string') return escaped(tree);
  if ('html' in tree) return tree.html;
  if ('data' in tree) return escaped(tree.data[index(lang)]);
  if (!Array.isArray(tree))
    return `<span>${inline(tree.say[index(lang)])
      .map((t) => toHtml(t, lang))
      .join('')}</span>`;
  const [tag, attributes, ...children] = tree;
  const set = Object.entries(attributes)
    .map(([name, value]) => [name, attribute(value, lang)])
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) => (value === true ? ` ${name}` : ` ${name}="${escaped(String(value))}"`));
  if (EMPTY.includes(tag)) return `<${tag}${set.join('')}>`;
  const inner = children.map((child) => toHtml(child, lang)).join('');
  return `<${tag}${set.join('')}>${inner}</${tag}>`;
}
