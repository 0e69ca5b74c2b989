/**
 * page.js - draws a MyST page's tree: {anywidget} with the renderer of MyST's own themes, the rest as plain tags.
 */
import { ANY_RENDERERS } from '@myst-theme/anywidget';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';

/** Build assets are stored in build/. @param {string} url */
const asset = (url) => (/^\/[^/]/.test(url) ? `/build${url}` : url);

/** @param {any} node @param {number} [key] @returns {any} */
function draw(node, key) {
  const inner = node.children?.map(draw);
  switch (node.type) {
    case 'text':
      return node.value;
    case 'heading':
      return createElement(`h${node.depth}`, { key }, inner);
    case 'paragraph':
      return createElement('p', { key }, inner);
    case 'anywidget': {
      const { anywidget } = /** @type {any} */ (ANY_RENDERERS);
      return createElement(anywidget, { key, node: { ...node, esm: asset(node.esm) } });
    }
    case 'iframe':
      return createElement('iframe', { key, src: node.src, width: node.width, height: 600 });
    default:
      return createElement('div', { key }, inner);
  }
}

const json = document.querySelector('[type="application/json"]')?.textContent ?? '';
const { mdast, frontmatter } = JSON.parse(json);
createRoot(/** @type {Element} */ (document.querySelector('main'))).render([
  createElement('h1', { key: 'title' }, frontmatter.title),
  draw(mdast),
]);
