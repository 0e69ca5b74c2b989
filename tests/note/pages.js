/**
 * pages.js - the note's pages for browser tests: a server that puts probe.js into them, and their addresses.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageHtml } from '../../examples/course-note/prerender.js';
import { root } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';

export const NOTE = '/examples/course-note/';
export const FILES = { 'zh-Hant': 'index.html', en: 'en.html' };
export const FIGURES = Array.from({ length: 26 }, (_, i) => i + 1);
/** A policy without wasm. */
const FORBIDDEN = "script-src 'self'";
/** Settings that shorten figures which train: the first is done after a few steps. */
export const SHORT = '1.1.steps=8';

const PROBE = '<script src="/tests/note/probe.js"></script>';

/** Page with the probe before its scripts. @param {string} html */
export const probed = (html) =>
  html.replace('<link rel="icon"', () => `${PROBE}\n<link rel="icon"`);

/** A server with the note; ?forbid: the page may not run wasm; ?built: with its text inside, as on the site. */
export const startNote = () =>
  startServer({
    isolate: false, // as plain hosts, so that frames of it work
    answer: (request, response) => {
      const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
      const found = Object.entries(FILES).find(([, name]) => pathname === NOTE + name);
      if (!found) return false;
      const [lang, file] = found;
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      if (search.includes('forbid')) response.setHeader('Content-Security-Policy', FORBIDDEN);
      if (search.includes('built'))
        pageHtml(/** @type {'en'} */ (lang)).then((html) => response.end(probed(html)));
      else response.end(probed(readFileSync(join(root, NOTE, file), 'utf8')));
      return true;
    },
  });
