/**
 * elements-working.test.js - "show the working" of jl-lens, jl-heads, jl-compare and jl-train: what is shown is computed
 * again from the shown numbers alone. The button is pressed by keyboard. Chromium.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pageAt, startServer } from '../helpers/server.js';
import { launch, missing } from './drivers.js';

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Working</title>
<link rel="icon" href="data:,"><script type="module" src="/elements.js"></script>
<main><jl-lens layer="4"></jl-lens><jl-heads></jl-heads><jl-compare></jl-compare><jl-train steps="20"></jl-train></main>`;

/** @typedef {{ lines: string[], columns: string[], rows: string[][] }} Shown */

/** Numbers of a text. @param {string} text */
const numbers = (text) =>
  [...text.matchAll(/[-−]?\d[\d,]*(?:\.\d+)?/g)].map(([x]) =>
    Number(x.replace('−', '-').replace(/,/g, '')),
  );
/** @param {string} cell */
const number = (cell) => numbers(cell)[0];
/** @param {number} found @param {number} wanted @param {string} about */
const close = (found, wanted, about) =>
  assert.ok(Math.abs(found - wanted) <= 1e-4, `${about}: ${found}, shown ${wanted}`);
/** @param {number[]} list */
const sum = (list) => list.reduce((a, b) => a + b, 0);
/** The line that begins with a text. @param {Shown} shown @param {string} start */
const lineOf = ({ lines }, start) => {
  const found = lines.find((line) => line.startsWith(start));
  assert.ok(found, `no line begins with ${start}: ${lines.join(' | ')}`);
  return found.slice(start.length);
};

describe('show the working', { skip: missing('Chromium') }, () => {
  /** @type {Awaited<ReturnType<typeof startServer>>} */ let server;
  /** @type {import('puppeteer-core').Browser} */ let browser;
  /** @type {import('puppeteer-core').Page} */ let page;
  before(async () => {
    server = await startServer({ answer: pageAt('/working', PAGE) });
    browser = await launch('Chromium');
    page = await browser.newPage();
    await page.setViewport({ width: 1000, height: 3000 });
    await page.goto(`${server.origin}/working`);
    await page.waitForFunction("!!document.querySelector('jl-train')?.view");
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  /** Presses the button of an element by keyboard and reads the working. @param {string} name @returns {Promise<Shown>} */
  async function working(name) {
    await page.evaluate(`(async () => {
      window.element = document.querySelector('jl-${name}');
      element.scrollIntoView(); // what is out of sight does not compute
      await element.start();
      [...element.shadowRoot.querySelectorAll('.own button')].find((b) => b.textContent === 'Show the working').focus();
    })()`);
    assert.equal(await page.evaluate("element.shadowRoot.querySelector('.working').hidden"), true);
    await page.keyboard.press('Enter');
    await page.waitForFunction(
      "element.dataset.state === 'done' && !element.shadowRoot.querySelector('.working').hidden",
    );
    return read();
  }
  const read = () =>
    /** @type {Promise<any>} */ (
      page.evaluate(`(() => {
        const box = element.shadowRoot.querySelector('.working');
        const texts = (nodes) => [...nodes].map((node) => node.textContent);
        return { lines: texts(box.querySelectorAll('p')), columns: texts(box.querySelectorAll('thead th')),
          rows: [...box.querySelectorAll('tbody tr')].map((row) => texts(row.cells)) };
      })()`)
    );

  test('lens: softmax over the logits, and the probability in the strip', async () => {
    const shown = await working('lens');
    const { rows } = shown;
    const max = number(lineOf(shown, 'Σ e^(logit − '));
    const total = sum(rows.map((row) => number(row[2])));
    for (const row of rows.slice(0, -1)) {
      close(Math.exp(number(row[1]) - max), number(row[2]), row[0]);
      close(number(row[2]) / total, number(row[3]), row[0]);
    }
    close(sum(rows.map((row) => number(row[3]))), 1, 'all shares');
    const [, , , own] = shown.lines;
    assert.match(own, /the same within 0\.0001/);
    close(number(rows[0][3]), number(own), 'the engine');
    const strip = await page.evaluate(
      "[...element.shadowRoot.querySelectorAll('.strip > div')].at(-2).children[3].textContent",
    );
    assert.ok(Math.abs(number(String(strip)) - 100 * number(own)) <= 0.05, `${strip} ${own}`);
    await page.keyboard.press('Tab');
    await page.evaluate('element.select({ layer: 1 })');
    const other = await read();
    assert.notDeepEqual(other.rows, rows, 'another block has another working');
    assert.match(other.lines[0], /^Block 1:/);
  });

  test('heads: each score is the mean of the shares of the scored tokens', async () => {
    const shown = await working('heads');
    const own = /** @type {number[]} */ (
      await page.evaluate(`(() => {
        const { scores, layers, heads, change } = element.view;
        const at = layers.indexOf(change.layer) * heads + change.head;
        return ['previous-token', 'duplicate-token', 'induction', 'first-token'].map((kind) => scores[kind][at]);
      })()`)
    );
    for (const [i, kind] of shown.columns.slice(1).entries()) {
      const shares = shown.rows.map((row) => number(row[i + 1]));
      assert.ok(shares.length >= 64);
      const [n, total, , mean] = numbers(lineOf(shown, `${kind}: Σ / `));
      assert.equal(n, shares.length);
      close(sum(shares) / n, mean, kind);
      close(total / n, mean, kind);
      close(mean, own[i], `${kind}, the engine`);
    }
  });

  test('compare: the difference of two losses, and both means', async () => {
    const shown = await working('compare');
    const losses = ['A', 'B'].map((side) => {
      const [log, logit, loss] = numbers(lineOf(shown, `${side}: −ln p = ln Σ e^logit − logit = `));
      close(log - logit, loss, side);
      return loss;
    });
    const [b, a, difference] = numbers(lineOf(shown, 'B − A = '));
    close(a, losses[0], 'A');
    close(b, losses[1], 'B');
    close(b - a, difference, 'B − A');
    for (const side of ['A', 'B']) {
      const rows = shown.rows.filter(([name]) => name.startsWith(`${side} `));
      for (const [name, log, logit, loss] of rows)
        close(number(log) - number(logit), number(loss), name);
      const [, n, mean] = numbers(lineOf(shown, `mean loss ${side}: `));
      assert.equal(n, rows.length);
      close(sum(rows.map((row) => number(row[3]))) / n, mean, `mean of ${side}`);
    }
    const readout = String(
      await page.evaluate("element.shadowRoot.querySelector('.readout').textContent"),
    );
    assert.ok(
      readout.includes(`loss ${losses[0].toFixed(2)} in A, ${losses[1].toFixed(2)} in B`),
      readout,
    );
  });

  test('train: the loss of a token is −ln p, and falls from one moment to the last', async () => {
    const shown = await working('train');
    const [, , p] = numbers(lineOf(shown, 'p = e^('));
    const [log, logit, loss] = numbers(lineOf(shown, '−ln p = ln Σ e^logit − logit = '));
    close(Math.exp(logit - log), p, 'p');
    close(log - logit, loss, '−ln p');
    assert.ok(Math.abs(-Math.log(p) - loss) <= 1e-5 / p, `${p} ${loss}`);
    for (const [name, x, all, share, nats] of shown.rows) {
      close(number(all) - number(x), number(nats), name);
      close(Math.exp(-number(nats)), number(share), name);
    }
    const mean = shown.lines.find((line) => line.startsWith('mean loss of'));
    const [n, total, , found] = numbers(String(mean));
    assert.equal(n, shown.rows.length);
    close(total / n, found, 'mean');
    close(sum(shown.rows.map((row) => number(row[4]))), total, 'sum');
    await page.evaluate('element.moment = 0');
    const begun = await read();
    const before_ = numbers(String(begun.lines.find((line) => line.startsWith('mean loss of'))))[3];
    assert.ok(before_ > found, `${before_} before training, ${found} after`);
  });
});
