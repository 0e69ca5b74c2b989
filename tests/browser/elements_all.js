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

const pixel = /** @type {CanvasRenderingContext2D} */ (
  document.createElement('canvas').getContext('2d', { willReadFrequently: true })
);

/** The relative luminance of a colour on another, as WCAG defines it. @param {string[]} colours the last is on top */
function luminance(...colours) {
  for (const colour of colours) {
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
  }
  const [r, g, b] = [...pixel.getImageData(0, 0, 1, 1).data].map((byte) => {
    const x = byte / 255;
    return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** @param {number} a @param {number} b */
const ratioOf = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);

/** A colour of an element's style sheet, computed. @param {any} element @param {string} name of a custom property */
function colourOf(element, name) {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  element.frame.figure.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Contrast of all texts on the paper of their figure, and of its lines. */
function contrasts() {
  const texts = all.flatMap((/** @type {any} */ element) => {
    const paper = colourOf(element, '--jl-paper');
    return [...element.shadowRoot.querySelectorAll('p, td, th, caption, figcaption, summary, span')]
      .filter((node) => [...node.childNodes].some((c) => c.nodeType === 3 && c.data.trim()))
      .filter((node) => node.checkVisibility() && !node.closest('button, td[style], .map'))
      .map((node) => {
        const { color } = getComputedStyle(node);
        const ratio = ratioOf(luminance(paper, color), luminance(paper));
        return { ratio, node: `${element.localName} ${node.outerHTML.slice(0, 80)}` };
      });
  });
  const [line, paper] = ['--jl-line', '--jl-paper'].map((name) =>
    luminance(colourOf(all[0], name)),
  );
  return { texts, line: ratioOf(line, paper) };
}

/** Controls and sentences that lie outside of the window, or whose text is wider than they are. */
const cut = () =>
  all
    .flatMap((/** @type {any} */ element) =>
      [...element.shadowRoot.querySelectorAll('button, select, input, summary, p, figcaption')]
        .filter(
          (node) =>
            node.checkVisibility() && !node.closest('.scroll, .map, .hidden, [role=listbox]'),
        )
        .filter((node) => {
          const { right, left } = node.getBoundingClientRect();
          const narrow =
            node.matches('p, button, summary') && node.scrollWidth > node.clientWidth + 1;
          return right > innerWidth + 1 || left < -1 || (narrow && node.clientWidth);
        })
        .map((node) => `${element.localName} ${node.outerHTML.slice(0, 99)}`),
    )
    .join('\n');

Object.assign(window, {
  ready: true,
  /** One after another in sight, because a figure out of sight waits; with the working shown. */
  startAll: async () => {
    for (const element of all) {
      element.scrollIntoView();
      if ('working' in element) element.working = true;
      await element.start();
    }
  },
  openTables: async () => {
    for (const element of all) element.frame.more.open = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  },
  shifts,
  contrasts,
  cut,
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
