/**
 * elements_cases.js - checks of the elements that run in a page: elements.test.js opens it in each browser.
 *
 * window.check(case, tag) resolves with '' or the finding. A case mounts its elements itself and removes them.
 */

/** Workers that the page has started. */
let workers = 0;
const { Worker } = window;
window.Worker = class extends Worker {
  /** @param {string | URL} url @param {WorkerOptions} [options] */
  constructor(url, options) {
    super(url, options);
    workers++;
  }
};

const elements = await import('/web/elements.js');
const { differences } = await import('/web/figures/scene.js');
const stage = /** @type {HTMLElement} */ (document.getElementById('stage'));

/** @typedef {import('../../web/elements/base.js').JlElement & Record<string, any>} Element */

/** @param {string} tag @param {Record<string, string>} [attributes] @returns {Element} */
function mount(tag, attributes = {}) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  stage.append(element);
  return /** @type {any} */ (element);
}

/** @param {boolean} right @param {string} finding */
function expect(right, finding) {
  if (!right) throw new Error(finding);
}

/** @param {number} ms */
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {() => boolean} condition @param {string} what @param {number} [seconds] */
async function until(condition, what, seconds = 30) {
  const end = performance.now() + 1000 * seconds;
  while (!condition()) {
    expect(performance.now() < end, `in ${seconds} s not: ${what}`);
    await wait(20);
  }
}

const status = (/** @type {Element} */ e) =>
  e.shadowRoot?.querySelector('.status')?.textContent ?? '';
const badge = (/** @type {Element} */ e) => e.frame.badge.textContent;

/** Texts of an element that are keys without words: 'button.start', 'title'. @param {Element} element */
const gaps = (element) => {
  const keys = new Set(Object.keys(element.type.words));
  const walker = document.createTreeWalker(
    /** @type {any} */ (element.shadowRoot),
    NodeFilter.SHOW_TEXT,
  );
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.nodeValue?.trim() ?? '';
    if (/^[a-z]+\.[a-z][A-Za-z]*$/.test(text) && !keys.has(text)) found.push(text);
    if (/\{\w+\}|undefined|NaN|\uFFFD/.test(text)) found.push(text);
  }
  return found.join(' | ');
};

/** What a reader can reach by Tab, with its accessible name. @param {Element} element */
function reachable(element) {
  const all =
    element.shadowRoot?.querySelectorAll(
      'button, input, select, textarea, summary, a[href], [tabindex]',
    ) ?? [];
  return [...all]
    .filter(
      (e) =>
        /** @type {HTMLElement} */ (e).tabIndex >= 0 &&
        e.checkVisibility({ visibilityProperty: true }),
    )
    .map((e) => {
      const labels = [.../** @type {HTMLInputElement} */ (e.labels ?? [])]
        .map((l) => l.textContent)
        .join(' ');
      const name = (e.getAttribute('aria-label') ?? labels) || e.textContent;
      return { node: /** @type {HTMLElement} */ (e), name: name?.trim() ?? '' };
    });
}

/** @type {Record<string, (tag: string) => Promise<void>>} */
const cases = {
  async 'shows a recorded view, and says so, without a request'(tag) {
    await until(() => elements.loaded() === 0, 'no models');
    const before = performance.getEntriesByType('resource').length;
    const element = mount(tag);
    await wait(50);
    expect(element.dataset.state === 'idle', `the state is ${element.dataset.state}`);
    expect(badge(element) === 'recorded', `the badge is '${badge(element)}'`);
    expect(/recorded on \d{4}-\d\d-\d\d with engine/.test(status(element)), status(element));
    const asked = performance
      .getEntriesByType('resource')
      .slice(before)
      .map((e) => e.name);
    expect(asked.length === 0, `requested ${asked}`);
    expect(
      /\d MB|download/.test(element.frame.start.textContent ?? ''),
      'the button names no size',
    );
    expect(element.frame.body.getBoundingClientRect().height > 40, 'nothing is drawn');
    expect(gaps(element) === '', `words: ${gaps(element)}`);
  },

  async 'starts, says what ran, and gives the recorded values again'(tag) {
    const element = mount(tag);
    /** @type {string[]} */ const events = [];
    for (const name of ['loadstart', 'load', 'run', 'done', 'error'])
      stage.addEventListener(name, () => events.push(name), { once: true });
    await wait(50);
    const recorded = element.view;
    const { height } = element.frame.body.getBoundingClientRect();
    await element.start();
    expect(element.dataset.state === 'done', `${element.dataset.state}: ${status(element)}`);
    expect(badge(element) === 'live', `the badge is '${badge(element)}'`);
    expect(/\d/.test(status(element)), `no time in '${status(element)}'`);
    expect(/run,done$/.test(events.join()), `events: ${events}`);
    const parts = differences(recorded, element.view);
    expect(parts.length === 0, `differs from the scene at ${parts.slice(0, 5)}`);
    const after = element.frame.body.getBoundingClientRect().height;
    expect(Math.abs(after - height) <= 1, `the picture's height moved from ${height} to ${after}`);
    expect(gaps(element) === '', `words: ${gaps(element)}`);
  },

  async 'stops, and can start again'(tag) {
    const element = mount(tag);
    const running = element.start();
    element.stop();
    await running;
    expect(['idle', 'done'].includes(element.dataset.state ?? ''), `${element.dataset.state}`);
    await element.start();
    expect(element.dataset.state === 'done', `${element.dataset.state}: ${status(element)}`);
  },

  async 'is reachable by keyboard, and everything has a name'(tag) {
    const element = mount(tag);
    await wait(50);
    const all = reachable(element);
    expect(all.length >= 2, `${all.length} stops`);
    const nameless = all.filter(({ name }) => !name).map(({ node }) => node.outerHTML.slice(0, 80));
    expect(nameless.length === 0, `no name: ${nameless}`);
    for (const { node } of all) {
      if (node.matches(':disabled')) continue; // by what was focused before
      node.focus();
      expect(
        element.shadowRoot?.activeElement === node,
        `no focus on ${node.outerHTML.slice(0, 80)}`,
      );
    }
  },

  async 'has a table with the values and a sentence'(tag) {
    const element = mount(tag);
    await wait(50);
    const { columns, rows } = element.twin(element.view);
    expect(columns.length >= 2 && rows.length >= 1, `${columns.length} × ${rows.length}`);
    const ragged = rows.filter((row) => row.length !== columns.length);
    expect(ragged.length === 0, `${ragged.length} rows have other lengths`);
    element.frame.more.open = true;
    await until(() => !!element.frame.moreBody.querySelector('table'), 'the table');
    const cells = [...element.frame.moreBody.querySelectorAll('tbody tr')].map((tr) =>
      [...tr.children].map((c) => c.textContent),
    );
    const expected = rows.map((row) => row.map((c) => (typeof c === 'string' ? c : c.text)));
    expect(JSON.stringify(cells) === JSON.stringify(expected), 'the table is not the twin');
    expect(!/undefined|NaN|\uFFFD/.test(JSON.stringify(cells)), 'damaged cells');
    const sourced = element.shadowRoot?.querySelectorAll('[data-source]').length ?? 0;
    expect(sourced > 0, 'no value has a source');
    expect(element.summary(element.view).length > 20, 'no summary');
  },

  async 'changes its language at once'(tag) {
    const element = mount(tag, { model: 'tales' });
    await wait(50);
    const title = element.frame.title.textContent;
    element.lang = 'zh-Hant';
    await until(() => element.frame.title.textContent !== title, 'another title');
    expect(badge(element) === '預錄', `the badge is ${badge(element)}`);
    expect(gaps(element) === '', `words: ${gaps(element)}`);
    const names = reachable(element).map(({ name }) => name);
    const english = names.filter(
      (name) => /\b(the|of|and|head|block|start|table)\b/i.test(name) && !/princess/.test(name),
    );
    expect(english.length === 0, `English: ${english}`);
  },

  async 'ignores attributes that do not fit, and says so'(tag) {
    const element = mount(tag, {
      layer: '1e9',
      head: '<b>',
      token: '-1',
      seed: 'x',
      theme: 'pink',
    });
    await wait(50);
    expect(badge(element) === 'recorded', `the badge is '${badge(element)}'`);
    expect(/ignored/.test(status(element)), status(element));
    element.setAttribute('layer', '999');
    element.setAttribute('head', '999');
    element.setAttribute('token', '999999');
    await wait(50);
    expect(element.dataset.state === 'idle', `${element.dataset.state}`);
  },

  async 'shows any text, or asks for one'(tag) {
    const attributes = /** @type {Record<string, string>} */ (
      tag === 'jl-train' ? { steps: '20' } : {}
    );
    for (const text of ['', 'a', 'a\ud800\u202e\u0007 👨‍👩‍👧‍👦 e\u0301 שלום <b>&amp;']) {
      const element = mount(tag, { ...attributes, text });
      await element.start();
      const { state = '' } = element.dataset;
      const asks = /Type a sentence/.test(element.shadowRoot?.textContent ?? '');
      expect(state === 'done' || (!text && asks), `${JSON.stringify(text)}: ${status(element)}`);
      expect(badge(element) !== '', `${JSON.stringify(text)}: no badge`);
      element.frame.more.open = true;
      await wait(50);
      expect(gaps(element) === '', `${JSON.stringify(text)}: ${gaps(element)}`);
      element.remove();
    }
  },

  async 'exports a picture, a table, a scene'(tag) {
    const { pictureOf, pngOf } = await import('/web/ui/export.js');
    const element = mount(tag);
    await wait(50);
    const picture =
      element.picture() ?? pictureOf(element.frame.body, element.summary(element.view));
    expect(!!picture && picture.width > 50 && picture.height > 20, 'no picture');
    const parsed = new DOMParser().parseFromString(picture?.svg ?? '', 'image/svg+xml');
    expect(!parsed.querySelector('parsererror'), 'the SVG does not parse');
    expect((parsed.querySelector('title')?.textContent ?? '').length > 20, 'no alternative text');
    const png = await pngOf(/** @type {any} */ (picture));
    expect(png.size > 500, `PNG of ${png.size} bytes`);
    const scene = element.record();
    expect(
      JSON.stringify(scene).length < 30_000,
      `a scene of ${JSON.stringify(scene).length} bytes`,
    );
    const script = document.createElement('script');
    script.type = 'application/json';
    script.textContent = JSON.stringify(scene);
    const copy = document.createElement(tag);
    copy.append(script);
    stage.append(copy);
    await wait(50);
    const twins = [element, /** @type {Element} */ (copy)].map((e) =>
      JSON.stringify(e.twin(e.view).rows),
    );
    expect(twins[0].length > 20, 'an empty twin');
    expect(
      differences(element.view, /** @type {Element} */ (copy).view).length === 0,
      'another view',
    );
  },

  async 'leaves nothing behind when it is removed'(tag) {
    for (let i = 0; i < 100; i++) mount(tag).remove();
    const element = mount(tag);
    const running = element.start();
    await wait(5);
    element.remove();
    await running;
    await until(() => elements.loaded() === 0, 'all models closed');
    expect(element.view === null || !element.live, 'a computed view stays in memory');
    stage.append(element);
    await wait(50);
    expect(badge(element) === 'recorded', `mounted again: '${badge(element)}'`);
  },
};

/** @type {Record<string, () => Promise<void>>} */
const together = {
  async 'figures with the same share name show the same'() {
    const [one, two] = [1, 2].map(() => mount('jl-attention', { share: 'a' }));
    const other = mount('jl-attention', { share: 'b' });
    await wait(50);
    one.select({ layer: 3, head: 2, token: 4 });
    await wait(50);
    expect(two.getAttribute('layer') === '3' && two.getAttribute('token') === '4', 'not shared');
    expect(other.getAttribute('layer') === null, 'shared with another name');
    two.setAttribute('text', 'A new text');
    await wait(50);
    expect(one.getAttribute('text') === 'A new text', 'the text is not shared');
    expect(one.dataset.state === 'idle', 'a recorded figure must wait for its button');
    await one.start();
    expect(one.view.tokens.length > 1, 'nothing computed');
    two.setAttribute('text', 'Another new text');
    await until(() => one.view?.tokens.length === two.view?.tokens.length && two.live, 'both live');
  },

  async 'ten figures use one engine'() {
    await until(() => elements.loaded() === 0, 'no models');
    const before = workers;
    const all = Array.from({ length: 10 }, () => mount('jl-attention'));
    await Promise.all(all.map((element) => element.start()));
    expect(
      all.every((e) => e.dataset.state === 'done'),
      all.map((e) => e.dataset.state).join(),
    );
    expect(workers - before === 1, `${workers - before} engines`);
    expect(elements.loaded() === 1, `${elements.loaded()} models`);
  },

  async 'a second start replaces the first, also while the model loads'() {
    await until(() => elements.loaded() === 0, 'no models');
    const element = mount('jl-attention');
    element.start();
    await wait(1);
    await element.start();
    expect(element.dataset.state === 'done', `${element.dataset.state}: ${status(element)}`);
    element.start();
    element.text = 'Once upon a time';
    await until(() => element.view?.tokens.length === 4, 'the new text');
  },

  async 'attributes may change at any time'() {
    const element = mount('jl-attention');
    await element.start();
    for (let i = 0; i < 60; i++) {
      const values = {
        text: `Text ${i}`,
        layer: i % 9,
        head: i % 9,
        token: i % 5,
        share: `s${i % 3}`,
      };
      for (const [name, value] of Object.entries(values)) element.setAttribute(name, String(value));
      element.toggleAttribute('working');
      if (i % 5 === 0) await wait(7);
      if (i === 30) element.model = 'poems';
      if (i === 40) element.model = 'tales';
    }
    await until(() => element.dataset.state === 'done' && !element.runner.running, 'it is done');
    const shown = element.view.tokens.map((/** @type {any} */ token) => token.label).join('');
    expect(/59|5.*9/.test(shown), `the last text is not shown: ${shown}`);
  },

  async 'out of sight a figure computes nothing within a second, and continues in sight'() {
    const element = mount('jl-train', { steps: '100000' });
    const done = () => element.facts.work?.done ?? 0;
    const running = element.start();
    await until(() => done() > 0, 'the first steps', 60);
    const space = document.createElement('div');
    space.style.height = '20000px';
    element.before(space);
    await wait(1000);
    const before = done();
    await wait(1500);
    expect(done() === before, `${done() - before} steps out of sight`);
    space.remove();
    element.scrollIntoView();
    await until(() => done() > before, 'it continues', 60);
    element.stop();
    await running;
  },

  async 'a figure that is stopped out of sight ends, and can start again'() {
    const element = mount('jl-train', { steps: '100000' });
    const done = () => element.facts.work?.done ?? 0;
    const running = element.start();
    await until(() => done() > 0, 'the first steps', 60);
    const space = document.createElement('div');
    space.style.height = '20000px';
    element.before(space);
    await wait(1000);
    element.stop();
    await Promise.race([running, wait(5000).then(() => expect(false, 'it still waits'))]);
    const again = element.start();
    space.remove();
    element.scrollIntoView();
    await until(() => done() > 0 || element.dataset.state === 'error', 'the second start', 60);
    expect(element.dataset.state === 'running', `${element.dataset.state}: ${status(element)}`);
    element.stop();
    await again;
  },

  async 'files that are no models, and a closed model, fail in words'() {
    const { loadModel } = await import('/web/jielong.js');
    const bytes = await (await fetch('/web/models/tales.gguf')).arrayBuffer();
    const closed = await loadModel(bytes.slice(0));
    await closed.close();
    /** @type {[any, RegExp][]} */
    const models = [
      [location.href, /not a GGUF file/],
      [new Blob([bytes.slice(0, 1_000_000)]), /ends too early/],
      [new Uint8Array(10), /not a GGUF|too early/],
      [closed, /closed/],
      [{}, /source must be/],
    ];
    for (const [model, said] of models) {
      const element = mount('jl-attention', { text: 'A text' });
      element.model = model;
      await element.start();
      expect(badge(element) === 'failed' && said.test(status(element)), status(element));
      element.model = 'tales';
      await until(() => element.dataset.state === 'done', 'live after the mend');
      element.remove();
    }
  },

  async 'one of two figures that share fails, the other does not notice'() {
    const [one, two] = [mount('jl-heads', { share: 'f' }), mount('jl-block', { share: 'f' })];
    await Promise.all([one.start(), two.start()]);
    two.runner.stop();
    two.use(new Blob(['no model']));
    await until(() => two.dataset.state === 'error', 'the error');
    one.setAttribute('text', 'Once upon a time there was a king');
    await until(() => one.view?.tokens.length === 8 && one.dataset.state === 'done', 'one is live');
    expect(two.dataset.state === 'error', `two: ${two.dataset.state}`);
  },

  async 'a model that is not there fails in words, and can be tried again'() {
    const element = mount('jl-attention', { model: '/nowhere.gguf' });
    await element.start();
    expect(element.dataset.state === 'error', `${element.dataset.state}`);
    expect(badge(element) === 'failed' && /404/.test(status(element)), status(element));
    element.model = 'tales';
    await until(() => element.dataset.state === 'done', 'live after the mend');
  },
};

/** Errors that nothing caught. @type {string[]} */
const uncaught = [];
addEventListener('error', (event) => {
  if (!(event instanceof ErrorEvent)) return; // of an element
  if (!/ResizeObserver/.test(event.message)) uncaught.push(event.message);
});
addEventListener('unhandledrejection', ({ reason }) => uncaught.push(`${reason} ${reason?.stack}`));

/** @param {Record<string, (tag: string) => Promise<void>>} list @param {string} name @param {string} [tag] */
async function check(list, name, tag = '') {
  stage.replaceChildren();
  try {
    await list[name](tag);
    return uncaught.splice(0).join('\n');
  } catch (e) {
    return `${e}\n${/** @type {Error} */ (e).stack}`; // not all browsers have the message in the stack
  } finally {
    stage.replaceChildren();
  }
}

Object.assign(window, {
  tags: elements.TAGS,
  names: { each: Object.keys(cases), together: Object.keys(together) },
  checkEach: (/** @type {string} */ name, /** @type {string} */ tag) => check(cases, name, tag),
  checkTogether: (/** @type {string} */ name) => check(together, name),
});
