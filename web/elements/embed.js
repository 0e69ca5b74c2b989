/**
 * embed.js - the script of embed.html: one figure, filled from the fragment of the address. It never starts by itself.
 */
import { define, TAGS } from '../elements.js';
import { make } from '../ui/dom.js';
import { speaker, supported } from '../ui/words.js';
import { figureOf, fits, modelOf, readFragment } from './fragment.js';
import { accept, tellSelections } from './frames.js';
import { configure } from './here.js';
import { words } from './words/embed.js';

const WRITE_MS = 250; // browsers limit how often an address may change

const root = document.documentElement;
const page = location.href.replace(/#.*$/, '');
const problems = make('p');
problems.setAttribute('role', 'status');
/** What the page around the frame asks for. */
const host = { theme: '', lang: '' };
/** @type {any} */ let figure;

/** Follows the fragment, and where it says nothing, the page around the frame. */
function style() {
  root.style.colorScheme = figure.hasAttribute('theme') || !host.theme ? '' : host.theme;
  root.lang = figure.getAttribute('lang') || host.lang || supported(navigator.language);
}

/** Shows the figure of the fragment. */
async function show() {
  const { hash } = location;
  const name = figureOf(hash, TAGS);
  const model = modelOf(hash, host.lang || navigator.language);
  const type = /** @type {any} */ (await define(`jl-${name}`, [model]));
  if (hash !== location.hash) return; // a later one is shown
  const { values, problems: found } = readFragment(hash, name, type.table, page);
  figure = document.createElement(`jl-${name}`);
  for (const [key, value] of Object.entries(values)) figure.setAttribute(key, value);
  figure.style.margin = '0';
  figure.style.paddingInline = '0.5rem'; // frames have borders
  style();
  const say = speaker([words], () => supported(root.lang));
  problems.textContent = found.map(([key, given]) => say(key, given)).join(' ');
  problems.hidden = !problems.textContent;
  document.body.replaceChildren(figure, problems);
  document.title = `Jielong: ${figure.frame.title.textContent}`;
  written.disconnect();
  drawn.disconnect();
  drawn.observe(figure.shadowRoot, { childList: true, subtree: true, characterData: true });
  written.observe(figure, { attributeFilter: Object.keys(figure.settings.table) });
}

let timer = 0;
/** Writes the state into the address, so that it can be copied and loaded again. */
const written = new MutationObserver(() => {
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    const state = new URLSearchParams({ figure: figure.figureName, ...figure.state });
    try {
      history.replaceState(null, '', `#${state}`);
    } catch {} // not in every sandboxed frame
  }, WRITE_MS);
});

/** @param {{ jielong: string } & Record<string, unknown>} message */
const tell = (message) => parent.postMessage(message, '*');

/** @param {any} data of a message from the page around the frame */
function receive(data) {
  if (data?.jielong === 'set') {
    if (['auto', 'light', 'dark'].includes(data.theme))
      host.theme = data.theme === 'auto' ? '' : data.theme;
    const before = root.lang;
    if (/^[a-zA-Z-]{0,20}$/.test(data.lang ?? '')) host.lang = data.lang ?? '';
    style();
    if (root.lang !== before && figure.dataset.state === 'idle') show(); // a scene in that language
  }
  if (data?.jielong === 'select' && fits(figure.settings.table, data.key, data.value, page))
    accept(data);
}

/** Tells the page around the frame how high this one is. */
function measure() {
  if (figure.classList.contains('wide') || document.fullscreenElement) return;
  tell({ jielong: 'height', height: document.body.getBoundingClientRect().height });
}
/** @type {number[]} */ let soon = [];
/** Browsers call no ResizeObserver in frames out of sight, and may lay them out late. */
const drawn = new MutationObserver(() => {
  for (const timer of soon) clearTimeout(timer);
  if (parent !== window) soon = [100, 1000, 4000].map((ms) => window.setTimeout(measure, ms));
});

/** Connects the page around the frame. */
function connect() {
  addEventListener('message', ({ source, data }) => source === parent && receive(data));
  tellSelections((message) => tell(/** @type {any} */ (message)));
  tell({ jielong: 'ready' });
  measure();
  new ResizeObserver(measure).observe(document.body);
}

problems.style.font = '0.875rem / 1.5 system-ui, sans-serif';
problems.style.margin = '0.5rem 0';
configure({ page });
document.body.style.margin = '0';
document.body.style.display = 'flow-root';
addEventListener('hashchange', show);
show().then(
  () => parent !== window && connect(),
  (e) => document.body.replaceChildren(make('p', {}, String(e?.message ?? e))),
);
