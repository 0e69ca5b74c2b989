/**
 * elements_all.js - a page with one of each element, for elements-access.test.js.
 */
const { TAGS } = await import('/web/elements.js');
const main = /** @type {HTMLElement} */ (document.querySelector('main'));
const all = TAGS.map((/** @type {string} */ tag) => document.createElement(tag));
main.append(...all);
await new Promise((resolve) => setTimeout(resolve, 100));

/** Elements that differ between recorded and live in height, one per line. */
async function shifts() {
  const found = [];
  for (const element of all) {
    element.scrollIntoView();
    const before = element.frame.body.getBoundingClientRect();
    let moved = '';
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        for (const { node } of /** @type {any} */ (entry).sources)
          moved += ` ${node?.parentElement?.className || node?.nodeName}`;
    });
    observer.observe({ type: 'layout-shift' });
    await element.start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    observer.disconnect();
    const after = element.frame.body.getBoundingClientRect();
    if (moved || Math.abs(after.height - before.height) > 1)
      found.push(`${element.localName}: ${before.height} → ${after.height} px, moved:${moved}`);
  }
  return found.join('\n');
}

Object.assign(window, {
  ready: true,
  /** One after another in sight, because a figure out of sight waits. */
  startAll: async () => {
    for (const element of all) {
      element.scrollIntoView();
      await element.start();
    }
  },
  openTables: async () => {
    for (const element of all) element.frame.more.open = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  },
  shifts,
  /** Controls that are too low for a finger. */
  smallTargets: () =>
    all
      .flatMap((/** @type {any} */ element) =>
        [
          ...element.shadowRoot.querySelectorAll(
            'button, select, input, textarea, summary, [role=option]',
          ),
        ]
          .filter((node) => {
            const { width, height } = (
              node.matches('[type=checkbox]') ? node.closest('label') : node
            ).getBoundingClientRect();
            const narrow = width < 44 && !node.matches('.chip, [role=option]');
            return (
              node.checkVisibility({ visibilityProperty: true }) && width && (height < 44 || narrow)
            );
          })
          .map((node) => `${element.localName} ${node.outerHTML.slice(0, 99)}`),
      )
      .join('\n'),
  /** Elements with animations. */
  moving: () =>
    all
      .filter((/** @type {any} */ element) => element.shadowRoot?.getAnimations().length)
      .map((/** @type {any} */ element) => element.localName)
      .join(),
  /** Keys and bars without a colour. */
  blankKeys: () =>
    all
      .flatMap((/** @type {any} */ element) =>
        [...element.shadowRoot.querySelectorAll('.legend :is(i, b), .bar')]
          .filter((node) => {
            const { backgroundColor, backgroundImage, borderStyle } = getComputedStyle(node);
            const { width } = node.getBoundingClientRect();
            const shown = !/, 0\)$/.test(backgroundColor) || backgroundImage !== 'none';
            return width > 1 && !shown && borderStyle === 'none';
          })
          .map((node) => `${element.localName} ${node.outerHTML}`),
      )
      .join('\n'),
  /** Elements that do not say that wasm is forbidden. */
  unsaid: () =>
    all
      .filter((/** @type {any} */ element) => {
        const said = element.shadowRoot?.querySelector('.status')?.textContent ?? '';
        return !/^recorded.*forbids WebAssembly/.test(said) || element.dataset.state !== 'idle';
      })
      .map((/** @type {any} */ element) => element.localName)
      .join(),
});
