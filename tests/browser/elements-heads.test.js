/**
 * elements-heads.test.js - the map of heads, the matrix and the lens together: a head or token selected in one moves
 * the others; edits and the working of a weight in the page. Chromium.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pageAt, startServer } from '../helpers/server.js';
import { launch, missing } from './drivers.js';

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Heads</title>
<link rel="icon" href="data:,"><script type="module" src="/elements.js"></script>
<main><jl-heads share="a"></jl-heads><jl-attention share="a"></jl-attention><jl-lens share="a"></jl-lens></main>`;

describe('heads, attention and lens together', { skip: missing('Chromium') }, () => {
  /** @type {Awaited<ReturnType<typeof startServer>>} */ let server;
  /** @type {import('puppeteer-core').Browser} */ let browser;
  /** @type {import('puppeteer-core').Page} */ let page;
  before(async () => {
    server = await startServer({ answer: pageAt('/heads', PAGE) });
    browser = await launch('Chromium');
    page = await browser.newPage();
    await page.setViewport({ width: 1000, height: 3000 });
    await page.goto(`${server.origin}/heads`);
    await page.evaluate(`
      window.el = (name) => document.querySelector('jl-' + name);
      window.part = (name, css) => el(name).shadowRoot.querySelector(css);
      window.settled = async (name) => {
        for (let i = 0; i < 500; i++) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          if (el(name).dataset.state !== 'running' && el(name).dataset.state !== 'loading') return;
        }
      };`);
    await page.waitForFunction("!!el('lens').view");
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });
  /** @param {string} code */
  const run = (code) => /** @type {Promise<any>} */ (page.evaluate(`(async () => { ${code} })()`));

  test('recorded: arrows on the map select a head, which the matrix shows', async () => {
    await run("part('heads', 'canvas').focus()");
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowLeft');
    const [layer, head] = await run("return [el('attention').layer, el('attention').head]");
    assert.deepEqual([layer, head], [4, 4]);
    const told = await run("return part('attention', '.readout').textContent");
    assert.match(told, /block 4, head 4/);
    const after_ = await run("return part('heads', '.change tbody').textContent");
    assert.match(after_, /–/, 'an effect that was not recorded is not shown');
  });

  test('live: switching off shows before, after and difference; nothing gives the same values', async () => {
    await run("await el('heads').start(); await settled('heads')");
    const cells =
      "[...part('heads', '.change tbody').rows].map((r) => [...r.cells].map((c) => c.textContent))";
    const off = await run(`return ${cells}`);
    assert.ok(
      off.every((/** @type {string[]} */ row) => /\d/.test(row[2])),
      JSON.stringify(off),
    );
    const [, lossBefore, lossAfter, difference] = off[0];
    const error = Number(lossAfter) - Number(lossBefore) - Number(difference.replace('−', '-'));
    assert.ok(Math.abs(error) <= 0.0011, off[0].join());
    await run("el('heads').select({ edit: 'none' }); await settled('heads')");
    const none = await run(`return ${cells}`);
    assert.ok(
      none.every((/** @type {string[]} */ row) => row[1] === row[2]),
      JSON.stringify(none),
    );
    assert.equal(none[0][1], off[0][1]);
  });

  test('the working of the selected weight follows the cell', async () => {
    const hidden = await run("return part('attention', '.working').hidden");
    assert.ok(hidden);
    await run(
      "await el('attention').start(); el('attention').working = true; await settled('attention')",
    );
    const lines =
      "[...part('attention', '.working').querySelectorAll('.line')].map((l) => l.textContent)";
    const first = await run(`return ${lines}`);
    assert.equal(first.length, 3);
    await run("part('attention', 'canvas').focus()");
    await page.keyboard.press('ArrowLeft');
    const second = await run(`return ${lines}`);
    assert.notDeepEqual(first, second);
    const weight = await run("return part('attention', '.readout').textContent");
    const shown = Number(second[2].split('=').pop());
    assert.ok(
      Math.abs(shown - Number(weight.match(/: ([\d.]+)/)?.[1])) <= 6e-4,
      `${weight} ${shown}`,
    );
  });

  test('a column of the lens selects the token of the others', async () => {
    await run("part('lens', 'th[data-column] button[aria-current]').focus()");
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    // Keys may be handled after press() has resolved, because the figures compute.
    await page.waitForFunction(
      "el('attention').token === 1 && el('lens').shadowRoot.activeElement?.textContent === '␣princess'",
    );
    await run("await settled('lens')");
    const rows = await run("return part('lens', '.strip').children.length");
    assert.equal(rows, 9, 'a heading, two anchors, six blocks');
  });
});
