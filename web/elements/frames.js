/**
 * frames.js - a page and the figures in its frames (embed.html): their heights, theme and language, and the selection
 * that figures with the same `share` name have in common.
 *
 * Messages are plain objects, and untrusted:
 *   { jielong: 'height', height }              a frame's height in pixels
 *   { jielong: 'set', theme, lang }            to a frame: the page's theme and language
 *   { jielong: 'select', share, key, value }   both ways: a shared setting has changed
 */
import { mayLoad } from './fragment.js';
import { COMMON } from './settings.js';
import { publish, SHARED } from './share.js';

let relaying = false; // a change that a message brought is not sent back

/** Applies a message's selection to the figures of this page. @param {any} data */
export function accept({ share, key, value }) {
  if (typeof share !== 'string' || typeof value !== 'string' || !SHARED.includes(key)) return false;
  if (COMMON[key].parse(value) === undefined) return false;
  if (key === 'model' && !mayLoad(value, document.baseURI)) return false;
  relaying = true;
  try {
    publish(null, share, key, value);
  } finally {
    relaying = false;
  }
  return true;
}

/** Calls `send` with the message of every selection made in this page. @param {(message: object) => void} send */
export const tellSelections = (send) =>
  document.addEventListener('jielong-select', (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    if (!relaying) send({ jielong: 'select', ...detail });
  });

/** Frames that show a figure. */
const frames = () =>
  [...document.querySelectorAll('iframe')].filter((frame) =>
    /\/embed\.html([?#]|$)/.test(frame.src),
  );

/** @param {object} message @param {HTMLIFrameElement} [except] */
function broadcast(message, except) {
  for (const frame of frames())
    if (frame !== except) frame.contentWindow?.postMessage(message, '*');
}

/** Tells a frame the theme and language of its place. @param {HTMLIFrameElement} frame */
function setUp(frame) {
  const { colorScheme } = getComputedStyle(frame);
  const theme = /^(light|dark)$/.test(colorScheme) ? colorScheme : 'auto';
  const lang = frame.closest('[lang]')?.getAttribute('lang') ?? '';
  frame.contentWindow?.postMessage({ jielong: 'set', theme, lang }, '*');
}

/** @param {HTMLIFrameElement} frame @param {unknown} height */
function resize(frame, height) {
  if (typeof height !== 'number' || !(height >= 40 && height <= 20_000)) return;
  const borders = frame.offsetHeight - frame.clientHeight;
  const outside = getComputedStyle(frame).boxSizing === 'border-box' ? borders : 0;
  frame.style.height = `${Math.ceil(height) + outside}px`;
}

/** Attends to the frames of this page. */
export function attendFrames() {
  addEventListener('message', ({ source, data }) => {
    if (typeof data !== 'object' || !data?.jielong) return;
    const frame = frames().find((one) => one.contentWindow === source);
    if (!frame) return;
    if (data.jielong === 'height') resize(frame, data.height);
    if (data.jielong === 'ready') setUp(frame);
    if (data.jielong === 'select' && accept(data)) {
      const { share, key, value } = data;
      broadcast({ jielong: 'select', share, key, value }, frame);
    }
  });
  tellSelections(broadcast);
  const watcher = new MutationObserver(() => frames().forEach(setUp));
  for (const node of [document.documentElement, document.body])
    if (node) watcher.observe(node, { attributes: true });
}
