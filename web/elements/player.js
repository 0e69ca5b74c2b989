/**
 * player.js - walks a setting from 0 to n: buttons, a slider, arrow keys, and playing with a pause per step.
 */
import { button, slider } from './controls.js';

const STEP_MS = 700;

/** @typedef {import('./base.js').JlElement} JlElement */

export class Player {
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /**
   * @param {JlElement} element @param {string} name of the setting
   * @param {() => { step: number, n: number }} now the shown step and the last one
   */
  constructor(element, name, now) {
    this.element = element;
    this.name = name;
    this.now = now;
  }
  /** @param {number} to */
  go(to) {
    this.element.setAttribute(this.name, String(Math.max(0, Math.min(to, this.now().n))));
  }
  pause() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
  /** From the start if the last step is shown. */
  play() {
    if (!this.element.isConnected) return this.pause();
    const { step, n } = this.now();
    const next = this.#timer || step < n ? step + 1 : 0;
    this.#timer = next < n ? setTimeout(() => this.play(), STEP_MS) : undefined;
    this.go(next);
  }
  /** Arrow keys, Home and End. @param {KeyboardEvent} event */
  key(event) {
    const { step, n } = this.now();
    /** @type {Record<string, number>} */
    const moves = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -step, End: n };
    if (!(event.key in moves)) return;
    event.preventDefault();
    this.pause();
    this.go(step + moves[event.key]);
  }
  /** Its controls. The element has words for back, next, play, pause and step. */
  controls() {
    const { element, name } = this;
    const { t } = element;
    const { step, n } = this.now();
    const by = (/** @type {number} */ move) => () => {
      this.pause();
      this.go(this.now().step + move);
    };
    const back = button(element, `${name}.back`, t('back'), by(-1));
    const next = button(element, `${name}.next`, t('next'), by(1));
    const play = button(element, `${name}.play`, t(this.#timer ? 'pause' : 'play'), () => {
      if (!this.#timer) return this.play();
      this.pause();
      play.textContent = t('play');
    });
    back.setAttribute('aria-disabled', String(step === 0)); // not disabled, because that drops the focus
    next.setAttribute('aria-disabled', String(step === n));
    const range = { min: 0, max: n, step: 1, show: (/** @type {number} */ v) => `${v} / ${n}` };
    const bar = slider(element, name, t('step'), range, step);
    bar.oninput = () => this.pause();
    return [back, next, play, bar];
  }
}
