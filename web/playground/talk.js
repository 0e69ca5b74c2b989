/**
 * talk.js - the conversation of the page: with the reader's model in this tab, or with a model on a server.
 *
 * Loaded when the reader opens it. A change of the model, or of the place, goes on with the same messages.
 */
import { connect } from '../connect.js';
import { Conversation } from '../conversation.js';
import { byId } from '../ui/dom.js';
import { explain } from '../ui/format.js';
import { t } from '../ui/i18n.js';
import { Talk } from '../ui/talk.js';
import { on, state } from './state.js';

const about = byId('talk-about', HTMLElement);
const form = byId('talk-server', HTMLFormElement);
const fresh = byId('talk-new', HTMLButtonElement);
const input = (/** @type {string} */ id) => byId(id, HTMLInputElement);
const talk = new Talk(byId('talk', HTMLElement));

/** @type {import('../connect.js').RemoteModel | undefined} */
let remote;
/** @type {AbortController | undefined} of a connection that is being made */
let connecting;
/** The messages, also while there is no model. @type {import('../conversation.js').Saved | undefined} */
let saved;
/** @type {() => string} */
let said = () => '';

/** @param {() => string} sentence @param {boolean} [wrong] */
function say(sentence, wrong = false) {
  said = sentence;
  about.textContent = sentence();
  about.classList.toggle('wrong', wrong);
}

/** Whether the reader has chosen a server. */
const onServer = () =>
  /** @type {HTMLInputElement} */ (document.querySelector('[name="where"][value="server"]'))
    .checked;

/** Shows the conversation with the model of the chosen place, or a new one. @param {boolean} [anew] */
function begin(anew = false) {
  const model = onServer() ? remote : state.model;
  talk.stop();
  if (anew) saved = undefined;
  else saved = /** @type {Conversation | undefined} */ (talk.talking)?.toJSON() ?? saved;
  const before = /** @type {Conversation | undefined} */ (talk.talking);
  if (!model) talk.talking = undefined;
  else talk.talking = saved ? Conversation.from(model, saved) : new Conversation(model);
  before?.close();
  fresh.disabled = !model;
  form.hidden = !onServer();
  if (!onServer())
    say(() => (state.model ? t('talk.model', { name: state.modelName }) : t('talk.none')));
  else say(() => (remote ? t('chat.connected', { name: remote.info.name }) : t('chat.choose')));
}

async function reach() {
  connecting?.abort();
  const own = new AbortController();
  connecting = own;
  say(() => t('chat.connecting'));
  try {
    const apiKey = input('talk-key').value || undefined;
    remote = await connect({ baseURL: input('talk-address').value, apiKey, signal: own.signal });
    if (connecting === own) begin();
  } catch (e) {
    if (connecting === own) say(() => explain(e), true);
  }
}

/** Connects the panel. */
export function setUp() {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    reach();
  });
  for (const radio of document.getElementsByName('where'))
    radio.addEventListener('change', () => begin());
  fresh.addEventListener('click', () => begin(true));
  on('model', () => !onServer() && begin());
  on('language', () => {
    talk.words();
    about.textContent = said();
  });
  begin();
}
