/**
 * copies.js - what a reader copies from a figure: its address, a frame, or a tag with everything that a page without
 * scripts needs.
 */
import { escapeXml, pictureOf } from '../ui/export.js';
import { textOf } from './frame.js';
import { places } from './here.js';

/** @param {any} element */
const titleOf = (element) => element.frame.title.textContent;

/** The picture of an element as a standalone SVG. @param {any} element */
export const imageOf = (element) =>
  element.picture() ?? pictureOf(element.frame.body, element.summary(element.view));

/** The address of a figure in its state. @param {any} element */
export const linkOf = (element) =>
  `${places.page}#${new URLSearchParams({ figure: element.figureName, ...element.state })}`;

/** @param {any} element */
export function iframeOf(element) {
  const height = Math.ceil(element.getBoundingClientRect().height) + 16;
  const address = escapeXml(linkOf(element));
  const title = escapeXml(titleOf(element));
  return `<iframe src="${address}" title="${title}" width="100%" height="${height}" loading="lazy"></iframe>`;
}

/** The table of a figure as HTML. @param {import('./frame.js').Twin} twin @param {string} caption */
function tableHtml({ columns, rows }, caption) {
  const head = columns.map((name) => `<th scope="col">${escapeXml(name)}</th>`).join('');
  const lines = rows.map(([name, ...cells]) => {
    const rest = cells.map((cell) => `<td>${escapeXml(textOf(cell))}</td>`).join('');
    return `<tr><th scope="row">${escapeXml(textOf(name))}</th>${rest}</tr>`;
  });
  return `<div style="overflow-x:auto"><table><caption>${escapeXml(caption)}</caption>\n<thead><tr>${head}</tr></thead>\n<tbody>${lines.join('\n')}</tbody></table></div>`;
}

/**
 * The tag of a figure in its state. In it: the recorded scene, and for a page without scripts title, picture, sentence and
 * table.
 * @param {any} element
 */
export function markupOf(element) {
  const tag = element.localName;
  const attributes = Object.entries(element.state)
    .filter(([name]) => name !== 'scene')
    .map(([name, value]) => ` ${name}="${escapeXml(/** @type {string} */ (value))}"`);
  const scene = JSON.stringify(element.record()).replace(/</g, '\\u003c');
  return [
    `<${tag}${attributes.join('')}>`,
    `<script type="application/json">${scene}</script>`,
    '<figure>',
    `<figcaption>${escapeXml(titleOf(element))}</figcaption>`,
    imageOf(element)?.svg ?? '',
    `<p>${escapeXml(element.summary(element.view))}</p>`,
    tableHtml(element.twin(element.view), element.t('more.table')),
    '</figure>',
    `</${tag}>`,
  ].join('\n');
}
