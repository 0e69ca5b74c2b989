/**
 * playground.js - <jl-playground>: a prompt, the generated tokens tinted by probability, and the alternatives of one.
 *
 * Choosing an alternative drops the tokens after it and continues from there. Every run takes a fresh seed, unless the
 * attribute `seed` is set; the first run of the recorded text writes what was recorded.
 */
import { playground } from '../figures/playground.js';
import { Alternatives } from '../ui/alternatives.js';
import { barsCss } from '../ui/bars.js';
import { make } from '../ui/dom.js';
import { pictureOfHtml } from '../ui/picture.js';
import { streamCss, TokenStream } from '../ui/stream.js';
import { JlElement } from './base.js';
import { once } from './controls.js';
import { isLoaded } from './engine.js';
import * as parts from './playground-parts.js';
import { samplerCss, samplerSettings } from './sampler.js';
import { flag, whole } from './settings.js';
import { words } from './words/playground.js';

/** @typedef {import('../figures/playground.js').PlaygroundView} View */
/** @typedef {import('../figures/playground.js').From} From */

export class JlPlayground extends JlElement {
  static figure = playground;
  static words = words;
  static input = /** @type {const} */ ('area');
  static settings = {
    ...samplerSettings(),
    count: whole(undefined, 1, 4096), // tokens of a run
    greedy: flag(),
    chat: flag(),
  };
  static css = barsCss + streamCss + samplerCss + parts.css;

  /** Where the next run begins. @type {From | undefined} */ #next;
  /** The model of `#next`, because ids belong to it. @type {any} */ #nextModel;
  /** Where the last run began. @type {From | undefined} */ #last;
  /** @type {number | undefined} */ #again;
  /** The text of the last run, or the one that the figures got. */ #told = '';
  #shown = 0; // the token whose alternatives are shown
  /** The view that the stream shows. @type {View | undefined} */ #drawn;
  #rate = new parts.Rate();
  #heard = 0; // characters that were spoken

  constructor() {
    super();
    const { body, ask, field, start } = this.frame;
    body.before(/** @type {Node} */ (ask.parentNode));
    field.addEventListener('keydown', (event) => {
      const { key, shiftKey, isComposing, keyCode } = /** @type {KeyboardEvent} */ (event);
      if (key !== 'Enter' || shiftKey || isComposing || keyCode === 229) return; // 229: composing
      event.preventDefault();
      start.click();
    });
  }
  request() {
    const { settings, recorded, live } = this;
    const replay = !live && recorded && this.value('text') === recorded.request.text;
    const { seed, count } = replay && !this.#next ? recorded.request : /** @type {any} */ ({});
    return {
      ...super.request(),
      seed: this.#again ?? settings.own('seed') ?? seed,
      count: settings.own('count') ?? count,
      from: this.#next,
    };
  }
  /** @param {From} [from] */
  async start(from = this.#nextModel === this.model ? this.#next : undefined) {
    const text = this.value('text') ?? from?.view.text;
    this.#last = this.#next = from && this.#belongs(text, from.view) ? from : undefined;
    this.#told = text;
    const done = super.start(); // reads the request at once
    this.#next = this.#again = undefined;
    await done;
  }

  /** Whether a view continues this text. @param {string} text @param {View} view */
  #belongs(text, view) {
    return text === view.text || text === this.#told;
  }

  /** @param {HTMLElement} body @param {View & { missing?: string }} view */
  draw(body, view) {
    const { play, stream, meter, spoken } = this.#parts();
    if (play.parentNode !== body) body.replaceChildren(play, meter, spoken);
    const text = this.value('text') ?? view.text;
    const same = this.#belongs(text, view);
    const prompt = view.missing ? this.t(`missing.${view.missing}`) : same ? view.text : text;
    const given = view.chat && same ? `${prompt}\n` : prompt; // the answer begins a line
    if (stream.given.textContent !== given) stream.given.textContent = given;
    if (same) this.#stream(stream, view);
    else {
      stream.truncate(0);
      this.#drawn = undefined;
    }
    this.#alternatives();
    stream.root.setAttribute('aria-label', this.t('stream'));
    meter.textContent = this.#meter(view);
    if (this.dataset.state === 'running' || view.finish) {
      const said = parts.sentenceOf(view, this.#heard);
      this.#heard += said.length;
      if (said) spoken.textContent = said.trim();
    }
  }
  #parts() {
    return once(this, 'parts', () => {
      const alternatives = new Alternatives({
        choose: (row) => this.#choose(row),
        leave: () => stream.focus(),
      });
      const look = (/** @type {number} */ index) => {
        if (alternatives.focused) return; // the reader is choosing
        this.#shown = index;
        this.#alternatives();
      };
      const open = (/** @type {number} */ index) => {
        look(index);
        alternatives.list.focus();
      };
      const stream = new TokenStream({ look, open });
      stream.root.setAttribute('role', 'group');
      const play = make('div', { className: 'play' }, stream.root, alternatives.root);
      const spoken = make('p', { className: 'hidden' });
      spoken.setAttribute('role', 'status');
      return { play, stream, alternatives, meter: make('p', { className: 'meter quiet' }), spoken };
    });
  }

  /** Appends what is new; removes what this view has not. @param {TokenStream} stream @param {View} view */
  #stream(stream, view) {
    if (this.#drawn !== view) {
      stream.truncate(this.#drawn ? parts.sameTokens(this.#drawn, view) : 0);
      this.#drawn = view;
      this.#rate = new parts.Rate(view.ids.length);
      this.#heard = view.texts.join('').length;
      this.#shown = Math.max(view.chosen, 0);
      stream.follow = this.runner.running; // a recorded text stands at its beginning
    }
    const from = stream.length;
    const entries = view.ids.slice(from).map((id, k) => {
      const p = Math.exp(view.logprobs[from + k]);
      const name = () => this.t('token', { token: view.labels[id], p: this.format.percent(p) });
      return { text: view.texts[from + k], p, chosen: from + k === view.chosen, name };
    });
    stream.append(entries);
    if (from <= view.chosen) stream.enter(view.chosen);
  }
  #alternatives() {
    const { alternatives, stream } = this.#parts();
    const view = /** @type {View} */ (this.view);
    alternatives.show(parts.listingOf(this, view, this.#shown < stream.length ? this.#shown : -1));
  }
  /** @param {number} row */
  #choose(row) {
    const from = { view: this.view, count: this.#shown, choice: row };
    if (isLoaded(this.model)) return void this.start(from);
    [this.#next, this.#nextModel] = [from, this.model];
    this.draw(this.frame.body, this.view);
  }

  /** @param {View} view */
  #meter(view) {
    if (this.#next) return parts.chosenText(this, this.#next);
    if (this.dataset.state === 'running') this.#rate.count(view.ids.length);
    return parts.meterText(this, view, this.live ? this.#rate.value : 0);
  }
  /** @param {View} view */
  own(view) {
    return parts.controlsOf(this, view, {
      again: () => {
        this.#again = view.sampling.seed;
        this.start(this.#last);
      },
      more: () => this.start({ view, count: view.ids.length }),
      use: () => {
        this.#told = parts.wholeOf(view);
        this.setAttribute('text', this.#told);
      },
    });
  }
  /** @param {View} view */
  twin(view) {
    return parts.twinOf(this, view);
  }
  /** @param {View} view */
  summary(view) {
    return parts.summaryOf(this, view);
  }
  picture() {
    return pictureOfHtml(this.#parts().stream.root, this.summary(this.view));
  }
}
