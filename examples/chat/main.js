/**
 * main.js - the chat page: a model of this tab or of a server, a Conversation over it, and earlier ones.
 *
 * web/ui/talk.js draws the turns. ?model=ADDRESS names a GGUF file, ?server=ADDRESS a server.
 */
import { connect } from '../../web/connect.js';
import { Conversation } from '../../web/conversation.js';
import { JielongError, loadModel } from '../../web/jielong.js';
import { byId, make } from '../../web/ui/dom.js';
import { explain, size } from '../../web/ui/format.js';
import { t } from '../../web/ui/i18n.js';
import { Talk } from '../../web/ui/talk.js';
import { forget, store, stored, titleOf } from './history.js';
import { run, tools } from './tools.js';

const asked = new URLSearchParams(location.search);
const about = byId('about', HTMLElement);
const models = byId('models', HTMLSelectElement);
const input = (/** @type {string} */ id) => byId(id, HTMLInputElement);
const button = (/** @type {string} */ id) => byId(id, HTMLButtonElement);

/** @type {any} the model in use */ let model;
/** @type {AbortController | undefined} of a load */ let loading;
/** Of the conversation in the history. */ let id = '';
/** @type {{ name: string, url: string, bytes?: number }[]} */ let choices = [];
/** @type {() => string} */ let said = () => t('chat.choose');

/** Options of a turn. With a schema the answer is JSON, otherwise the model may call tools. */
function options() {
  const schema = byId('schema', HTMLTextAreaElement).value.trim();
  const toolChoice = byId('tools', HTMLSelectElement).value;
  return {
    temperature: Number(input('temperature').value),
    maxTokens: Number(input('length').value),
    ...(schema && { responseFormat: { jsonSchema: parsed(schema) } }),
    ...(!schema && toolChoice && { tools, toolChoice }),
  };
}

/** @param {string} schema */
function parsed(schema) {
  try {
    return JSON.parse(schema);
  } catch (e) {
    const why = /** @type {Error} */ (e).message;
    throw new JielongError('BAD_ARGUMENT', t('chat.noJson', { why }), 'schema');
  }
}

const talk = new Talk(byId('talk', HTMLElement), {
  options,
  call: run,
  changed: () => {
    if (talk.talking) store(id, /** @type {Conversation} */ (talk.talking).toJSON());
    showHistory();
  },
});

/** @param {() => string} sentence @param {boolean} [wrong] */
function say(sentence, wrong = false) {
  said = sentence;
  about.textContent = sentence();
  about.classList.toggle('wrong', wrong);
}

/* ---- The model ---- */

/** Replaces the model; the conversation goes on with the new one. @param {(signal: AbortSignal) => Promise<any>} open @param {() => string} ready */
async function use(open, ready) {
  loading?.abort();
  const own = new AbortController();
  loading = own;
  button('cancel').hidden = false;
  try {
    const next = await open(own.signal);
    if (loading !== own) return void next.close();
    talk.stop();
    const before = model;
    model = next;
    begin(/** @type {Conversation | undefined} */ (talk.talking)?.toJSON());
    before?.close();
    say(ready);
  } catch (e) {
    if (loading !== own) return;
    if (own.signal.aborted) say(() => t('model.cancelled'));
    else say(() => explain(e), true);
  }
  loading = undefined;
  button('cancel').hidden = true;
}

/** @param {any} source @param {string} name */
function load(source, name) {
  let bytes = 0;
  const onProgress = (/** @type {any} */ { loaded, total }) => {
    bytes = loaded;
    say(() =>
      total ? t('chat.bytes', { loaded: size(loaded), total: size(total) }) : size(loaded),
    );
  };
  return use(
    (signal) => loadModel(source, { signal, onProgress }),
    () => t('chat.loaded', { name, size: size(bytes) }),
  );
}

/** @param {string} baseURL */
function reach(baseURL) {
  say(() => t('chat.connecting'));
  const apiKey = input('key').value || undefined;
  return use(
    (signal) => connect({ baseURL, apiKey, signal }),
    () => t('chat.connected', { name: model.info.name }),
  );
}

/* ---- The conversation ---- */

/** Shows a conversation, or a new one. @param {import('../../web/conversation.js').Saved} [saved] */
function begin(saved) {
  if (!saved?.messages.some(({ role }) => role === 'user')) saved = undefined;
  if (!saved) id = String(Date.now());
  const system = byId('system', HTMLTextAreaElement).value.trim() || undefined;
  const before = /** @type {Conversation | undefined} */ (talk.talking);
  if (model)
    talk.talking = saved ? Conversation.from(model, saved) : new Conversation(model, { system });
  before?.close();
  showHistory();
}

function showHistory() {
  const list = stored().filter((one) => one.id !== id);
  byId('history', HTMLElement).hidden = !list.length;
  byId('earlier', HTMLElement).replaceChildren(
    ...list.map((one) => {
      const open = make(
        'button',
        { type: 'button', className: 'quiet', disabled: !model },
        titleOf(one),
      );
      const drop = make('button', { type: 'button', className: 'quiet' }, t('chat.delete'));
      open.addEventListener('click', () => {
        id = one.id;
        begin(one.saved);
      });
      drop.addEventListener('click', () => {
        forget(one.id);
        showHistory();
      });
      return make('li', { className: 'row' }, open, drop);
    }),
  );
  for (const name of ['new', 'save', 'open']) button(name).disabled = !model;
  for (const one of document.querySelectorAll('.source [type="submit"]'))
    one.classList.toggle('primary', !model); // one black button a page
}

function save() {
  const blob = new Blob([JSON.stringify(talk.talking, null, 1)], { type: 'application/json' });
  const link = make('a', { href: URL.createObjectURL(blob), download: 'conversation.json' });
  link.click();
  URL.revokeObjectURL(link.href);
}

/** @param {File | undefined} file */
async function openFile(file) {
  if (!file) return;
  try {
    const saved = JSON.parse(await file.text());
    Conversation.from(model, saved); // checks it
    id = String(Date.now());
    begin(saved);
  } catch (e) {
    talk.say(() => explain(e), true);
  }
}

/* ---- The page ---- */

function words() {
  const chosen = choices[models.selectedIndex];
  button('load').textContent = chosen?.bytes
    ? t('model.load', { size: size(chosen.bytes) })
    : t('chat.load');
  about.textContent = said();
  talk.words();
  showHistory();
}

function showPlace() {
  const server = /** @type {HTMLInputElement} */ (document.querySelector('[value="server"]'))
    .checked;
  byId('tab', HTMLElement).hidden = server;
  byId('server', HTMLElement).hidden = !server;
}

/** A button that opens a file picker. @param {string} go @param {string} picker @param {(file: File) => void} take */
function picks(go, picker, take) {
  const field = input(picker);
  button(go).addEventListener('click', () => field.click());
  field.addEventListener('change', () => {
    const file = field.files?.[0];
    field.value = ''; // so that picking the same file again fires `change`
    if (file) take(file);
  });
}

/** @param {string} name @param {() => void} work */
const submits = (name, work) =>
  byId(name, HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    work();
  });

const listed = await fetch(new URL('../../web/models/catalogue.json', import.meta.url));
const catalogue = await listed.json();
choices = catalogue.filter((/** @type {any} */ entry) => !entry.language); // the included ones do not chat
const own = asked.get('model');
if (own)
  choices.unshift({ name: own.split('/').at(-1) ?? own, url: new URL(own, location.href).href });
models.replaceChildren(...choices.map(({ name }) => make('option', {}, name)));
models.addEventListener('change', words);
submits('tab', () => {
  const { url, name } = choices[models.selectedIndex];
  load(url, name);
});
submits('server', () => reach(input('address').value));
picks('file-go', 'file', (file) => load(file, file.name));
picks('open', 'saved', openFile);
button('cancel').addEventListener('click', () => loading?.abort());
button('new').addEventListener('click', () => begin());
button('save').addEventListener('click', save);
for (const radio of document.getElementsByName('where'))
  radio.addEventListener('change', showPlace);
const server = asked.get('server');
if (server) {
  input('address').value = server;
  /** @type {HTMLInputElement} */ (document.querySelector('[value="server"]')).checked = true;
}
showPlace();
words();
new MutationObserver(words).observe(document.documentElement, { attributeFilter: ['lang'] });
