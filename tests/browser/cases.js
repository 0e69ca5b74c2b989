/**
 * cases.js - cases of the shared suite as tests in a page of a browser (page.html).
 *
 * All cases of a browser share a page. If the page's process ends, which is the browser's fault unless it
 * happens again, a new page runs the case once more and the test says so. A second time fails.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { noModel } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { drivers, missing } from './drivers.js';

const ANSWER_MS = 10_000; // in which a page between two cases answers

/**
 * @param {string} title
 * @param {string} browser name in drivers.js; only Chromium runs slow cases
 * @param {import('../suite/index.js').Case[]} cases
 * @param {{ query?: string, skip?: string | false }} [options] query of page.html; why all are skipped
 */
export function describeCases(title, browser, cases, { query = '', skip = false } = {}) {
  describe(title, () => {
    const none = missing(browser) || skip;
    /** @type {import('../helpers/server.js').TestServer} */
    let server;
    /** @type {import('./drivers.js').Tab} */
    let tab;
    /** The case in which the page's process ended. */
    let crashedIn = '';

    async function open() {
      tab = await drivers[browser].open(`${server.origin}/tests/browser/page.html${query}`);
      await tab.until('window.ready === true', 'page.html is loaded; its console says why');
    }

    /** Whether the page still has its engine. */
    const answers = () =>
      Promise.race([
        tab.evaluate('window.ready === true').catch(() => false),
        sleep(ANSWER_MS, false, { ref: false }),
      ]);

    /** @param {import('node:test').TestContext} context @param {string} name of a case */
    async function runCase(context, name) {
      const expression = `window.run(${JSON.stringify(name)})`;
      try {
        return await tab.evaluate(expression);
      } catch (error) {
        if (await answers()) throw error;
        if (crashedIn)
          throw new Error(`the page crashed a second time, first in "${crashedIn}": ${error}`);
        crashedIn = name;
        context.diagnostic(`page crashed in case "${name}"; ran again (${error})`);
        await tab.close().catch(() => {});
        await open();
        return tab.evaluate(expression);
      }
    }

    before(async () => {
      if (none) return;
      server = await startServer();
      await open();
    });
    after(async () => {
      await tab?.close();
      server?.close();
    });

    if (none) test('all cases', { skip: none }, () => {});
    for (const { name, needs, slow } of cases) {
      if (none || slow === 'no page' || (slow && browser !== 'Chromium')) continue;
      test(name, { skip: needs && noModel, timeout: 300_000 }, async (context) => {
        assert.equal(await runCase(context, name), null);
      });
    }
  });
}
