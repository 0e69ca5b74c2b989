/**
 * play.js - generates text from the prompt, and replaces tokens that the user changes.
 *
 * Owns the conversation (`turns`); no other module changes the session. A generation is a loop over
 * session.generate() or session.chat(). Stop aborts it; the session then ends at the last token
 * shown. A changed token rebuilds the timeline from ids (prefix, kept tokens, the chosen one); the
 * session keeps the common prefix.
 */

import { byId } from '../ui/dom.js';
import { explain, number, size, time, visible } from '../ui/format.js';
import { t } from '../ui/i18n.js';
import * as alternatives from './alternatives.js';
import { emit, inTurn, on, state } from './state.js';
import * as stream from './stream.js';

/** @typedef {import('./stream.js').Turn} Turn */
/** @typedef {import('./stream.js').Place} Place */
/** @typedef {import('../jielong.js').GenerateOptions} GenerateOptions */
/**
 * Starts a generation.
 * @typedef {(session: import('./state.js').Session, options: GenerateOptions) =>
 *   import('../jielong.js').Generation} Start
 */
/** @typedef {import('./alternatives.js').Candidate} Candidate */

const ALTERNATIVES = 8; // candidates kept with each token
const AGAIN_MS = 1000; // min time between two presses of Stop, to ignore double clicks
const SENTENCE = 1000; // max characters for the screen reader

const generateButton = byId('generate', HTMLButtonElement);
const continueButton = byId('continue', HTMLButtonElement);
const stepButton = byId('step', HTMLButtonElement);
const stopButton = byId('stop', HTMLButtonElement);
const clearButton = byId('clear', HTMLButtonElement);
const prompt = byId('prompt', HTMLTextAreaElement);
const chatMode = byId('mode-chat', HTMLInputElement);
const streamBox = byId('stream', HTMLElement);
const meter = byId('meter', HTMLElement);
const spoken = byId('spoken', HTMLElement);
const statusLine = byId('play-status', HTMLElement);

/** The page's example prompt. */
let example = '';
/** @type {Turn[]} */
let turns = [];
let controller = new AbortController();
/** Time of the abort. */
let stopped = 0;
/** Resolves at the end of the running generation. @type {Promise<void>} */
let running = Promise.resolve();
/** Resolves when the loaded model has a session. @type {Promise<void>} */
let adopted = Promise.resolve();
/** @type {() => string} the status, shown again after a language change */
let said = () => t('play.needModel');
/** @type {{ count: number, rate: number, first: number } | undefined} */
let measured;

/** @param {() => string} sentence */
function say(sentence) {
  said = sentence;
  statusLine.textContent = sentence();
  statusLine.classList.remove('wrong');
}

/** @param {unknown} error */
function sayError(error) {
  say(() => explain(error));
  statusLine.classList.add('wrong');
}

function showMeter() {
  const m = measured;
  meter.textContent = m
    ? t('stream.meter', {
        count: number(m.count),
        rate: m.rate ? number(m.rate, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) : '–',
        first: time(m.first),
      })
    : t('stream.meterEmpty');
}

/** Updates labels and disabled states. */
function showButtons() {
  const idle = !!state.session && !state.busy;
  const begun = turns.length > 0;
  const ready = state.model ? null : state.ready;
  generateButton.textContent = ready
    ? t('text.start', { size: size(ready.bytes) })
    : t(chatMode.checked ? 'text.send' : 'text.generate');
  prompt.placeholder = t(chatMode.checked ? 'text.placeholderChat' : 'text.placeholder');
  generateButton.disabled = state.busy || !(state.session || ready);
  continueButton.disabled = stepButton.disabled = !idle || !begun;
  clearButton.disabled = !idle || !begun;
  stopButton.disabled = !state.busy;
  streamBox.setAttribute('aria-busy', String(state.busy));
}

/** @param {boolean} busy */
function setBusy(busy) {
  const focused = document.activeElement;
  state.busy = busy;
  showButtons();
  // A focused button that is disabled passes the focus to its replacement.
  if (focused instanceof HTMLButtonElement && focused.disabled)
    (busy ? stopButton : continueButton).focus();
  emit('busy');
}

/** Claims the session for a generation or a change; false if missing or busy. */
function claim() {
  if (state.busy || !state.session) return false;
  controller = new AbortController();
  setBusy(true);
  return true;
}

/** @returns {GenerateOptions} */
function options() {
  const { seed, ...sampling } = state.sampling;
  // Varies the seed by position, or all single steps would use the same random number.
  return { ...sampling, seed: seed + (state.session?.position ?? 0), topLogprobs: ALTERNATIVES };
}

/**
 * Runs a generation to its end and shows it. The caller must have claimed the session.
 * @param {Turn} turn
 * @param {Start} start
 */
async function write(turn, start) {
  const { session } = state;
  const { signal } = controller;
  say(() => t('play.writing'));
  const began = performance.now();
  let firstAt = 0;
  let count = 0;
  let finish = '';
  let sentence = '';
  try {
    if (!session) throw signal.reason;
    for await (const token of start(session, { ...options(), signal })) {
      const now = performance.now();
      firstAt ||= now;
      if (turn.tokens.length === 0) turn.prefix = await before();
      turn.tokens.push(token);
      stream.addToken(turn);
      count++;
      const rate = count > 1 ? ((count - 1) * 1000) / (now - firstAt) : 0;
      measured = { count, rate, first: (firstAt - began) / 1000 };
      showMeter();
      sentence = speak((sentence + token.text).slice(-SENTENCE));
      finish = token.finish ?? '';
    }
    say(() => t(finish === 'end' ? 'play.end' : 'play.length', { count: number(count) }));
  } catch (e) {
    if (signal.aborted) say(() => t('play.stopped', { count: number(count) }));
    else sayError(e);
  }
  spoken.textContent = sentence || spoken.textContent;
  setBusy(false);
  await settle();
}

/** Publishes the final text to the figures. */
async function settle() {
  state.ids = (await state.session?.ids()) ?? new Int32Array();
  emit('text');
}

/** The ids before the newest token. */
async function before() {
  const ids = await state.session?.ids();
  return ids ? [...ids.slice(0, -1)] : [];
}

/** Sends whole sentences to the screen reader; returns the rest. @param {string} text */
function speak(text) {
  const end = /^[\s\S]*[.!?。！？…\n]["”’」』)]*/.exec(text)?.[0];
  if (!end) return text;
  if (end.trim()) spoken.textContent = end.trim();
  return text.slice(end.length);
}

/** Queues write(). @param {Turn} turn @param {Start} start */
function begin(turn, start) {
  running = inTurn(() => write(turn, start)).catch(sayError);
}

async function generate() {
  const given = prompt.value;
  if (!given.trim()) {
    say(() => t('play.empty'));
    prompt.focus();
    return;
  }
  if (!state.session) {
    await state.ready?.load();
    await adopted;
  }
  if (!claim()) return;
  const chat = chatMode.checked;
  if (!chat || turns.some((turn) => !turn.chat)) await clearText();
  /** @type {Turn} */
  const turn = { chat, given, prefix: [], tokens: [] };
  const messages = [...turns.flatMap(asMessages), { role: 'user', content: given }];
  turns.push(turn);
  stream.showTurn(turn);
  if (chat) prompt.value = '';
  begin(turn, (session, how) =>
    chat ? session.chat(messages, how) : session.generate(given, how),
  );
}

/** @param {Turn} turn */
function asMessages(turn) {
  const said = turn.tokens.filter((token) => token.part !== 'reasoning');
  const answer = said.map((token) => token.text).join('');
  return [
    { role: 'user', content: turn.given },
    { role: 'assistant', content: answer },
  ];
}

/** @param {number} [maxTokens] */
function continueText(maxTokens = state.sampling.maxTokens) {
  const turn = turns.at(-1);
  if (!turn || !claim()) return;
  begin(turn, (session, how) => session.generate([], { ...how, maxTokens }));
}

/** Stops the running generation, if any. */
export async function stop() {
  controller.abort();
  await running;
}

/** Handles Stop; a second press closes the model. */
function pressStop() {
  const { aborted } = controller.signal;
  if (aborted && performance.now() - stopped > AGAIN_MS) state.model?.close();
  if (aborted || !state.busy) return;
  stopped = performance.now();
  const late = setTimeout(() => say(() => t('play.stopping')), AGAIN_MS);
  stop().finally(() => clearTimeout(late));
}

/** Clears the text, on screen and in the session. */
async function clearText() {
  turns = [];
  measured = undefined;
  stream.clear();
  alternatives.clear();
  showMeter();
  showButtons();
  await inTurn(async () => {
    await state.session?.rewind(0);
    await settle();
  }).catch(sayError);
}

/**
 * Replaces a token, drops all later ones, and continues if the user has selected that.
 * @param {Place} place
 * @param {Candidate} candidate
 */
async function change(place, candidate) {
  const { turn, index } = place;
  await stop();
  const old = turn.tokens[index];
  if (!turns.includes(turn) || !old || !claim()) return;
  try {
    const kept = turn.tokens.slice(0, index).map((token) => token.id);
    const ids = [...turn.prefix, ...kept, candidate.id];
    await inTurn(async () => state.session?.replace(ids));
    turns = turns.slice(0, turns.indexOf(turn) + 1);
    stream.truncate(place);
    turn.tokens.length = index;
    turn.tokens.push({ ...old, ...candidate, finish: undefined });
    stream.addToken(turn, { chosen: candidate.id !== old.id });
    stream.focusLast();
    say(() => t('play.changed', { text: visible(candidate.text) }));
  } catch (e) {
    sayError(e);
  }
  setBusy(false);
  if (byId('go-on', HTMLInputElement).checked) continueText();
  else await inTurn(settle);
}

/** Creates the session of a new model and clears the text. */
async function adopt() {
  const { model } = state;
  state.session = null;
  try {
    const session = model?.info.encoder ? null : await model?.createSession();
    if (model !== state.model) return; // replaced meanwhile
    state.session = session ?? null;
    say(() => t(session ? 'play.ready' : model ? 'play.encoder' : 'play.needModel'));
  } catch (e) {
    sayError(e);
  }
  chatMode.disabled = !!model && !model.info.tokenizer;
  await clearText();
}

/** Connects the buttons and keys. */
export function setUp() {
  const { look, open } = alternatives.setUp(change);
  stream.listen(look, open);
  generateButton.addEventListener('click', generate);
  continueButton.addEventListener('click', () => continueText());
  stepButton.addEventListener('click', () => continueText(1));
  stopButton.addEventListener('click', pressStop);
  clearButton.addEventListener('click', async () => {
    await clearText();
    say(() => t('play.cleared'));
    prompt.focus();
  });
  prompt.addEventListener('keydown', (event) => {
    const sends = event.key === 'Enter' && (event.ctrlKey || event.metaKey);
    if (sends && !generateButton.disabled) generate();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && state.busy && !event.repeat) pressStop();
  });
  for (const radio of document.getElementsByName('mode'))
    radio.addEventListener('change', showMode);
  on('model', () => {
    adopted = adopt();
  });
  on('language', () => {
    statusLine.textContent = said();
    showExample();
    showMeter();
    showButtons();
  });
  example = t('text.example');
  prompt.value = new URLSearchParams(location.search).get('prompt') ?? example;
  stream.clear();
  alternatives.clear();
}

/** Updates an unedited example for the mode and language. */
function showExample() {
  const next = t(chatMode.checked ? 'text.exampleChat' : 'text.example');
  if (prompt.value === example || !prompt.value) prompt.value = next;
  example = next;
}

function showMode() {
  showExample();
  showButtons();
}
