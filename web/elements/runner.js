/**
 * runner.js - runs a figure's computation: loads the model, waits for the page's turn, reports progress, stops.
 *
 * One runner per element. A new run ends the one before it.
 */
import { plainJob } from '../figures/figure.js';
import { acquire, inTurn, isLoaded, release } from './engine.js';

/** @typedef {import('../figures/figure.js').Figure} Figure */
/** @typedef {import('./engine.js').ModelSource} ModelSource */

/** The smallest module. A page that forbids wasm throws on it. */
const EMPTY_WASM = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

/** Whether the page may run wasm. WebKit checks the policy when a module is instantiated. */
export function allowsWasm() {
  try {
    return !!new WebAssembly.Instance(new WebAssembly.Module(EMPTY_WASM));
  } catch {
    return false;
  }
}

/** Whether an error says that a policy forbids wasm: a worker's policy may differ from the page's. @param {any} e */
export const isForbidden = (e) =>
  e?.code === 'WASM' && /Content Security Policy|by CSP/i.test(String(e.message));

/** Whether an error says that the device has not enough memory. @param {any} e */
export const isMemory = (e) =>
  e?.code === 'OUT_OF_MEMORY' ||
  /out of memory|could not allocate|allocation failed|cannot allocate/i.test(String(e?.message));

const LITTLE_GB = 1;
let warned = false;

/** Whether the device has little memory, as far as the browser says it; true once, so that a reader can insist. */
export function hasLittleMemory() {
  const little = !warned && /** @type {any} */ (navigator).deviceMemory < LITTLE_GB;
  warned ||= little;
  return little;
}

/**
 * What a runner tells its element.
 * @typedef {object} Listener
 * @property {(state: 'loading' | 'running') => void} state
 * @property {(facts: import('./render.js').Facts) => void} report progress of loading or computing
 * @property {(view: any) => void} show
 * @property {() => Promise<void> | undefined} hidden a promise that resolves when the element is visible; undefined
 *   if it is
 */

export class Runner {
  /** @type {AbortController | undefined} */ #controller;
  /** Resolves when all runs so far have ended: a figure may keep things that one run uses at a time. */
  #ended = Promise.resolve();
  /** @type {ModelSource | undefined} that this element holds */ #source;
  /** What the figure keeps from one run to the next. @type {{ close?: () => void, [name: string]: any }} */ kept =
    {};

  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
  }

  get running() {
    return !!this.#controller;
  }

  /**
   * Computes a view. Rejects with signal.reason when stopped.
   * @param {Figure} figure @param {ModelSource | null} source null: the figure needs no model
   * @param {import('../figures/figure.js').Request} request
   * @returns {Promise<{ view: any, model: import('../jielong.js').Model | null, seconds: number }>}
   */
  async run(figure, source, request) {
    this.stop();
    const controller = new AbortController();
    this.#controller = controller;
    const running = this.#after(this.#ended, figure, source, request, controller);
    this.#ended = running.then(
      () => {},
      () => {},
    );
    return running;
  }

  /** @param {Promise<void>} before @param {Figure} figure @param {ModelSource | null} source @param {import('../figures/figure.js').Request} request @param {AbortController} controller */
  async #after(before, figure, source, request, controller) {
    const { signal } = controller;
    try {
      const model = source === null ? null : await this.#model(source, signal);
      await before;
      signal.throwIfAborted();
      this.listener.state('running');
      return await inTurn(
        async (pause) => {
          const began = performance.now();
          let first = -1;
          const job = {
            ...plainJob(signal),
            kept: this.kept,
            pause,
            progress: (/** @type {number} */ done, /** @type {number} */ total, unit = 'steps') => {
              if (first < 0) first = done;
              const rate = ((done - first) * 1000) / (performance.now() - began);
              if (!signal.aborted) this.listener.report({ work: { done, total, unit, rate } });
            },
            show: (/** @type {any} */ view) => {
              if (!signal.aborted) this.listener.show(view);
            },
          };
          const view = await figure.compute(/** @type {any} */ (model), request, job);
          signal.throwIfAborted();
          return { view, model, seconds: (performance.now() - began) / 1000 };
        },
        signal,
        this.listener.hidden,
      );
    } finally {
      if (this.#controller === controller) this.#controller = undefined;
    }
  }

  /** @param {ModelSource} source @param {AbortSignal} signal */
  async #model(source, signal) {
    if (this.#source !== source) this.#drop();
    this.#source = source;
    if (!isLoaded(source)) this.listener.state('loading');
    const began = performance.now();
    return acquire(source, this, {
      signal,
      onProgress: (progress) => {
        const seconds = (performance.now() - began) / 1000;
        if (!signal.aborted) this.listener.report({ loading: { ...progress, seconds } });
      },
    });
  }

  /** Ends the run, if any. */
  stop() {
    this.#controller?.abort();
    this.#controller = undefined;
  }

  /** Ends the run and drops the model. */
  release() {
    this.stop();
    this.#drop();
  }

  #drop() {
    if (this.#source !== undefined) release(this.#source, this);
    this.#source = undefined;
    this.kept.close?.();
    this.kept = {};
  }
}
