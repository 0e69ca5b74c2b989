/**
 * block.js - <jl-block>: one Transformer block as a flow, with the length of what each part adds, and all blocks.
 *
 * Arrow keys up and down walk the stages, left and right the blocks.
 */
import { block, stagesOf } from '../figures/block.js';
import { make } from '../ui/dom.js';
import { drawFlow, flowHeight, flowStyle } from '../ui/flow.js';
import { drawMultiples, multiplesHeight } from '../ui/multiples.js';
import { picture, resize } from '../ui/svg.js';
import { JlElement } from './base.js';
import {
  errorText,
  listOf,
  normAt,
  planOf,
  scaleOf,
  sentenceOf,
  short,
  sourceOf,
  twinOf,
} from './block-parts.js';
import { numbers, once } from './controls.js';
import { string } from './settings.js';
import { words } from './words/block.js';

/** @typedef {import('../figures/block.js').BlockView} View */

const BESIDE = 640; // px; from this width on, the list of blocks is beside the flow

export class JlBlock extends JlElement {
  static figure = block;
  static words = words;
  static css = flowStyle;
  static settings = { stage: string('mlp_out', 40) };

  /** @param {View} view */
  #layer(view) {
    return Math.min(this.value('layer') ?? 0, view.errors.length - 1);
  }
  /** The stages of the shown block. @param {View} view */
  #stages(view) {
    return stagesOf(view, this.#layer(view));
  }
  /** @param {View} view */
  #stage(view) {
    const names = this.#stages(view);
    return names.includes(this.value('stage')) ? this.value('stage') : 'resid_post';
  }
  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const { svg, readout, check, legend } = once(this, 'parts', () => this.#create());
    if (!view.errors.length)
      return body.replaceChildren(make('p', { className: 'empty' }, this.t('empty')));
    if (svg.parentNode !== body) body.replaceChildren(svg, readout, check, legend);
    const width = Math.max(280, body.clientWidth);
    const beside = width >= BESIDE;
    const layer = this.#layer(view);
    const { boxes, arrows } = planOf(this, view, layer);
    const flowWidth = beside ? Math.min(420, Math.round(width * 0.52)) : width;
    const top = beside ? 0 : flowHeight(boxes) + 16;
    const left = beside ? flowWidth + 32 : 0;
    const list = multiplesHeight(view.errors.length);
    resize(svg, width, beside ? Math.max(list, flowHeight(boxes)) : top + list);
    const scale = scaleOf(view);
    svg.replaceChildren(
      ...drawFlow(boxes, arrows, { width: flowWidth, chosen: this.#stage(view) }),
      ...drawMultiples(listOf(this, view, layer, { left, top, width: width - left }), scale),
    );
    svg.setAttribute('aria-label', this.summary(view));
    const stage = this.#stage(view);
    readout.textContent = sentenceOf(this, view, layer, stage);
    readout.dataset.source = sourceOf(view, stage, layer);
    const error = view.errors[layer];
    check.textContent = this.t(view.after ? 'after' : 'adds', { error: errorText(this, error) });
    check.dataset.source = `blocks.${layer}.hook_resid_post − resid_pre − attn_out − mlp_out`;
    const [low, high] = scale.map((power) => short(this, 10 ** power));
    legend.textContent = this.t('scale', { token: view.tokens[view.token].label, low, high });
  }
  #create() {
    const svg = picture();
    svg.addEventListener('keydown', (event) => this.#key(event));
    svg.addEventListener('click', (event) => {
      const { closest } = /** @type {Element} */ (event.target);
      const found = closest.call(event.target, '[data-id], [data-row]');
      const { id, row } = /** @type {any} */ (found)?.dataset ?? {};
      if (row !== undefined) this.select({ layer: Number(row) });
      else if (id && this.#stages(this.view).includes(id)) this.setAttribute('stage', id);
    });
    const readout = make('p', { className: 'readout' });
    readout.setAttribute('aria-live', 'polite');
    return {
      svg,
      readout,
      check: make('p', { className: 'readout' }),
      legend: make('p', { className: 'legend' }),
    };
  }
  /** @param {KeyboardEvent} event */
  #key(event) {
    const names = this.#stages(this.view);
    const [at, layer] = [names.indexOf(this.#stage(this.view)), this.#layer(this.view)];
    const last = this.view.errors.length - 1;
    /** @type {Record<string, number>} */
    const stages = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: names.length - 1 };
    /** @type {Record<string, number>} */
    const layers = { ArrowLeft: layer - 1, ArrowRight: layer + 1, PageUp: 0, PageDown: last };
    if (event.key in stages) {
      const to = Math.min(Math.max(stages[event.key], 0), names.length - 1);
      this.setAttribute('stage', names[to]);
    } else if (event.key in layers)
      this.select({ layer: Math.min(Math.max(layers[event.key], 0), last) });
    else return;
    event.preventDefault();
  }

  /** @param {View} view */
  own(view) {
    const all = view.errors.map((_, i) => i);
    return [numbers(this, 'layer', this.t('label.layer'), all, this.#layer(view))];
  }
  /** @param {View} view */
  summary(view) {
    if (!view.errors.length) return this.t('empty');
    const layer = this.#layer(view);
    const norm = (/** @type {string} */ stage, at = layer) => normAt(view, stage, at);
    const ratio = (/** @type {number} */ at) => norm('mlp_out', at) / norm('resid_pre', at);
    const best = view.errors.reduce((b, _, i) => (ratio(i) > ratio(b) ? i : b), 0);
    return this.t('summary', {
      token: view.tokens[view.token].label,
      layer,
      n: view.errors.length,
      pre: short(this, norm('resid_pre')),
      attention: short(this, norm('attn_out')),
      forward: short(this, norm('mlp_out')),
      post: short(this, norm('resid_post')),
      best,
      ratio: short(this, ratio(best)),
    });
  }
  /** @param {View} view */
  twin(view) {
    return twinOf(this, view);
  }
}
