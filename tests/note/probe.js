/**
 * probe.js - runs in the note's pages before their scripts: collects errors and shifts, and starts figures for the tests.
 */

const probe = {
  /** @type {string[]} */ errors: [],
  /** @type {string[]} */ shifts: [],
  /** @param {number} n */
  figure: (n) => /** @type {any} */ (document.querySelector(`note-figure[data-figure="${n}"]`)),
  /** States and status lines of a figure's elements. @param {number} n */
  report(n) {
    const figure = probe.figure(n);
    /** @param {any} part */
    const line = (part) =>
      `${part.localName} ${part.dataset.state}: ${part.shadowRoot.querySelector('.status').textContent}`;
    return [figure.dataset.state, ...figure.parts.map(line)].join(' | ');
  },
  /** Starts a figure in sight, because others wait; its report. Elements out of sight in a tall figure follow. @param {number} n */
  async start(n) {
    const figure = probe.figure(n);
    figure.reveal(); // what is covered has no height, and what it pushes down can end out of sight
    for (const part of figure.parts) {
      part.scrollIntoView();
      await new Promise((resolve) => setTimeout(resolve, 60));
      await part.start();
    }
    await new Promise((resolve) => setTimeout(resolve));
    return probe.report(n);
  },
};
Object.assign(window, { probe });

addEventListener('error', (e) => probe.errors.push(String(e.message ?? e)));
addEventListener('unhandledrejection', (e) => probe.errors.push(String(e.reason)));
addEventListener('securitypolicyviolation', (e) =>
  probe.errors.push(`policy: ${e.violatedDirective} ${e.blockedURI}`),
);
const said = console.error;
console.error = (...given) => {
  probe.errors.push(given.join(' '));
  said(...given);
};
if (PerformanceObserver.supportedEntryTypes.includes('layout-shift'))
  new PerformanceObserver((list) => {
    for (const entry of /** @type {any[]} */ (list.getEntries()))
      probe.shifts.push(
        `${entry.value.toFixed(4)} ${entry.sources.map((/** @type {any} */ s) => s.node?.id || s.node?.className || s.node?.nodeName)}`,
      );
  }).observe({ type: 'layout-shift', buffered: true });
