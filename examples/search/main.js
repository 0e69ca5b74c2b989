/**
 * main.js - the search page: an encoder, a folder of notes, and the passages that mean what the reader types.
 *
 * notes.js reads files, vectors.js remembers what was embedded. ?model=ADDRESS names a GGUF file.
 */
import { loadModel } from '../../web/jielong.js';
import { createIndex } from '../../web/search.js';
import { byId, make } from '../../web/ui/dom.js';
import { count, explain, number, size, time } from '../../web/ui/format.js';
import { t } from '../../web/ui/i18n.js';
import { dropped, notesOf, passagesOf, pathOf } from './notes.js';
import { samples } from './samples.js';
import { keyOf, remember, remembered } from './vectors.js';

const MODEL = 'hf:second-state/All-MiniLM-L6-v2-Embedding-GGUF/all-MiniLM-L6-v2-Q8_0.gguf';
const BATCH = 32; // passages between two reports of progress
const RESULTS = 10;
const TWO = { minimumFractionDigits: 2, maximumFractionDigits: 2 };

/** @typedef {{ path: string, text: string }} Passage */

const input = (/** @type {string} */ id) => byId(id, HTMLInputElement);
const button = (/** @type {string} */ id) => byId(id, HTMLButtonElement);
const query = input('query');
const whole = (/** @type {number} */ value) => number(value, { maximumFractionDigits: 0 });

/** @type {any} the encoder */ let model;
/** Of the model, for remembered vectors. */ let identity = '';
/** @type {File[]} */ let notes = [];
/** @type {Passage[]} in the order of the index */ let passages = [];
/** @type {import('../../web/search.js').VectorIndex | undefined} */ let index;
/** @type {AbortController | undefined} of a load or of reading the notes */ let working;
/** Sentences of the status lines, to be said again in another language. @type {Record<string, () => string>} */
const said = {};

/** @param {string} line @param {() => string} sentence @param {boolean} [wrong] */
function say(line, sentence, wrong = false) {
  const element = byId(line, HTMLElement);
  said[line] = sentence;
  element.textContent = sentence();
  element.classList.toggle('wrong', wrong);
}

/** Starts work that Cancel or the next work stops. */
function begin() {
  working?.abort();
  working = new AbortController();
  button('cancel').disabled = false;
  return working;
}

/** @param {AbortController} own */
function end(own) {
  if (working !== own) return;
  working = undefined;
  button('cancel').disabled = true;
}

/* ---- The model ---- */

/** @param {string | File} source @param {string} name */
async function load(source, name) {
  const own = begin();
  let bytes = 0;
  try {
    const next = await loadModel(source, {
      store: true,
      signal: own.signal,
      onProgress: ({ loaded, total }) => {
        bytes = loaded;
        say('about', () =>
          total ? t('chat.bytes', { loaded: size(loaded), total: size(total) }) : size(loaded),
        );
      },
    });
    model?.close();
    model = next;
    const { encoder, embeddingLength, parameters, precision } = model.info;
    identity = [name, parameters, embeddingLength, bytes, precision].join(' ');
    button('load').classList.remove('primary'); // one black button a page
    const facts = { name, size: size(bytes), dimension: count(embeddingLength) };
    if (encoder) say('about', () => t('search.loaded', facts));
    else say('about', () => t('search.notEncoder', { name }), true);
  } catch (e) {
    if (working !== own) return;
    if (own.signal.aborted) say('about', () => t('model.stopped'));
    else say('about', () => explain(e), true);
    return;
  } finally {
    end(own);
  }
  if (notes.length) await read();
}

/* ---- The notes ---- */

/** @param {File[]} files */
async function take(files) {
  notes = notesOf(files);
  if (!notes.length) return say('progress', () => t('search.none'), true);
  if (model) return read();
  say('progress', () => t('search.waiting', { files: count(notes.length) }));
}

/** Vectors of one file's passages, remembered or new. @param {string[]} texts @param {AbortSignal} signal @param {(n: number) => void} read */
async function vectorsOf(texts, signal, read) {
  const key = keyOf(identity, texts);
  const before = await remembered(key);
  if (before) return before;
  const vectors = [];
  for (let at = 0; at < texts.length; at += BATCH) {
    const some = texts.slice(at, at + BATCH);
    vectors.push(...(await model.embed(some, { signal })));
    read(some.length);
  }
  await remember(key, vectors);
  return vectors;
}

/** Embeds all notes into a new index. */
async function read() {
  const own = begin();
  const { signal } = own;
  const started = performance.now();
  query.disabled = true;
  index?.close();
  index = undefined;
  passages = [];
  let total = 0;
  show([]);
  try {
    const made = await createIndex(model.info.embeddingLength);
    index = made;
    const texts = await Promise.all(notes.map(async (file) => passagesOf(await file.text())));
    total = texts.reduce((sum, list) => sum + list.length, 0);
    let fresh = 0;
    const report = (/** @type {number} */ done) => {
      const rate = whole(fresh / ((performance.now() - started) / 1000));
      byId('bar', HTMLProgressElement).value = total ? done / total : 1;
      say('progress', () => t('search.progress', { done: count(done), total: count(total), rate }));
    };
    for (const [i, list] of texts.entries()) {
      let done = passages.length;
      const vectors = await vectorsOf(list, signal, (n) => {
        fresh += n;
        done += n;
        report(done);
      });
      signal.throwIfAborted();
      made.add(vectors);
      passages.push(...list.map((text) => ({ path: pathOf(notes[i]), text })));
      report(passages.length);
    }
    const facts = {
      files: count(notes.length),
      passages: count(total),
      fresh: count(fresh),
      kept: count(total - fresh),
      seconds: time((performance.now() - started) / 1000),
    };
    say('progress', () => t('search.ready', facts));
  } catch (e) {
    if (working !== own) return;
    const facts = { done: count(passages.length), total: count(total) };
    if (signal.aborted) say('progress', () => t('search.stopped', facts));
    else say('progress', () => explain(e), true);
  } finally {
    if (working === own) query.disabled = passages.length === 0;
    end(own);
  }
  if (query.value) await find();
}

/* ---- The search ---- */

/** Number of the latest search; earlier ones show nothing. */
let latest = 0;

async function find() {
  const own = ++latest;
  const text = query.value.trim();
  if (!text || !index) return show([]);
  try {
    const started = performance.now();
    const vector = await model.embed(text);
    if (own !== latest || !index) return;
    const matches = index.search(vector, RESULTS);
    const milliseconds = whole(performance.now() - started);
    show(matches);
    const facts = { count: count(matches.length), total: count(passages.length), milliseconds };
    say('found', () => t('search.found', facts));
  } catch (e) {
    if (own === latest) say('found', () => explain(e), true);
  }
}

/** @param {import('../../web/api/types.js').Match[]} matches */
function show(matches) {
  if (!matches.length) say('found', () => '');
  byId('results', HTMLElement).replaceChildren(
    ...matches.map(({ index: i, score }) =>
      make(
        'li',
        {},
        make(
          'div',
          { className: 'place' },
          make('span', {}, passages[i].path),
          make('meter', { max: 1, value: Math.max(0, score), ariaHidden: 'true' }),
          make('span', { className: 'score' }, number(score, TWO)),
        ),
        make('p', {}, passages[i].text),
      ),
    ),
  );
}

/* ---- The page ---- */

/** A button that opens a file picker. @param {string} go @param {string} picker @param {(files: File[]) => void} use */
function picks(go, picker, use) {
  const field = input(picker);
  button(go).addEventListener('click', () => field.click());
  field.addEventListener('change', () => {
    const files = [...(field.files ?? [])];
    field.value = ''; // so that picking the same files again fires `change`
    if (files.length) use(files);
  });
}

const asked = new URLSearchParams(location.search).get('model');
input('source').value = asked ? new URL(asked, location.href).href : MODEL;
byId('load-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  const source = input('source').value.trim();
  load(source, source.split('/').at(-1) ?? source);
});
picks('file-go', 'file', ([file]) => load(file, file.name));
picks('folder-go', 'folder', take);
button('sample').addEventListener('click', () => take(samples()));
button('cancel').addEventListener('click', () => working?.abort());
query.addEventListener('input', find);
for (const event of ['dragenter', 'dragover'])
  document.addEventListener(event, (e) => {
    e.preventDefault();
    document.body.classList.add('over');
  });
document.addEventListener('dragleave', (e) => {
  if (!e.relatedTarget) document.body.classList.remove('over');
});
document.addEventListener('drop', async (e) => {
  e.preventDefault();
  document.body.classList.remove('over');
  if (!e.dataTransfer) return;
  const files = await dropped(e.dataTransfer);
  const gguf = files.find((file) => file.name.endsWith('.gguf'));
  if (gguf) load(gguf, gguf.name);
  else take(files);
});
function words() {
  for (const [line, sentence] of Object.entries(said))
    byId(line, HTMLElement).textContent = sentence();
}
say('about', () => (asked ? '' : t('search.default')));
say('progress', () => t('search.drop'));
new MutationObserver(words).observe(document.documentElement, { attributeFilter: ['lang'] });
