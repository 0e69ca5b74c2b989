/**
 * figures.test.js - figures of the course note start and end in three browsers, without an error.
 *
 * A few figures in each browser; with WHOLE_NOTE (`make test-note`) all 26 in both languages. Missing browsers skip tests,
 * with a report.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { chosen, drivers, missing } from '../browser/drivers.js';
import { FIGURES, FILES, NOTE, SHORT, startNote } from './pages.js';

const whole = !!process.env.WHOLE_NOTE;
/** A figure of the included elements, one of the note's own, one of both models, one without a model. */
const FEW = [3, 4, 9, 12];

for (const name of chosen)
  describe(`the note's figures in ${name}`, { skip: missing(name), timeout: 1_800_000 }, () => {
    /** @type {import('../helpers/server.js').TestServer} */ let server;
    before(async () => {
      server = await startNote();
    });
    after(() => server?.close());

    for (const [lang, file] of Object.entries(FILES))
      test(`start and end: ${lang}`, {
        skip: !whole && lang !== 'en' && 'with WHOLE_NOTE',
      }, async () => {
        const tab = await drivers[name].open(`${server.origin}${NOTE}${file}#top&${SHORT}`);
        try {
          await tab.until("'ready' in document.body.dataset", 'the note is there', 120);
          for (const n of whole ? FIGURES : FEW) {
            const report = await tab.evaluate(`probe.start(${n})`);
            assert.match(report, /^done( \| [\w-]+ done: [^|]*)+$/, `figure ${n}`);
          }
          assert.deepEqual(await tab.evaluate('probe.errors'), []);
        } finally {
          await tab.close();
        }
      });
  });
