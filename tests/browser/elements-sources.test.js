/**
 * elements-sources.test.js - every number that an element shows with its source is what a tap or call gives when it is
 * read again: attention, block, compare, distribution, heads, lens, playground, tokens.
 *
 * Chromium only; elements_sources.js reads in the page.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pageAt, startServer } from '../helpers/server.js';
import { launch, missing } from './drivers.js';

const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sources</title>
<link rel="icon" href="data:,"><script type="module" src="/tests/browser/elements_sources.js"></script></head>
<body><main></main></body></html>`;

/** @type {[string, Record<string, string>, number][]} numbers: at least */
const CASES = [
  ['jl-attention', { layer: '4', head: '3', token: '9' }, 100],
  ['jl-attention', { text: 'A wolf 😀 and his mother', layer: '0', head: '7' }, 40],
  ['jl-block', { layer: '2' }, 200],
  ['jl-block', { layer: '0', text: 'Once upon a time', token: '1' }, 200],
  ['jl-lens', {}, 150],
  ['jl-lens', { text: 'A wolf 😀', token: '2' }, 50],
  ['jl-distribution', {}, 60],
  ['jl-distribution', { text: 'A wolf 😀', temperature: '1.5', topk: '0', topp: '1' }, 60],
  ['jl-playground', { seed: '3' }, 200],
  ['jl-compare', {}, 80],
  ['jl-compare', { text: 'A wolf and his mother', layer: '2', head: '1', token: '3' }, 30],
  ['jl-heads', {}, 250],
  ['jl-heads', { text: 'A wolf and his mother', layer: '3', head: '2', sort: 'induction' }, 250],
  ['jl-tokens', { text: 'A wolf 😀 and his mother' }, 15],
];

describe('sources of numbers', { skip: missing('Chromium') }, () => {
  /** @type {Awaited<ReturnType<typeof startServer>>} */ let server;
  /** @type {import('puppeteer-core').Browser} */ let browser;
  /** @type {import('puppeteer-core').Page} */ let page;
  before(async () => {
    server = await startServer({ answer: pageAt('/sources', PAGE) });
    browser = await launch('Chromium');
    page = await browser.newPage();
    await page.setViewport({ width: 1000, height: 2400 });
    await page.goto(`${server.origin}/sources`);
    await page.waitForFunction('!!window.compare');
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  for (const [tag, attributes, least] of CASES)
    test(`${tag} ${JSON.stringify(attributes)}`, async () => {
      const call = `compare('${tag}', ${JSON.stringify(attributes)})`;
      const { count, findings } = /** @type {any} */ (await page.evaluate(call));
      assert.equal(findings.slice(0, 10).join('\n'), '');
      assert.ok(count >= least, `only ${count} numbers`);
    });
});
