/**
 * train.js - <jl-train>: trains a small model in the page, on a text or on repeated random tokens.
 *
 * Nothing is downloaded but the engine and a small text. `text` is the prompt of the bars and samples; `trainingText`
 * is the reader's own text. Stop and Start continue. Figures with the same `share` can use the trained model.
 */
import { train } from '../figures/train.js';
import { corpusOf } from '../figures/training.js';
import { make } from '../ui/dom.js';
import { download } from '../ui/export.js';
import { PAIRS_CSS } from '../ui/pairs.js';
import { plotStyle } from '../ui/plot.js';
import { picture, resize } from '../ui/svg.js';
import { JlElement } from './base.js';
import { button, choice, once, slider } from './controls.js';
import { provide } from './engine.js';
import { flag, oneOf, whole } from './settings.js';
import { ownText, taskList } from './train-controls.js';
import { promptOf, TRAIN_CSS, trainPicture } from './train-picture.js';
import { trainTable } from './train-table.js';
import { trainWorking } from './train-working.js';
import { words } from './words/train.js';
import { drawWorking, shows, WORKING, workingButton } from './working.js';

/** @typedef {import('../figures/train.js').TrainView} View */

const DIGITS = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
let trained = 0; // models that the page has been given

export class JlTrain extends JlElement {
  static figure = train;
  static words = words;
  static css = PAIRS_CSS + plotStyle + TRAIN_CSS + WORKING;
  static needsModel = false;
  static settings = {
    task: oneOf('text', ['text', 'induction']),
    corpus: oneOf(/** @type {any} */ (undefined), ['tales', 'poems', 'own']),
    unit: oneOf('characters', ['characters', 'merges']),
    steps: whole(undefined, 2, 20_000),
    moment: whole(),
    working: flag(),
  };

  #own = '';
  /** The reader's own text, for corpus="own". */
  get trainingText() {
    return this.#own;
  }
  set trainingText(text) {
    this.#own = String(text);
  }
  get viewName() {
    return this.value('task') === 'induction' ? 'induction' : 'train';
  }
  get #complete() {
    return this.live && this.view?.step === this.view?.steps;
  }

  /** @param {string} name */
  needs(name) {
    if (this.value('corpus') === 'own' && !this.#own) return false; // wait for the text
    return super.needs(name);
  }
  /** @param {string} name @param {string | null} old @param {string | null} text */
  attributeChangedCallback(name, old, text) {
    super.attributeChangedCallback(name, old, text);
    if (name === 'task' && !this.live) this.model = undefined; // another recorded view
  }
  start() {
    this.runner.kept.own = this.#own;
    return super.start();
  }
  /** @param {string} text */
  take(text) {
    const again = this.#complete && text === (this.value('text') ?? '');
    if (again) this.runner.kept.close?.();
    return super.take(text);
  }
  startText() {
    if (!this.live) return this.t('button.train');
    return this.t(this.#complete ? 'button.afresh' : 'button.continue');
  }
  /** The bytes of the model at the shown moment, as a GGUF file. @returns {Uint8Array<ArrayBuffer> | undefined} */
  get file() {
    return this.runner.kept.training?.files[this.#index(this.view)];
  }
  /** Gives the trained model to the figures that share, and starts them. */
  #give() {
    const { file } = this;
    const group = this.value('share');
    if (!file || !group) return;
    const name = `trained-${++trained}`;
    provide(name, async () => file);
    this.setAttribute('model', name);
    for (const other of document.querySelectorAll(`[share="${CSS.escape(group)}"]`))
      if (other !== this && other instanceof JlElement) other.start();
    this.say(this.t('used'));
  }

  /** @param {View} view */
  #index({ moments }) {
    return Math.min(this.value('moment') ?? moments.length - 1, moments.length - 1);
  }
  /** @param {number} value */
  #nats(value) {
    return this.format.number(value, DIGITS);
  }

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const image = once(this, 'image', () => this.#create());
    const working = once(this, 'working', () => make('div'));
    if (image.parentNode !== body) body.replaceChildren(image, working);
    const moment = view.moments[this.#index(view)];
    /** @type {HTMLElement} */ (this.frame.field.parentElement).hidden = view.task === 'induction';
    const width = Math.max(280, body.clientWidth);
    const { t, format } = this;
    const { nodes, height } = trainPicture({
      ...{ view, moment, width, t, percent: format.percent },
      nats: (value) => this.#nats(value),
      count: (n) => format.number(n),
    });
    image.replaceChildren(...nodes);
    resize(image, width, height);
    image.setAttribute('aria-label', this.summary(view));
    drawWorking(working, shows(this) ? trainWorking(this, moment) : undefined);
  }
  #create() {
    const image = picture();
    image.addEventListener('keydown', (event) => {
      const [now, last] = [this.#index(this.view), this.view.moments.length - 1];
      /** @type {Record<string, number>} */
      const moves = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last };
      const to = moves[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.setAttribute('moment', String(Math.min(last, Math.max(0, to))));
    });
    return image;
  }

  /** @param {View} view */
  own(view) {
    const { t } = this;
    const induction = this.value('task') === 'induction';
    const shown = induction ? 'induction' : corpusOf(this.request());
    const units = ['characters', 'merges'].map(
      (name) => /** @type {const} */ ([name, t(`unit.${name}`)]),
    );
    const { moments } = view;
    const range = {
      min: 0,
      max: moments.length - 1,
      step: 1,
      show: (/** @type {number} */ i) => this.format.number(moments[i]?.step ?? 0),
    };
    const nodes = [
      slider(this, 'moment', t('label.moment'), range, this.#index(view)),
      taskList(this, shown),
    ];
    if (!induction) nodes.push(choice(this, 'unit', t('label.unit'), units, this.value('unit')));
    if (shown === 'own') nodes.push(ownText(this));
    const save = button(this, 'save', t('button.save'), () =>
      download('trained-in-the-page.gguf', new Blob([/** @type {any} */ (this.file)])),
    );
    save.disabled = !this.file;
    const give = button(this, 'give', t('button.use'), () => this.#give());
    give.disabled = !this.file;
    return [...nodes, workingButton(this), save, ...(this.value('share') ? [give] : [])];
  }
  /** @param {View} view */
  summary(view) {
    const moment = view.moments[this.#index(view)];
    const top = moment.next[0];
    return this.t('summary', {
      first: this.#nats(view.moments[0].held),
      held: this.#nats(moment.held),
      step: this.format.number(moment.step),
      uniform: this.#nats(view.info.uniform),
      unigram: this.#nats(view.info.unigram),
      prompt: promptOf(view),
      top: top.label,
      p: this.format.percent(top.now),
    });
  }
  /** @param {View} view */
  twin(view) {
    const { t, format } = this;
    return trainTable(view, { t, format, nats: (x) => this.#nats(x) });
  }
}
