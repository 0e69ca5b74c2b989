/**
 * dom.js - DOM helpers of the pages.
 *
 * Text is set only by `textContent` and text nodes, because model output and metadata are untrusted.
 * Styles are set by CSSOM, never by attributes, because of the Content-Security-Policy.
 */

/**
 * The element with this id; throws unless it has this type.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`#${id} is not a ${type.name}`);
  return element;
}

/**
 * A new element. `props` are properties; a string child becomes a text node.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Partial<Omit<HTMLElementTagNameMap[K], 'style'>>} [props]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  Object.assign(element, props);
  element.append(...children);
  return element;
}

/**
 * Sets a custom property for the style sheet.
 * @param {HTMLElement} element
 * @param {string} name
 * @param {number} value
 */
export function setVariable(element, name, value) {
  element.style.setProperty(name, String(value));
}
