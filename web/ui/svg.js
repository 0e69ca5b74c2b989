/**
 * svg.js - SVG nodes. Colours come from classes, which the elements' style sheets define.
 */

const NS = 'http://www.w3.org/2000/svg';

/** @typedef {Record<string, string | number | undefined>} Attributes an undefined one is left out */

/**
 * A node. A string child becomes its text.
 * @param {string} name @param {Attributes} [attributes] @param {...(Node | string)} children
 * @returns {SVGElement}
 */
export function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) node.setAttribute(key, String(value));
  node.append(...children);
  return node;
}

/**
 * Sets the size of a picture in CSS pixels; a unit of its coordinates is a pixel.
 * @param {SVGElement} picture @param {number} width @param {number} height
 */
export function resize(picture, width, height) {
  picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
  picture.setAttribute('width', String(width));
  picture.setAttribute('height', String(height));
}

/** A picture that takes the focus and has a name for screen readers. @returns {SVGSVGElement} */
export function picture() {
  const node = /** @type {SVGSVGElement} */ (svg('svg', { tabindex: 0, role: 'img' }));
  return node;
}
