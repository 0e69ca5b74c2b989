/**
 * watch.js - tells elements when they are visible, and when they must be drawn again: another size, theme or language,
 * or for print. One set of observers serves all elements.
 */
import { render } from './render.js';

/** @typedef {import('./base.js').JlElement} JlElement */

/**
 * @typedef {object} Watched
 * @property {number} width
 * @property {string} look what the page decides of its picture: theme and language
 * @property {boolean} onScreen
 * @property {(visible: boolean) => void} visible
 */
/** @type {Map<JlElement, Watched>} */
const watched = new Map();

/** @param {JlElement} element */
function tell(element) {
  const entry = watched.get(element);
  entry?.visible(entry.onScreen && !document.hidden);
}

const repaint = () => {
  for (const element of watched.keys()) render(element);
};

/** @param {JlElement} element */
const lookOf = (element) => `${getComputedStyle(element).backgroundColor} ${element.language()}`;

/** Draws the elements whose look has changed. */
function follow() {
  for (const [element, entry] of watched) {
    const look = lookOf(element);
    if (look === entry.look) continue;
    entry.look = look;
    render(element);
  }
}

/** Opens the tables for print, and closes them afterwards. @param {boolean} open */
function print(open) {
  for (const element of watched.keys()) {
    const { more } = element.frame;
    if (open) {
      more.dataset.print ??= more.open ? 'open' : '';
      more.open = true;
    } else {
      more.open = !!more.dataset.print;
      delete more.dataset.print;
    }
  }
  repaint();
}

/** @type {{ seen: IntersectionObserver, sized: ResizeObserver } | undefined} */
let observers;

/** Creates the observers with the first element. */
function observe() {
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const entry = watched.get(/** @type {any} */ (target));
      if (!entry) continue;
      entry.onScreen = isIntersecting;
      tell(/** @type {any} */ (target));
    }
  });
  const sized = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const entry = watched.get(/** @type {any} */ (target));
      if (!entry || entry.width === contentRect.width) continue;
      entry.width = contentRect.width;
      entry.look = lookOf(/** @type {any} */ (target));
      render(/** @type {any} */ (target));
    }
  });
  document.addEventListener('visibilitychange', () => {
    for (const element of watched.keys()) tell(element);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
  addEventListener('beforeprint', () => print(true));
  addEventListener('afterprint', () => print(false));
  const pages = new MutationObserver(follow); // each host has its own attribute for the theme
  for (const node of [document.documentElement, document.body])
    pages.observe(node, { attributes: true });
  return { seen, sized };
}

/**
 * @param {JlElement} element
 * @param {(visible: boolean) => void} visible called when it comes into sight or leaves it
 * @returns {() => void} ends it
 */
export function watch(element, visible) {
  observers ??= observe();
  watched.set(element, { width: -1, look: '', onScreen: true, visible });
  observers.seen.observe(element);
  observers.sized.observe(element);
  return () => {
    watched.delete(element);
    observers?.seen.unobserve(element);
    observers?.sized.unobserve(element);
  };
}
