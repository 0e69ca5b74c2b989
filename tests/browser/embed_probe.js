/**
 * embed_probe.js - answers embed.test.js inside a frame, whose document the test's page cannot reach.
 *
 * A message { ask, action, ... } is answered with { ask, report }.
 */
const figure = () => /** @type {any} */ (document.querySelector('[data-state]'));

/** @type {Record<string, (message: any) => unknown>} */
const actions = {
  report() {},
  start: () => figure().frame.start.click(),
  set: ({ name, value }) => figure().setAttribute(name, value),
  send: ({ messages }) => {
    for (const message of messages) parent.postMessage(message, '*');
  },
};

function report() {
  const element = figure();
  const problems = document.querySelector('body > p');
  return {
    tag: element.localName,
    state: element.dataset.state,
    status: element.shadowRoot.querySelector('.status').textContent,
    rows: element.twin(element.view).rows.length,
    values: element.state,
    problems: problems?.textContent,
    hash: location.hash,
    origin: globalThis.origin,
    lang: document.documentElement.lang,
    theme: document.documentElement.style.colorScheme,
    height: document.body.getBoundingClientRect().height,
    requests: performance.getEntriesByType('resource').map((entry) => entry.name),
  };
}

addEventListener('message', ({ data, source }) => {
  if (!data?.ask) return;
  actions[data.action]?.(data);
  /** @type {Window} */ (source).postMessage({ ask: data.ask, report: report() }, '*');
});
