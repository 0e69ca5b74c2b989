/**
 * dom.js - the little that the page's scripts need from the document.
 *
 * Text reaches the page through `textContent` and text nodes alone: model output and model metadata
 * are untrusted. Styles are set through CSSOM, which the content policy allows, never as
 * attributes.
 */

/**
 * The element with this id, checked to be what the script takes it for.
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
 * Sets a custom property that the style sheet reads.
 * @param {HTMLElement} element
 * @param {string} name
 * @param {number} value
 */
export function setVariable(element, name, value) {
  element.style.setProperty(name, String(value));
}
