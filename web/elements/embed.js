/**
 * embed.js - the script of embed.html: one figure, filled from the fragment of the address. It never starts by itself.
 */
import '../elements.js';
import { make } from '../ui/dom.js';
import { speaker, supported } from '../ui/words.js';
import { fits, readFragment } from './fragment.js';
import { accept, tellSelections } from './frames.js';
import { configure } from './here.js';
import { words } from './words/embed.js';

const WRITE_MS = 250; // browsers limit how often an address may change

const root = document.documentElement;
const page = location.href.replace(/#.*$/, '');
const framed = parent !== window;
const problems = make('p');
problems.setAttribute('role', 'status');
/** What the page around the frame asks for. */
const host = { theme: '', lang: '' };
/** @type {any} */ let figure;

/** @param {string} name @returns {any} */
const typeOf = (name) => customElements.get(`jl-${name}`);

/** Follows the fragment, and where it says nothing, the page around the frame. */
function style() {
  root.style.colorScheme = figure.hasAttribute('theme') || !host.theme ? '' : host.theme;
  root.lang = figure.getAttribute('lang') || host.lang || supported(navigator.language);
}

/** Shows the figure of the fragment. */
function show() {
  const found = readFragment(location.hash, (name) => typeOf(name)?.table, page);
  figure = document.createElement(`jl-${found.figure}`);
  for (const [name, value] of Object.entries(found.values)) figure.setAttribute(name, value);
  figure.style.margin = '0';
  style();
  const say = speaker([words], () => supported(root.lang));
  problems.textContent = found.problems.map(([key, values]) => say(key, values)).join(' ');
  problems.hidden = !problems.textContent;
  document.body.replaceChildren(figure, problems);
  document.title = `Jielong: ${figure.frame.title.textContent}`;
  written.disconnect();
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
    if (/^[a-zA-Z-]{0,20}$/.test(data.lang ?? '')) host.lang = data.lang ?? '';
    style();
  }
  if (data?.jielong === 'select' && fits(figure.settings.table, data.key, data.value, page))
    accept(data);
}

configure({ page });
document.body.style.margin = '0';
document.body.style.display = 'flow-root';
show();
addEventListener('hashchange', show);
if (framed) {
  addEventListener('message', ({ source, data }) => source === parent && receive(data));
  tellSelections((message) => tell(/** @type {any} */ (message)));
  tell({ jielong: 'ready' });
  new ResizeObserver(() => {
    if (figure.classList.contains('wide') || document.fullscreenElement) return;
    tell({ jielong: 'height', height: document.body.getBoundingClientRect().height });
  }).observe(document.body);
}
