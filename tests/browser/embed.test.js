/**
 * embed.test.js - the elements as `make dist` delivers them, in three browsers: the ES module, the classic script in a page
 * opened from disk, the page for frames (plain, sandboxed, without wasm, with hostile fragments), and the widget.
 *
 * The server is a plain one, without CORS and isolation headers. Missing browsers or build/dist skip tests, with a report.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { dist, noDist, root } from '../helpers/paths.js';
import { chosen, drivers, missing } from './drivers.js';

/** The elements. */
const tags = [
  ...readFileSync(join(root, 'web/elements.js'), 'utf8').matchAll(/^ {2}'(jl-[\w-]+)':/gm),
].map((match) => match[1]);
/** What a page may load for the first sight of one figure, gzipped. */
const PAGE_WEIGHT = 45 * 1024;
/** Wasm is forbidden. WebKit needs a worker to notice that, because a later policy of the page allows it there. */
const FORBIDDEN = "script-src 'self'; worker-src blob:";

const FRAMES = `<body><script src="/embed-parent.js"></script><script src="/page.js"></script>
<iframe src="/embed.html#figure=attention&share=one&layer=2"></iframe>
<iframe src="/embed.html#figure=attention&share=one&lang=zh-TW" sandbox="allow-scripts"></iframe>
<iframe src="/embed.html?forbid#figure=tokens"></iframe>
<iframe src="/embed.html#figure=lens&theme=dark" style="box-sizing: border-box"></iframe>`;

/** @type {Record<string, string>} */
const PAGES = {
  '/module': `<jl-attention layer="2"><p id="fallback">a table</p></jl-attention>
    <script type="module" src="/jielong-elements.js"></script>`,
  '/all': `${tags.map((tag) => `<${tag}></${tag}>`).join('')}
    <script type="module" src="/jielong-elements.js"></script>`,
  '/boxes': `<script src="/page.js"></script>${tags
    .map(
      (tag) => `<iframe src="/embed.html#figure=${tag.slice(3)}" sandbox="allow-scripts"></iframe>`,
    )
    .join('')}`,
  '/frames': FRAMES,
  '/empty': '',
};

/** Runs in a page with frames: ask(frame, action, …) resolves with the report of embed_probe.js. */
const PAGE_SCRIPT = `
  let asked = 0;
  window.ask = (frame, action, more = {}) => new Promise((resolve) => {
    const ask = ++asked;
    addEventListener('message', function receive({ data }) {
      if (data?.ask !== ask) return;
      removeEventListener('message', receive);
      resolve(data.report);
    });
    frames[frame].postMessage({ ask, action, ...more }, '*');
    setTimeout(() => resolve({}), 5000);
  });
  window.until = async (frame, holds) => {
    for (let i = 0; i < 600; i++) {
      const report = await ask(frame, 'report');
      if (holds(report)) return report;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('not in 60 s: ' + holds);
  };`;

/** @type {Record<string, string>} */
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8' };

/** @param {string} path @param {string} query @returns {string | Buffer} */
function contentOf(path, query) {
  if (path in PAGES) return `<!doctype html><html lang="en"><meta charset="utf-8">${PAGES[path]}`;
  if (path === '/copied')
    return `<!doctype html><html lang="en"><meta charset="utf-8">${query && '<script type="module" src="/jielong-elements.js"></script>'}${copied}`;
  if (path === '/page.js') return PAGE_SCRIPT;
  if (path === '/probe.js') return readFileSync(join(root, 'tests/browser/embed_probe.js'));
  const bytes = readFileSync(join(dist, path));
  const probed = path === '/embed.html' && !query.includes('bare');
  return probed
    ? String(bytes).replace('</body>', '<script src="/probe.js"></script></body>')
    : bytes;
}

/** What the page /copied shows. */
let copied = '';
/** Paths that pages have requested since the last look. @type {string[]} */
let requested = [];
const look = () => {
  const paths = requested.filter((path) => !/favicon|probe|^\/page\.js/.test(path));
  requested = [];
  return paths;
};

/** @type {import('node:http').Server} */ let server;
let origin = '';

/** Gzipped bytes of files. @param {string[]} paths */
const weight = (paths) =>
  paths.reduce((sum, path) => sum + gzipSync(contentOf(path, 'bare'), { level: 9 }).length, 0);

/** Hostile fragments, and what the message says of each. @type {[string, RegExp][]} */
const HOSTILE = [
  ['figure=%3Cscript%3Ealert(1)%3C/script%3E', /no figure “<script>/],
  ['figure=constructor', /no figure/],
  ['figure=__proto__&__proto__=1', /no figure.*__proto__/],
  ['figure=attention&onclick=hit()&style=x&is=y&srcdoc=z', /does not have: onclick, style, is/],
  ['model=javascript:hit()', /do not fit.*model/],
  ['model=data:text/plain,x&scene=data:application/json,%7B%7D', /do not fit.*model, scene/],
  ['model=blob:https://example.org/1&scene=//example.org/s.json', /do not fit.*model, scene/],
  ['model=file:///etc/passwd', /do not fit.*model/],
  ['model=https://name:word@example.org/m.gguf', /do not fit.*model/],
  ['scene=%23problem', /do not fit.*scene/],
  ['layer=1e9&head=-1&seed=x&theme=blue', /do not fit.*layer, head, seed, theme/],
  [`text=${'x'.repeat(20_001)}`, /do not fit.*text/],
  [`text=${'x'.repeat(1_000_000)}`, /too long/],
  [`${'y'.repeat(100)}=1`, /does not have: y{40}\./],
];

/** A page in build/dist to open from disk. @param {string} name @param {string} html */
function onDisk(name, html) {
  const file = join(dist, `elements-${name}.html`);
  writeFileSync(file, `<!doctype html><html lang="en"><meta charset="utf-8">${html}`);
  return pathToFileURL(file).href;
}

const stateOf = "document.querySelector('jl-attention').dataset.state";
const statusOf =
  "document.querySelector('jl-attention').shadowRoot.querySelector('.status').textContent";
const press = "void document.querySelector('jl-attention').frame.start.click()";

for (const name of chosen) {
  const skip = missing(name) || noDist;
  describe(`delivered elements in ${name}`, { skip, timeout: 600_000 }, () => {
    /** @type {import('./drivers.js').Tab[]} */ const tabs = [];
    before(async () => {
      server = createServer((request, response) => {
        const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
        requested.push(pathname);
        try {
          const body = contentOf(pathname, search);
          response.setHeader(
            'Content-Type',
            TYPES[extname(pathname)] ?? 'text/html; charset=utf-8',
          );
          if (search.includes('forbid')) response.setHeader('Content-Security-Policy', FORBIDDEN);
          response.end(body);
        } catch {
          response.writeHead(404).end();
        }
      });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      origin = `http://127.0.0.1:${port}`;
    });
    after(async () => {
      for (const tab of tabs) await tab.close();
      server?.close();
      server?.closeAllConnections();
    });
    /** @param {string} url */
    async function open(url) {
      for (const tab of tabs.splice(0)) await tab.close();
      look();
      const tab = await drivers[name].open(url);
      tabs.push(tab);
      return tab;
    }

    test('the module loads only the figure of the page, and the engine when it starts', async () => {
      const tab = await open(`${origin}/module`);
      await tab.until(`${stateOf} === 'idle'`);
      assert.match(await tab.evaluate(statusOf), /^recorded/);
      const first = look();
      const files = ['jielong-elements', 'elements/attention', 'elements/attention.tales'];
      assert.deepEqual(
        [...first].sort(),
        ['/module', ...files.map((file) => `/${file}.js`)].sort(),
      );
      assert.ok(weight(first) <= PAGE_WEIGHT, `the page weighs ${weight(first)} bytes`);
      await tab.evaluate(press);
      await tab.until(`${stateOf} === 'done'`);
      assert.deepEqual(look(), ['/jielong.js', '/models/tales.gguf']);
      const names = await tab.evaluate(
        "performance.getEntriesByType('resource').map((entry) => entry.name)",
      );
      for (const one of names) assert.ok(one.startsWith(`${origin}/`), one);
    });

    test('an element that is added later is loaded then, with what was set before', async () => {
      const tab = await open(`${origin}/module`);
      await tab.until(`${stateOf} === 'idle'`);
      look();
      await tab.evaluate(
        "void (e => { e.lang = 'zh-TW'; e.layer = 1; document.body.append(e); })(document.createElement('jl-lens'))",
      );
      await tab.until("document.querySelector('jl-lens').view != null");
      assert.equal(
        await tab.evaluate("document.querySelector('jl-lens').getAttribute('layer')"),
        '1',
      );
      assert.deepEqual(look().sort(), ['/elements/lens.js', '/elements/lens.poems.js']);
    });

    test('a page that forbids wasm shows the recorded figure, and says so', async () => {
      const tab = await open(`${origin}/module?forbid`);
      await tab.until(`${stateOf} === 'idle'`);
      await tab.evaluate(press);
      await tab.until(`/forbids WebAssembly/.test(${statusOf})`);
      assert.match(await tab.evaluate(statusOf), /^recorded/);
      assert.equal(await tab.evaluate(stateOf), 'idle');
    });

    test('a page from disk has elements, engine, training and chats in one script', async () => {
      const tab = await open(
        onDisk(
          name,
          `<jl-attention></jl-attention><script src="jielong.global.js"></script><script>
          window.trainMergeChat = async () => {
            const { createTrainer, loadModel, trainTokenizer } = window.jielong;
            const trainer = await createTrainer({ text: 'a tale of a king '.repeat(99), config: { steps: 1, context: 64, sampleTokens: 4 } });
            let steps = 0;
            for await (const { loss } of trainer.run()) steps += Number(loss > 0);
            const trained = await loadModel(await trainer.export());
            const session = await trained.createSession();
            let merges = 0;
            for await (const _ of trainTokenizer('low lower lowest '.repeat(9), { merges: 3 })) merges++;
            let answered = 0;
            for await (const _ of session.chat([{ role: 'user', content: 'a king' }], { chatTemplate: 'alpaca', maxTokens: 1 })) answered++;
            return [steps, merges, answered].join();
          };</script>`,
        ),
      );
      await tab.until(`${stateOf} === 'idle'`);
      assert.match(await tab.evaluate(statusOf), /^recorded/);
      await tab.evaluate(press);
      await tab.until(`${stateOf} === 'done'`);
      assert.match(await tab.evaluate(statusOf), /^live.*Tales/);
      assert.match(await tab.evaluate('trainMergeChat()'), /^[1-9]\d*,3,1$/);
      assert.deepEqual(look(), []);
    });

    /** Starts every element in sight, one after another; what ended otherwise, one per line. */
    const START_ALL = `(async () => {
      const found = [];
      const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      for (const figure of document.querySelectorAll(${JSON.stringify(tags.join())})) {
        for (let i = 0; i < 100 && !figure.view; i++) await wait(50);
        const text = () => figure.localName + ': ' + figure.shadowRoot?.querySelector('.status')?.textContent;
        if (!/^(recorded|預錄)/.test(figure.shadowRoot?.querySelector('.status')?.textContent ?? '')) found.push(text());
        figure.scrollIntoView();
        const run = figure.start();
        for (let i = 0; i < 1200 && !figure.live && figure.dataset.state !== 'error'; i++) await wait(50);
        figure.stop();
        await run;
        if (figure.dataset.state !== 'done') found.push(text());
      }
      return found.join('\\n');
    })()`;

    test('every element is recorded, then live: the module', async () => {
      const tab = await open(`${origin}/all`);
      await tab.until(`${JSON.stringify(tags)}.every((tag) => customElements.get(tag))`);
      assert.equal(await tab.evaluate(START_ALL), '');
      const strange = look().filter(
        (path) => !/^\/(all|jielong|elements\/|models\/|train|texts|counts)/.test(path),
      );
      assert.deepEqual(strange, []);
    });

    test('every element is recorded, then live: a page from disk', async () => {
      const figures = tags.map((tag) => `<${tag}></${tag}>`).join('');
      const script = '<script src="jielong.global.js"></script>';
      const tab = await open(onDisk(`all-${name}`, `${figures}${script}`));
      assert.equal(await tab.evaluate(START_ALL), '');
      assert.deepEqual(look(), []);
    });

    test('frames: heights, theme, language, one selection, and a sandboxed engine', async () => {
      const tab = await open(`${origin}/frames`);
      await tab.until("[...document.querySelectorAll('iframe')].every((f) => f.style.height)");
      const [plain, boxed, forbidden, dark] = await tab.evaluate(
        'Promise.all([0, 1, 2, 3].map((i) => until(i, (r) => r.status && !/^Nothing/.test(r.status))))',
      );
      assert.equal(plain.origin, origin);
      assert.equal(boxed.origin, 'null');
      assert.equal(plain.lang, 'en');
      assert.equal(boxed.lang, 'zh-TW');
      assert.equal(dark.values.theme, 'dark');
      for (const report of [plain, boxed, forbidden, dark]) {
        assert.equal(report.state, 'idle');
        assert.match(report.status, /^(recorded|預錄)/);
        assert.equal(report.problems, '');
      }
      for (const i of [0, 1, 2, 3]) {
        const height = `document.querySelectorAll('iframe')[${i}].clientHeight`;
        const fits = `(r) => Math.abs(r.height - ${height}) <= 1`;
        await tab.evaluate(`until(${i}, ${fits})`);
      }
      assert.deepEqual(
        look().filter((path) => !/embed|elements\//.test(path)),
        ['/frames'],
        'nothing but elements',
      );

      await tab.evaluate("document.documentElement.style.colorScheme = 'dark'");
      await tab.evaluate("until(0, (r) => r.theme === 'dark')");
      await tab.evaluate("document.documentElement.lang = 'zh-TW'");
      await tab.evaluate("until(0, (r) => r.lang === 'zh-TW' && /^預錄/.test(r.status))");

      await tab.evaluate("ask(0, 'set', { name: 'layer', value: '4' })");
      const selected = await tab.evaluate(
        "until(1, (r) => r.values.layer === '4' && /layer=4/.test(r.hash))",
      );
      assert.equal(selected.state, 'idle', 'a selection starts nothing');
      await tab.evaluate('until(0, (r) => /layer=4/.test(r.hash))');
      const other = await tab.evaluate("ask(3, 'report')");
      assert.equal(other.values.layer, undefined, 'another share name');

      for (const i of [0, 1]) {
        await tab.evaluate(`ask(${i}, 'start')`);
        const { state, status } = await tab.evaluate(
          `until(${i}, (r) => /done|error/.test(r.state))`,
        );
        assert.equal(state, 'done', status);
      }
      await tab.evaluate("ask(2, 'start')");
      const said = await tab.evaluate('until(2, (r) => /forbids WebAssembly|禁用/.test(r.status))');
      assert.match(said.status, /^(recorded|預錄)/);
    });

    test('every element shows its recorded view in a sandboxed frame', async () => {
      const tab = await open(`${origin}/boxes`);
      for (const [i, tag] of tags.entries()) {
        const {
          status,
          origin: own,
          rows,
        } = await tab.evaluate(`until(${i}, (r) => r.tag && !/^Nothing/.test(r.status))`);
        assert.match(status, /^(recorded|預錄)/, tag);
        assert.equal(own, 'null');
        assert.ok(rows > 0, tag);
      }
      assert.deepEqual(
        look().filter((path) => /models|jielong/.test(path)),
        [],
      );
    });

    test('messages to a frame are checked', async () => {
      const tab = await open(`${origin}/frames`);
      await tab.until("[...document.querySelectorAll('iframe')].every((f) => f.style.height)");
      const before = await tab.evaluate("ask(0, 'report')");
      await tab.evaluate(`void [
        null, 'select', 7, [], { jielong: 'set', theme: 'url(x)', lang: '<b>' }, { jielong: 'set', lang: {} },
        { jielong: 'select', share: 'one', key: 'model', value: 'javascript:hit()' },
        { jielong: 'select', share: 'one', key: 'onclick', value: 'hit()' },
        { jielong: 'select', share: 'one', key: 'layer', value: { toString: () => '1' }.x },
        { jielong: 'select', share: 'one', key: 'layer', value: 'x' },
        { jielong: 'select', share: 'one', key: 'text', value: 'x'.repeat(20001) },
        { jielong: 'select', share: 'none', key: 'layer', value: '1' },
      ].forEach((message) => frames[0].postMessage(message, '*'))`);
      const after = await tab.evaluate("ask(0, 'report')");
      assert.deepEqual({ ...after, height: 0 }, { ...before, height: 0 }); // it may still be laid out
      const height = "document.querySelector('iframe').style.height";
      const shown = await tab.evaluate(height);
      await tab.evaluate(`ask(0, 'send', { messages: [-1, NaN, Infinity, 1e9, '100', '9px; color: red', {}, null]
        .map((height) => ({ jielong: 'height', height })) })`);
      await tab.evaluate("ask(0, 'report')");
      assert.equal(await tab.evaluate(height), shown);
    });

    test('a hostile fragment gives a default and a message, and requests nothing', async () => {
      const tab = await open(`${origin}/embed.html#figure=attention&text=The%20king`);
      await tab.until(
        `window.figureNow = document.querySelector('[data-state]'), !!figureNow?.view`,
      );
      assert.equal(
        await tab.evaluate("document.querySelector('jl-attention').getAttribute('text')"),
        'The king',
      );
      assert.equal(await tab.evaluate("document.querySelector('body > p').textContent"), '');
      look();
      for (const [fragment, message] of HOSTILE) {
        await tab.evaluate(`void (location.hash = ${JSON.stringify(fragment)})`);
        const said = "document.querySelector('body > p').textContent";
        await tab.until(`${message}.test(${said})`, `${fragment.slice(0, 60)} says ${message}`, 10);
        const shown = await tab.evaluate(`(() => {
          const [figure] = document.body.children;
          return [figure.localName, figure.dataset.state, figure.getAttributeNames().sort().join()].join(' ');
        })()`);
        assert.equal(shown, 'jl-attention idle data-state,style', fragment.slice(0, 60));
      }
      assert.deepEqual(look(), []);
    });

    test('the state is in the address, and the address gives the state', async () => {
      const tab = await open(`${origin}/embed.html#figure=attention&text=The%20old%20king`);
      await tab.until("!!document.querySelector('jl-attention')?.view");
      await tab.evaluate("document.querySelector('jl-attention').select({ layer: 3, head: 2 })");
      await tab.until("location.hash.includes('layer=3') && location.hash.includes('head=2')");
      const address = await tab.evaluate('location.href');
      const link = await tab.evaluate("document.querySelector('jl-attention').state");
      const again = await open(address);
      await again.until("!!document.querySelector('jl-attention')?.view");
      assert.deepEqual(await again.evaluate("document.querySelector('jl-attention').state"), link);
      assert.equal(await again.evaluate(stateOf), 'idle');
    });

    test('pictures, table and scene are exported where the policy is strict', async () => {
      const tab = await open(`${origin}/embed.html#figure=attention`);
      await tab.until("!!document.querySelector('jl-attention')?.view");
      const files = await tab.evaluate(`(async () => {
        const saved = [];
        const blobs = new Map();
        const create = URL.createObjectURL;
        URL.createObjectURL = (blob) => {
          const url = create.call(URL, blob);
          blobs.set(url, blob);
          return url;
        };
        HTMLAnchorElement.prototype.click = function () {
          saved.push([this.download, blobs.get(this.href)]);
        };
        const figure = document.querySelector('jl-attention');
        figure.frame.more.open = true;
        await new Promise((resolve) => setTimeout(resolve, 200));
        const buttons = [...figure.frame.moreBody.querySelectorAll('.actions button')].slice(0, 4);
        for (const button of buttons) button.click();
        for (let i = 0; i < 100 && saved.length < 4; i++) await new Promise((resolve) => setTimeout(resolve, 50));
        const read = async ([file, blob]) => {
          const bytes = new Uint8Array(await blob.arrayBuffer());
          return [file, new TextDecoder().decode(bytes.subarray(0, 1e6)), bytes.length];
        };
        return Promise.all(saved.map(read));
      })()`);
      const known = Object.fromEntries(
        files.map((/** @type {any[]} */ [file, ...rest]) => [file, rest]),
      );
      const [svg] = known['jielong-attention.svg'];
      assert.match(svg, /^<svg [^>]*role="img"><title>[^<]*Block/);
      assert.match(known['jielong-attention.png'][0], /PNG/);
      assert.ok(known['jielong-attention.png'][1] > 2000, 'the picture is not empty');
      assert.ok(known['jielong-attention.csv'][0].split('\r\n').length > 16);
      const scene = JSON.parse(known['jielong-attention.json'][0]);
      assert.equal(scene.jielong, 1);
      assert.equal(scene.views.attention.tokens.length, 16);
    });

    test('a copied tag shows title, picture and table without scripts, and the same figure with them', async () => {
      const tab = await open(`${origin}/embed.html#figure=attention&text=The%20old%20king&layer=3`);
      await tab.until("!!document.querySelector('jl-attention')?.view");
      await tab.evaluate(press);
      await tab.until(`${stateOf} === 'done'`);
      const [markup, values] = await tab.evaluate(`(async () => {
        const figure = document.querySelector('jl-attention');
        let copied = '';
        navigator.clipboard.writeText = async (text) => { copied = text; };
        figure.frame.more.open = true;
        await new Promise((resolve) => setTimeout(resolve, 200));
        [...figure.frame.moreBody.querySelectorAll('.actions button')][4].click();
        for (let i = 0; i < 100 && !copied; i++) await new Promise((resolve) => setTimeout(resolve, 50));
        const cells = figure.twin(figure.view).rows.flat().map((cell) => cell.text ?? cell);
        return [copied, cells.join('|')];
      })()`);
      copied = markup;
      const still = await open(`${origin}/copied`);
      const cells = "[...document.querySelectorAll('jl-attention tbody :is(th, td)')]";
      assert.equal(
        await still.evaluate(`${cells}.map((cell) => cell.textContent).join('|')`),
        values,
      );
      const seen = await still.evaluate(
        "['figcaption', 'svg', 'p', 'table'].map((name) => document.querySelector('jl-attention ' + name).getBoundingClientRect().height > 9).join()",
      );
      assert.equal(seen, 'true,true,true,true');
      const alive = await open(`${origin}/copied?script`);
      await alive.until(
        `${stateOf} === 'idle' && document.querySelector('jl-attention').view != null`,
      );
      assert.match(await alive.evaluate(statusOf), /^recorded/);
      assert.equal(
        await alive.evaluate(
          "document.querySelector('jl-attention').view.tokens.map((token) => token.label).join('')",
        ),
        'The␣old␣king',
      );
    });

    test('the widget renders in a module without an address, follows traits and writes back', async () => {
      const tab = await open(`${origin}/empty`);
      const report = await tab.evaluate(`(async () => {
        const code = await (await fetch('/jielong-anywidget.js')).blob();
        const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
        const { default: widget } = await import(url);
        const traits = { figure: 'attention', text: 'The king', model_name: 'tales', layer: 2, head: 0, models: '/models/' };
        const listeners = {};
        const model = {
          get: (name) => traits[name],
          set: (name, value) => (traits[name] = value),
          save_changes() {},
          on: (event, call) => (listeners[event] = call),
          off: (event) => delete listeners[event],
        };
        const end = await widget.render({ model, el: document.body });
        const figure = document.querySelector('jl-attention');
        const before = [figure.dataset.state, figure.layer, figure.getAttribute('text')];
        await figure.start();
        const live = [figure.dataset.state, figure.view.tokens.length];
        traits.layer = 3;
        listeners['change:layer']();
        const followed = figure.layer;
        figure.select({ layer: 1 });
        await new Promise((resolve) => setTimeout(resolve, 100));
        const written = traits.layer;
        traits.figure = 'tokens';
        listeners['change:figure']();
        const other = document.body.firstElementChild.localName;
        end();
        return JSON.stringify({ before, live, followed, written, other, left: document.body.children.length, listeners: Object.keys(listeners).length });
      })()`);
      assert.deepEqual(JSON.parse(report), {
        before: ['idle', 2, 'The king'],
        live: ['done', 2],
        followed: 3,
        written: 1,
        other: 'jl-tokens',
        left: 0,
        listeners: 0,
      });
      assert.deepEqual(look().sort(), ['/empty', '/jielong-anywidget.js', '/models/tales.gguf']);
    });
  });
}
