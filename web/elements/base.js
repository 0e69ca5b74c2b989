/**
 * base.js - the base class of all elements: attributes, states, recorded and computed views, sharing, teardown.
 *
 * A subclass gives the figure that computes its view, its words and settings, and draws: draw(body, view), its
 * controls own(view), its table twin(view), and summary(view). The states are idle → loading → running → done or error,
 * as data-state. Events bubble: loadstart, load, run, done, error, select, take.
 */
import { formatter } from '../ui/format.js';
import { speaker, supported } from '../ui/words.js';
import { isLoaded } from './engine.js';
import { createFrame } from './frame.js';
import { defaultModel } from './here.js';
import { listen, render, say } from './render.js';
import { allowsWasm, hasLittleMemory, isForbidden, isMemory, Runner } from './runner.js';
import { recordOf, sceneFor } from './scenes.js';
import { COMMON, defineProperties, Settings } from './settings.js';
import { join, leave, membersOf, publish, SHARED } from './share.js';
import { style } from './styles.js';
import { watch } from './watch.js';
import { words as common } from './words/base.js';

/** @typedef {'idle' | 'loading' | 'running' | 'done' | 'error'} State */
/** @typedef {import('./frame.js').Twin} Twin */

const EVENTS = { idle: '', loading: 'loadstart', running: 'run', done: 'done', error: 'error' };

export class JlElement extends HTMLElement {
  /** @type {import('../figures/figure.js').Figure} */ static figure;
  /** @type {import('../ui/words.js').Words} */ static words = {};
  /** @type {Record<string, import('./settings.js').Setting>} */ static settings = {};
  /** Rules of its own style sheet. */ static css = '';
  /** Whether it computes with a loaded model. */ static needsModel = true;
  /** Kind of its text field. @type {'line' | 'area' | null} */ static input = 'line';

  /** All settings. @returns {Record<string, import('./settings.js').Setting>} */
  static get table() {
    return { ...COMMON, ...this.settings };
  }
  static get observedAttributes() {
    return Object.keys(this.table);
  }
  /** Registers the element, unless the page has it. @param {string} name */
  static define(name) {
    if (customElements.get(name)) return;
    defineProperties(this, this.table);
    customElements.define(name, this);
  }

  /** The shown view. @type {any} */ view = null;
  /** Whether `view` was computed in this page. */ live = false;
  /** @type {import('../figures/scene.js').Scene | null} */ recorded = null;
  /** What the status line reports. @type {import('./render.js').Facts} */ facts = {};
  /** @type {State} */ #state = 'idle';
  /** @type {(() => void) | undefined} */ #unwatch;
  #visible = true;
  /** Called when the element is seen. @type {(() => void)[]} */ #seen = [];
  /** Settings that changed since the last update. @type {Set<string>} */ #changed = new Set();
  /** Whether a change waits until the group's model is loaded. */ #waits = false;
  /** A model given as a Blob, bytes or Model. @type {any} */ #given;
  /** Its share group. @type {string | undefined} */ #group;

  constructor() {
    super();
    this.type = /** @type {typeof JlElement} */ (this.constructor);
    this.settings = new Settings(this.type.table);
    this.language = () => supported(this.#tag());
    this.t = speaker([this.type.words, common], this.language);
    this.format = formatter(this.language);
    const root = this.attachShadow({ mode: 'open' });
    style(root, this.type.css);
    this.frame = createFrame(root, this.type.input);
    listen(this);
    this.runner = new Runner({
      state: (state) => this.#enter(state),
      report: (facts) => say(this, facts),
      show: (view) => this.#show(view),
      hidden: () =>
        this.#visible ? undefined : new Promise((resolve) => this.#seen.push(resolve)),
    });
  }

  get figureName() {
    return this.type.figure.name;
  }
  /** Its language tag, from the nearest `lang`. */
  #tag() {
    const tagged = this.closest('[lang]') ?? document.documentElement;
    return tagged.getAttribute('lang') || navigator.language;
  }
  /** The value of a setting: the attribute's, the recorded one, or the default. @param {string} name @returns {any} */
  value(name) {
    const { table } = this.settings;
    return this.settings.own(name) ?? this.recorded?.request[name] ?? table[name].fallback;
  }
  /** A name of an included model, a URL, a Blob, bytes or a Model. Default: the recorded one, or the language's. @type {any} */
  get model() {
    const named = this.settings.own('model') ?? this.recorded?.model.file;
    return this.#given ?? named ?? defaultModel(this.language());
  }
  set model(value) {
    this.#given = typeof value === 'string' ? undefined : value;
    if (typeof value === 'string') this.setAttribute('model', value);
    else this.#note('model');
  }
  /** The attributes that make up the state, for addresses. @returns {Record<string, string>} */
  get state() {
    const set = Object.keys(this.settings.table).filter((name) => this.hasAttribute(name));
    return Object.fromEntries(set.map((name) => [name, this.getAttribute(name) ?? '']));
  }
  /** What the figure computes from: the values of all settings. @returns {Record<string, any>} */
  request() {
    return Object.fromEntries(Object.keys(this.settings.table).map((k) => [k, this.value(k)]));
  }

  connectedCallback() {
    this.#takeEarly();
    this.#join();
    this.#unwatch ??= watch(this, (visible) => this.#look(visible));
    if (!this.view) this.#record();
    if (document.readyState === 'loading')
      // the scene in it is not parsed yet
      document.addEventListener('DOMContentLoaded', () => this.#again(), { once: true });
    this.#enter(this.#state);
  }
  #again() {
    if (this.isConnected && !this.live && this.querySelector(':scope > script')) this.#record();
  }
  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected) return; // moved to another place
      this.runner.release();
      this.#unwatch?.();
      if (this.#group) leave(this, this.#group);
      this.#unwatch = this.#group = undefined;
      if (this.live) [this.view, this.live] = [null, false];
      this.#state = 'idle';
    });
  }
  /** @param {string} name @param {string | null} old @param {string | null} text */
  attributeChangedCallback(name, old, text) {
    this.settings.read(name, text);
    if (!this.isConnected || old === text) return;
    if (name === 'share') this.#join();
    if (this.#group && text !== null && SHARED.includes(name))
      publish(this, this.#group, name, text);
    this.#note(name);
  }
  /** Applies properties that a page set before this class was defined. */
  #takeEarly() {
    for (const name of Object.keys(this.settings.table)) {
      if (!Object.hasOwn(this, name)) continue;
      const value = /** @type {any} */ (this)[name];
      delete (/** @type {any} */ (this)[name]);
      /** @type {any} */ (this)[name] = value;
    }
  }
  /** Updates once after all changes of a task. @param {string} name of a setting */
  #note(name) {
    if (!this.#changed.size) queueMicrotask(() => this.#update());
    this.#changed.add(name);
  }
  #join() {
    const name = this.settings.own('share');
    if (name === this.#group) return;
    if (this.#group) leave(this, this.#group);
    this.#group = name;
    if (name) join(this, name);
  }
  /** @param {boolean} visible */
  #look(visible) {
    this.#visible = visible;
    if (!visible) return;
    for (const resolve of this.#seen.splice(0)) resolve();
    if (this.#changed.size) this.#update();
  }
  /** Draws again; computes again if a setting needs it and the reader has started this figure, or one that shares. */
  #update() {
    if (!this.isConnected) return;
    const needs = [...this.#changed].some((name) =>
      name === 'model' ? this.type.needsModel : this.needs(name),
    );
    const begun = this.#state !== 'idle' || (!!this.#group && isLoaded(this.model));
    if (needs && begun && !this.#visible) return; // when it is seen
    if (this.#changed.has('scene') || (!this.live && this.#changed.has('model'))) this.#record();
    this.#changed.clear();
    this.#waits ||= needs && !begun;
    if (needs && begun) this.start();
    render(this); // also while an earlier computation runs, so that the next key finds what is selected
  }
  /** Takes the view from the scene. */
  async #record() {
    try {
      const found = sceneFor(this);
      const scene = found instanceof Promise ? await found : found; // without a tick if it is in the page
      if (this.live) return;
      this.recorded = scene;
      this.view = scene?.views[this.viewName] ?? null;
      this.facts = {};
    } catch (e) {
      this.facts = { problem: ['status.badScene', String(/** @type {any} */ (e)?.message ?? e)] };
    }
    render(this);
  }

  /** Loads the model and computes. Resolves when done, stopped or failed. */
  async start() {
    this.#changed.clear();
    this.#waits = false;
    if (!allowsWasm()) return say(this, { problem: ['error.noWasm', ''] });
    if (this.recorded && hasLittleMemory()) return say(this, { problem: ['error.little', ''] });
    this.facts = {};
    try {
      const request = this.request();
      const source = this.type.needsModel ? this.model : null;
      const { view, model, seconds } = await this.runner.run(this.type.figure, source, request);
      const own = view?.model && { ...view.model, fileType: view.model.type };
      this.facts = { model: model?.info ?? own, seconds };
      this.#show(view);
      this.#enter('done');
    } catch (e) {
      if (/** @type {any} */ (e)?.name === 'AbortError' || !this.isConnected) return;
      const stays = !!this.recorded && !this.live && isMemory(e);
      const problem = isForbidden(e) ? 'error.noWasm' : stays ? 'error.noMemory' : '';
      this.facts = problem ? { problem: [problem, ''] } : { error: e };
      this.#enter(problem ? 'idle' : 'error');
    }
  }
  /** Ends the computation, if any; what was drawn stays. */
  stop() {
    if (!this.runner.running) return;
    this.runner.stop();
    this.facts = { problem: ['status.stopped', ''] };
    this.#enter(this.live ? 'done' : 'idle');
  }
  /** Takes the reader's text and computes. @param {string} text */
  take(text) {
    if (this.type.input && text !== (this.value('text') ?? '')) {
      this.setAttribute('text', text);
      this.emit('take', { text });
    }
    return this.start();
  }
  /** Uses another model from now on. @param {any} source */
  use(source) {
    this.model = source;
    return this.start();
  }
  /** The shown view as a scene. */
  record() {
    return recordOf(this);
  }
  /** Says a sentence in the status line. @param {string} said */
  say(said) {
    say(this, { said });
  }
  /** Selects a layer, head or token, here and in figures that share. @param {Record<string, number>} what */
  select(what) {
    for (const [name, value] of Object.entries(what)) this.setAttribute(name, String(value));
    this.emit('select', what);
  }
  /** @param {string} name @param {any} [detail] */
  emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }
  /** @param {any} view */
  #show(view) {
    [this.view, this.live] = [view, true];
    render(this);
  }
  /** @param {State} state */
  #enter(state) {
    const before = this.#state;
    this.#state = state;
    this.dataset.state = state;
    render(this);
    if (before === 'loading' && state === 'running') this.emit('load');
    if (EVENTS[state] && before !== state) this.emit(EVENTS[state]);
    if (state !== 'done' || !this.#group) return;
    for (const other of membersOf(this.#group))
      if (/** @type {any} */ (other).#waits) /** @type {any} */ (other).#note('text');
  }

  // For subclasses.
  /** Whether the view must be computed again after a change of this setting. @param {string} name */
  needs(name) {
    return this.type.figure.settings.includes(name);
  }
  /** What the start button says, if the element has its own words. @returns {string | undefined} */
  startText() {
    return undefined;
  }
  /** The name of its view in a scene. */
  get viewName() {
    return this.figureName;
  }
  /** @param {HTMLElement} _body @param {any} _view */
  draw(_body, _view) {}
  /** Its controls. @param {any} _view @returns {Node[]} */
  own(_view) {
    return [];
  }
  /** @param {any} _view @returns {Twin} */
  twin(_view) {
    return { columns: [], rows: [] };
  }
  /** A sentence that says what the picture shows. @param {any} _view */
  summary(_view) {
    return '';
  }
  /** A standalone picture, if it is not the svg or canvas of the body. @returns {{ svg: string, width: number, height: number } | null} */
  picture() {
    return null;
  }
}
