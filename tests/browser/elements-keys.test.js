/**
 * elements-keys.test.js - jl-block, jl-cache, jl-cost, jl-compare and jl-train by real keys alone: Tab reaches the picture,
 * arrows, Home and End walk it, Enter starts and Escape stops. Chromium.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pageAt, startServer } from '../helpers/server.js';
import { launch, missing } from './drivers.js';

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Keys</title>
<link rel="icon" href="data:,"><script type="module" src="/elements.js"></script><main></main>`;

/**
 * Keys after Tab has reached the picture, the attribute that they set, what it is then, and what the figure then says.
 * @type {Record<string, { says: string, keys: [key: string, attribute: string, value: string, said: RegExp][] }>}
 */
const WALKS = {
  'jl-block': {
    says: '.readout',
    keys: [
      ['Home', 'stage', 'resid_pre', /^Block 5, resid_pre/],
      ['ArrowDown', 'stage', 'ln1.normalized', /^Block 5, ln1/],
      ['ArrowUp', 'stage', 'resid_pre', /^Block 5, resid_pre/],
      ['ArrowUp', 'stage', 'resid_pre', /^Block 5, resid_pre/],
      ['End', 'stage', 'resid_post', /^Block 5, resid_post/],
      ['ArrowLeft', 'layer', '4', /^Block 4, resid_post/],
      ['ArrowRight', 'layer', '5', /^Block 5, resid_post/],
      ['ArrowRight', 'layer', '5', /^Block 5, resid_post/],
      ['PageUp', 'layer', '0', /^Block 0, /],
      ['PageDown', 'layer', '5', /^Block 5, resid_post/],
    ],
  },
  'jl-cache': {
    says: '.tables caption, .tables p',
    keys: [
      ['Home', 'step', '0', /^Step 0 → ␣ball/],
      ['ArrowDown', 'step', '1', /^Step 1 → ,/],
      ['ArrowRight', 'step', '2', /^Step 2 /],
      ['ArrowUp', 'step', '1', /^Step 1 /],
      ['ArrowLeft', 'step', '0', /^Step 0 /],
      ['ArrowLeft', 'step', '0', /^Step 0 /],
      ['End', 'step', '15', /^Step 15 → ␣it/],
    ],
  },
  'jl-cost': {
    says: '.tables',
    keys: [
      ['Home', 'n', '16', /pass over 16 tokens/],
      ['ArrowRight', 'n', '32', /pass over 32 tokens/],
      ['ArrowUp', 'n', '64', /pass over 64 tokens/],
      ['ArrowLeft', 'n', '32', /pass over 32 tokens/],
      ['ArrowDown', 'n', '16', /pass over 16 tokens/],
      ['ArrowDown', 'n', '16', /pass over 16 tokens/],
      ['End', 'n', '100000', /pass over 100,000 tokens/],
    ],
  },
  'jl-compare': {
    says: '.readout',
    keys: [
      ['Home', 'token', '0', /^The: loss –/],
      ['ArrowLeft', 'token', '0', /^The: loss –/],
      ['ArrowRight', 'token', '1', /^␣princess: loss 4\.35 in A/],
      ['End', 'token', '15', /^␣golden: loss 1\.73 in A/],
      ['ArrowLeft', 'token', '14', /^␣my: loss 1\.05 in A/],
    ],
  },
  'jl-train': {
    says: '.own output',
    keys: [
      ['Home', 'moment', '0', /^0$/],
      ['ArrowLeft', 'moment', '0', /^0$/],
      ['ArrowRight', 'moment', '1', /^[1-9]/],
      ['End', 'moment', 'last', /^[1-9]\d/],
    ],
  },
};

describe('figures by keys', { skip: missing('Chromium') }, () => {
  /** @type {Awaited<ReturnType<typeof startServer>>} */ let server;
  /** @type {import('puppeteer-core').Browser} */ let browser;
  /** @type {import('puppeteer-core').Page} */ let page;
  before(async () => {
    server = await startServer({ answer: pageAt('/keys', PAGE) });
    browser = await launch('Chromium');
    page = await browser.newPage();
    await page.setViewport({ width: 1000, height: 2000 });
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  /** Shows one element, and presses Tab until a part has the focus. @param {string} tag @param {string} part */
  async function reach(tag, part) {
    await page.goto(`${server.origin}/keys`);
    await page.evaluate(`(async () => {
      window.element = document.createElement('${tag}');
      document.querySelector('main').append(element);
      for (let i = 0; i < 500 && !element.view; i++) await new Promise((r) => setTimeout(r, 20));
    })()`);
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(`!!element.shadowRoot.activeElement?.matches('${part}')`)) return;
    }
    assert.fail(`Tab does not reach ${part} of ${tag}`);
  }

  for (const [tag, { says, keys }] of Object.entries(WALKS))
    test(`${tag}: Tab reaches the picture, ${keys.map(([key]) => key).join(' ')} walk it`, async () => {
      await reach(tag, '.body svg');
      for (const [key, attribute, value, said] of keys) {
        await page.keyboard.press(/** @type {any} */ (key));
        const [set, last, text] = /** @type {string[]} */ (
          await page.evaluate(`(async () => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            const said = [...element.shadowRoot.querySelectorAll('${says}')].map((n) => n.textContent);
            return [element.getAttribute('${attribute}'), String((element.view.moments?.length ?? 0) - 1), said.join(' ')];
          })()`)
        );
        assert.equal(set, value === 'last' ? last : value, key);
        assert.match(text, said, key);
      }
    });

  test('jl-train: Enter on Start trains, Escape stops, Enter continues from the same step', async () => {
    await reach('jl-train', '.start');
    await page.keyboard.press('Enter');
    await page.waitForFunction('element.live && element.view.step >= 3');
    const stop = await page.evaluate('element.shadowRoot.activeElement?.textContent');
    assert.equal(stop, 'Stop', 'the focus follows from Start to Stop');
    await page.keyboard.press('Escape');
    await page.waitForFunction("element.dataset.state === 'done'");
    const { step, steps } = /** @type {any} */ (await page.evaluate('element.view'));
    assert.ok(step >= 3 && step < steps, `${step} of ${steps}`);
    assert.match(String(await page.evaluate('element.frame.said.textContent')), /Stopped/);
    const label = await page.evaluate('element.shadowRoot.activeElement?.textContent');
    assert.equal(label, 'Continue', 'the focus is on the button that continues');
    await page.keyboard.press('Enter');
    await page.waitForFunction(`element.view.step > ${step}`);
    const first = /** @type {any} */ (await page.evaluate('element.view.moments[0].step'));
    assert.equal(first, 0, 'it did not begin again');
    await page.keyboard.press('Escape');
  });
});
