/**
 * visit.js - opens a built page in Chromium, and uses its figures as a reader does.
 *
 * Figures are elements named jl-…, also in frames and in shadow roots. Everything that a reader would find in the
 * browser's console as an error is collected; quiet() asserts that there was nothing.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../helpers/paths.js';

const shots = join(root, 'build', 'embeds', 'shots');
const STARTS = 60_000; // ms until a figure is idle or done

/** @typedef {import('puppeteer-core').Page} Page */
/** @typedef {import('puppeteer-core').ElementHandle<any>} Handle */
/** @typedef {Awaited<ReturnType<typeof openVisit>>} Visit */

/**
 * Waits until a function's result is truthy, and returns it.
 * @template T @param {() => Promise<T>} get @param {string} what @param {number} [ms]
 * @returns {Promise<T>}
 */
export async function until(get, what, ms = STARTS) {
  for (const end = performance.now() + ms; ; await sleep(100)) {
    const value = await get();
    if (value) return value;
    assert.ok(performance.now() < end, `in ${ms / 1000} s not true: ${what}`);
  }
}

/** The figures in a frame or page, shadow roots included. @param {import('puppeteer-core').Frame} frame */
async function figuresIn(frame) {
  /** @type {Handle[]} */ const found = [];
  for (const handle of await frame.$$('>>> [data-state]').catch(() => []))
    if (await handle.evaluate((e) => e.localName.startsWith('jl-')).catch(() => false))
      found.push(handle);
  return found;
}

/** @param {Page} page @returns {Promise<Handle[]>} */
const figuresOf = async (page) => (await Promise.all(page.frames().map(figuresIn))).flat();

/** @param {Handle} figure */
const stateOf = (figure) => figure.evaluate((e) => e.dataset.state);

/** Collects errors of a page: the console's, exceptions, failed responses. @param {Page} page */
function collectErrors(page) {
  /** @type {string[]} */ const errors = [];
  page.on('console', (message) => {
    if (message.type() === 'error')
      errors.push(`console: ${message.text()} ${message.location().url ?? ''}`);
  });
  page.on('pageerror', (error) => errors.push(`exception: ${/** @type {Error} */ (error).stack}`));
  page.on('requestfailed', (request) => {
    const text = request.failure()?.errorText;
    if (text === 'net::ERR_ABORTED') return; // the engine ends a download when it has the last tensor
    errors.push(`request: ${request.url()} ${text}`);
  });
  page.on('response', (r) => {
    if (r.status() >= 400) errors.push(`response: ${r.status()} ${r.url()}`);
  });
  return errors;
}

/**
 * @param {import('puppeteer-core').Browser} browser
 * @param {string} name of the recipe, for screenshots
 * @param {RegExp} [allowed] errors of the host itself
 */
export async function openVisit(browser, name, allowed) {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 900 });
  const errors = collectErrors(page);
  return {
    page,
    /** Waits until n figures are ready, and returns them in the page's order. @param {number} n */
    async figures(n) {
      const ready = async () => {
        const all = await figuresOf(page);
        const states = await Promise.all(all.map((f) => stateOf(f).catch(() => '')));
        return states.length === n && states.every((s) => s === 'idle') ? all : undefined;
      };
      const all = await until(ready, `${n} idle figures in ${name}`);
      for (const figure of all ?? []) assert.equal(await badge(figure), 'recorded');
      return all ?? [];
    },
    /** Every figure that is there now. */
    all: () => figuresOf(page),
    /** Waits until no element of this name is in the page. @param {string} name */
    gone: (name) => until(async () => !(await page.$(name)), `${name} is gone`),
    /** Presses the start button, waits for live values. @param {Handle} figure @param {'mouse' | 'keys'} [by] */
    async run(figure, by = 'mouse') {
      const start = await figure.waitForSelector('>>> button.start');
      if (by === 'mouse') await start?.click();
      else await start?.press('Enter');
      const done = async () => /done|error/.test(await stateOf(figure));
      await until(done, `a figure of ${name} is done`);
      assert.equal(await stateOf(figure), 'done', await words(figure));
      assert.equal(await badge(figure), 'live');
    },
    /** Waits until n engines run: workers that are not the host's. @param {number} n */
    async workers(n) {
      const { origin } = new URL(page.url());
      const seen = () => page.workers().filter((w) => !w.url().startsWith(origin)).length;
      await until(async () => seen() === n, `${n} workers in ${name}, not ${seen()}`, 10_000);
    },
    /** The whole page, or what is seen of a page that fills the window. @param {string} [part] */
    async shot(part) {
      mkdirSync(shots, { recursive: true });
      const path = join(shots, `${part ? `${name}-${part}` : name}.png`);
      const fullPage = await page.evaluate(
        () =>
          ![document.body, document.documentElement].some(
            (e) => getComputedStyle(e).overflow === 'hidden',
          ),
      );
      if (fullPage) await page.evaluate(() => scrollTo(0, 0));
      await sleep(500); // transitions of hosts
      await page.screenshot({ path, fullPage });
    },
    /** Asserts that nothing failed. */
    quiet() {
      assert.deepEqual(
        errors.filter((e) => !allowed?.test(e)),
        [],
      );
    },
  };
}

/** What the figure says of its values: recorded, running, live, failed. @param {Handle} figure */
const badge = (figure) => figure.$eval('>>> .badge', (/** @type {any} */ e) => e.textContent);

/** The text of a figure, for messages. @param {Handle} figure */
const words = (figure) => figure.evaluate((e) => e.shadowRoot?.textContent ?? '');
