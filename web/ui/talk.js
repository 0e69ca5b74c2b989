/**
 * talk.js - a conversation in a page: its turns, a field to write in, stop, edit, another answer, reasoning shown apart.
 *
 * It draws an object with the interface of Conversation (conversation.js) and knows no model. The answer that grows is not a
 * live region; a status speaks it at its end.
 */
import { make } from './dom.js';
import { explain, number } from './format.js';
import { t } from './i18n.js';

/** @typedef {{ role: string, content: string, [more: string]: unknown }} Message */
/** @typedef {{ text: string, finish?: string }} Token */
/** @typedef {import('../api/types.js').ToolCall} ToolCall */
/**
 * @typedef {object} Talking a Conversation
 * @property {Message[]} messages
 * @property {number} start
 * @property {(text: string, options?: any) => AsyncIterable<Token>} send
 * @property {(options?: any) => AsyncIterable<Token>} regenerate
 * @property {(results: any[], options?: any) => AsyncIterable<Token>} [sendResults]
 * @property {(index: number, text: string) => void} edit
 */
/** What is drawn of a message. @typedef {{ root: HTMLElement, who: HTMLElement, why: HTMLDetailsElement, thought: HTMLElement,
 *   said: HTMLElement, calls: HTMLElement, acts: HTMLElement, message: Message }} Item */

/** @param {Message} a @param {Message} b */
const same = (a, b) =>
  a.role === b.role &&
  a.content === b.content &&
  a.reasoning_content === b.reasoning_content &&
  callsOf(a).length === callsOf(b).length;

/** The calls of tools in a message. @param {Message | undefined} message @returns {ToolCall[]} */
const callsOf = (message) =>
  /** @type {any[]} */ (message?.tool_calls ?? []).map(({ id, function: own }) => ({ id, ...own }));

const ROUNDS = 8; // of calls before an answer

export class Talk {
  #list = make('ol', { className: 'turns' });
  #field = make('textarea', { rows: 2 });
  #send = make('button', { type: 'submit', className: 'primary' });
  #stop = make('button', { type: 'button', disabled: true });
  #status = make('p', { className: 'status' });
  #spoken = make('p', { className: 'hidden' });
  /** @type {Item[]} */ #items = [];
  #line = make('li', { className: 'dropped' });
  /** @type {Talking | undefined} */ #talking;
  /** @type {AbortController | undefined} */ #running;
  #options;
  #changed;
  #call;
  /** @type {() => string} */ #said = () => '';

  /**
   * @param {HTMLElement} root that it fills
   * @param {{ options?: () => any, changed?: () => void, call?: (call: ToolCall) => Promise<string> }} [uses] options of a
   *   turn; called after each turn and edit; runs a tool that the model has called
   */
  constructor(root, { options = () => ({}), changed = () => {}, call } = {}) {
    this.#options = options;
    this.#call = call;
    this.#changed = changed;
    const form = make('form', { className: 'ask' }, this.#field);
    form.append(make('p', { className: 'actions' }, this.#send, this.#stop));
    for (const one of [this.#status, this.#spoken]) one.setAttribute('role', 'status');
    root.append(this.#list, form, this.#status, this.#spoken);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.#field.addEventListener('keydown', (event) => {
      const { key, shiftKey, isComposing, keyCode } = event;
      if (key !== 'Enter' || shiftKey || isComposing || keyCode === 229) return; // 229: composing
      event.preventDefault();
      this.#ask();
    });
    root.addEventListener('keydown', ({ key }) => key === 'Escape' && this.stop());
    this.#stop.addEventListener('click', () => this.stop());
    this.words();
    this.#buttons();
  }

  /** The conversation that is shown; undefined: there is no model. */
  get talking() {
    return this.#talking;
  }
  set talking(talking) {
    this.stop();
    this.#talking = talking;
    this.#list.replaceChildren();
    this.#items = [];
    this.say('');
    this.#buttons();
    this.show();
  }

  /** Ends the answer that is generated. */
  stop() {
    this.#running?.abort();
  }

  /** Writes in the language of the page. */
  words() {
    this.#send.textContent = t('chat.send');
    this.#stop.textContent = t('chat.stop');
    this.#field.setAttribute('aria-label', t('chat.field'));
    this.#field.placeholder = t('chat.field');
    this.#line.textContent = t('chat.dropped');
    this.#list.setAttribute('aria-label', t('chat.turns'));
    this.#status.textContent = this.#said();
    for (const item of this.#items) item.root.remove();
    this.#items = [];
    this.show();
  }

  /** @param {string | (() => string)} sentence @param {boolean} [wrong] */
  say(sentence, wrong = false) {
    this.#said = typeof sentence === 'string' ? () => sentence : sentence;
    this.#status.textContent = this.#said();
    this.#status.classList.toggle('wrong', wrong);
  }

  /* ---- Turns ---- */

  async #ask() {
    const text = this.#field.value;
    if (!text.trim() || this.#running || !this.#talking) return;
    const talking = this.#talking;
    this.#field.value = '';
    const done = await this.#run((options) => talking.send(text, options));
    if (!done && !this.#field.value) this.#field.value = text; // it was refused
  }

  #again() {
    const talking = this.#talking;
    if (talking && !this.#running) this.#run((options) => talking.regenerate(options));
  }

  /** Shows an answer while it grows. @param {(options: any) => AsyncIterable<Token>} begin @returns {Promise<boolean>} whether it began */
  async #run(begin) {
    const talking = this.#talking;
    const own = new AbortController();
    this.#running = own;
    this.#buttons();
    const options = () => ({ ...this.#options(), signal: own.signal });
    let count = 0;
    try {
      count += await this.#follow(begin(options()));
      for (let left = ROUNDS; left > 0 && this.#call; left--) {
        const calls = callsOf(talking?.messages.at(-1));
        if (!calls.length || !talking?.sendResults) break;
        const results = await Promise.all(calls.map((call) => this.#resultOf(call)));
        const { toolChoice: _, ...more } = options(); // of the first answer only
        count += await this.#follow(talking.sendResults(results, more));
      }
    } catch (e) {
      if (own.signal.aborted) this.say(() => t('chat.stopped'));
      else this.say(() => explain(e), true);
    }
    this.#running = undefined;
    if (this.#talking !== talking) return true; // replaced meanwhile
    this.#buttons();
    this.show();
    if (count) this.#spoken.textContent = talking?.messages.at(-1)?.content ?? '';
    this.#changed();
    return count > 0;
  }

  /** Shows the tokens of an answer. @param {AsyncIterable<Token>} tokens @returns {Promise<number>} how many */
  async #follow(tokens) {
    const talking = this.#talking;
    let [count, began, frame] = [0, 0, 0];
    /** @type {string | undefined} */ let finish;
    this.say(() => t('chat.reading'));
    try {
      for await (const token of tokens) {
        if (count++ === 0) began = performance.now();
        finish = token.finish ?? finish;
        const rate = count > 1 ? ((count - 1) * 1000) / (performance.now() - began) : 0;
        this.say(() =>
          t(rate ? 'chat.meter' : 'chat.count', {
            count: number(count),
            rate: number(rate, { maximumSignificantDigits: 3 }),
          }),
        );
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          if (this.#talking === talking) this.show();
        });
      }
    } finally {
      cancelAnimationFrame(frame);
    }
    if (finish === 'length' || finish === 'context') this.say(() => t(`chat.finish.${finish}`));
    return count;
  }

  /** @param {ToolCall} call */
  async #resultOf(call) {
    const { id, name } = call;
    try {
      return { id, name, content: (await this.#call?.(call)) ?? '' };
    } catch (e) {
      return { id, name, content: `Error: ${/** @type {Error} */ (e).message}` };
    }
  }

  #buttons() {
    const running = !!this.#running;
    this.#send.disabled = running || !this.#talking;
    this.#stop.disabled = !running;
    for (const button of this.#list.querySelectorAll('button')) button.disabled = running;
  }

  /* ---- Drawing ---- */

  /** Draws what has changed. */
  show() {
    const messages = this.#talking?.messages ?? [];
    let common = 0;
    while (
      common < this.#items.length &&
      common < messages.length &&
      same(this.#items[common].message, messages[common])
    )
      common++;
    // A growing answer keeps its place; everything else after the first difference is drawn anew.
    const grows =
      this.#items[common]?.message.role === messages[common]?.role &&
      common === messages.length - 1;
    for (const item of this.#items.splice(common + (grows ? 1 : 0))) item.root.remove();
    messages.slice(common).forEach((message, i) => {
      const item = this.#items[common + i] ?? this.#add(message);
      this.#fill(item, message);
    });
    this.#mark(messages);
    const last = this.#items.at(-1)?.root;
    for (const { acts, message } of this.#items)
      if (message.role === 'assistant') acts.hidden = message !== this.#items.at(-1)?.message;
    if (last && this.#running) last.scrollIntoView({ block: 'nearest' });
  }

  /** The line above what the model still reads. @param {Message[]} messages */
  #mark(messages) {
    const start = this.#talking?.start ?? 0;
    const dropped = messages.slice(0, start).some(({ role }) => role !== 'system');
    if (dropped) this.#items[start]?.root.before(this.#line);
    else this.#line.remove();
  }

  /** @param {Message} message @returns {Item} */
  #add(message) {
    const index = this.#items.length;
    const who = make('h3', { className: 'who' }, t(`chat.role.${message.role}`));
    const thought = make('p', { className: 'said' });
    const why = make(
      'details',
      { className: 'reasoning', hidden: true },
      make('summary', {}, t('chat.reasoning')),
      thought,
    );
    const said = make('p', { className: 'said' });
    const calls = make('ul', { className: 'calls', hidden: true });
    const acts = make('p', { className: 'acts' });
    const root = make('li', { className: `turn ${message.role}` }, who, why, said, calls, acts);
    const act = (
      /** @type {string} */ name,
      /** @type {string} */ label,
      /** @type {() => void} */ work,
    ) => {
      const props = { className: `quiet ${name}`, disabled: !!this.#running };
      const button = make('button', { type: 'button', ...props }, label);
      button.addEventListener('click', work);
      acts.append(button);
    };
    if (message.role === 'assistant') act('again', t('chat.again'), () => this.#again());
    else if (message.role !== 'tool') act('edit', t('chat.edit'), () => this.#edit(item, index));
    const item = { root, who, why, thought, said, calls, acts, message };
    this.#items.push(item);
    this.#list.append(root);
    return item;
  }

  /** @param {Item} item @param {Message} message */
  #fill(item, message) {
    item.message = message;
    const reasoning = String(message.reasoning_content ?? '');
    if (item.why.hidden && reasoning) item.why.open = true; // until the answer begins
    if (item.why.open && message.content && item.said.textContent === '') item.why.open = false;
    item.why.hidden = !reasoning;
    item.thought.textContent = reasoning;
    item.said.textContent = message.content;
    const calls = callsOf(message);
    item.calls.hidden = !calls.length;
    item.calls.replaceChildren(
      ...calls.map(({ name, arguments: args }) =>
        make('li', {}, make('code', {}, `${name}(${JSON.stringify(args)})`)),
      ),
    );
  }

  /** Lets the reader change a message; its answer is generated again. @param {Item} item @param {number} index */
  #edit({ root, said, acts, message }, index) {
    const field = make('textarea', { value: message.content, rows: 2 });
    field.setAttribute('aria-label', t('chat.edit'));
    const apply = make('button', { type: 'button' }, t('chat.apply'));
    const cancel = make('button', { type: 'button' }, t('chat.cancel'));
    const row = make('p', { className: 'actions' }, apply, cancel);
    const close = () => {
      field.replaceWith(said);
      row.replaceWith(acts);
    };
    cancel.addEventListener('click', close);
    apply.addEventListener('click', () => {
      close();
      const talking = this.#talking;
      if (!talking || !root.isConnected) return;
      talking.edit(index, field.value);
      this.show();
      if (message.role === 'user') this.#again();
      else this.#changed();
    });
    said.replaceWith(field);
    acts.replaceWith(row);
    field.focus();
  }
}
