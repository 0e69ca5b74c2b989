/**
 * filters.js - what two hosts leave of pasted HTML: HackMD's note renderer, Moodle's editor and text filter.
 *
 * HackMD (CodiMD) renders Markdown, then filters it with the package xss: the default list of tags, and an iframe with
 * the attributes below. Moodle stores what TinyMCE returns; text of teachers is shown as stored, text of students is
 * purified to XHTML 1.0 without frames, which sanitize-html does here.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../helpers/paths.js';

const require = createRequire(join(root, 'build', 'embeds', 'package.json'));
const IFRAME = ['allowfullscreen', 'name', 'referrerpolicy', 'src', 'width', 'height'];

/** A note as HackMD shows it. @param {string} markdown */
export function hackmd(markdown) {
  const { FilterXSS, getDefaultWhiteList, escapeAttrValue } = require('xss');
  const lists = { ...getDefaultWhiteList(), iframe: IFRAME };
  for (const tag of ['style', 'kbd', 'summary', 'ruby', 'rp', 'rt', 'figure', 'figcaption'])
    lists[tag] = [];
  const filter = new FilterXSS({
    whiteList: lists,
    onIgnoreTagAttr: (
      /** @type {string} */ _,
      /** @type {string} */ name,
      /** @type {string} */ value,
    ) =>
      /^(data-.*|id|class|style)$/.test(name) ? `${name}="${escapeAttrValue(value)}"` : undefined,
  });
  return filter.process(require('markdown-it')({ html: true, linkify: true }).render(markdown));
}

/** Text of a student as Moodle shows it. @param {string} html */
export function moodleStudent(html) {
  const sanitize = require('sanitize-html');
  return sanitize(html, {
    allowedTags: [...sanitize.defaults.allowedTags, 'img', 'object', 'embed', 'video', 'audio'],
  });
}

/**
 * What Moodle's editor stores of pasted source, run in a page that has TinyMCE: the options are Moodle's, with its
 * default list of extended elements.
 * @param {string} html
 * @returns {Promise<string>}
 */
export async function tinyStores(html) {
  const { tinymce } = /** @type {any} */ (window);
  const [editor] = await tinymce.init({
    selector: 'textarea',
    plugins: 'code',
    promotion: false,
    convert_urls: false,
    xss_sanitization: false,
    entity_encoding: 'raw',
    extended_valid_elements: 'script[*],p[*],i[*]',
  });
  editor.setContent(html);
  return editor.getContent();
}
