/**
 * block.js - <jl-block>: one Transformer block as a flow, with the length of what each part adds, and all blocks.
 *
 * Arrow keys up and down walk the stages, left and right the blocks.
 */
import { block, layout, STAGES } from '../figures/block.js';
import { make } from '../ui/dom.js';
import { drawFlow, flowHeight, flowStyle } from '../ui/flow.js';
import { decades, drawMultiples, multiplesHeight, onScale } from '../ui/multiples.js';
import { picture, resize } from '../ui/svg.js';
import { JlElement } from './base.js';
import { numbers, once } from './controls.js';
import { string } from './settings.js';
import { words } from './words/block.js';

/** @typedef {import('../figures/block.js').BlockView} View */

const SUMMED = ['resid_pre', 'attn_out', 'resid_mid', 'mlp_out', 'resid_post'];
const BESIDE = 640; // px; from this width on, the list of blocks is beside the flow

export class JlBlock extends JlElement {
  static figure = block;
  static words = words;
  static css = flowStyle;
  static settings = { stage: string('mlp_out', 40) };

  /** @param {View} view */
  #layer(view) {
    return Math.min(this.value('layer') ?? 0, view.blocks.length - 1);
  }
  /** The stages of the shown block. @param {View} view */
  #stages(view) {
    const { stages } = view.blocks[this.#layer(view)];
    return STAGES.filter((name) => name in stages);
  }
  /** @param {View} view */
  #stage(view) {
    const names = this.#stages(view);
    return names.includes(this.value('stage')) ? this.value('stage') : 'resid_post';
  }
  /** @param {number} x */
  #number(x) {
    return this.format.number(x, { maximumSignificantDigits: 3 });
  }
  /** @param {View} view @param {string} stage @param {number} [layer] */
  #source(view, stage, layer = this.#layer(view)) {
    return `blocks.${layer}.${view.sites[stage].name}[${view.token}]`;
  }
  /** @param {View} view @param {string} stage */
  #name(view, stage) {
    if (stage === 'attn_out' && !this.#stages(view).includes('q')) return this.t('convolution');
    if (stage === 'mlp.post' && view.gated) return this.t('gated');
    if (stage === 'mlp_out' && this.#stages(view).includes('expert_weights'))
      return this.t('experts', { used: view.expertsUsed, all: view.experts });
    return this.t(stage);
  }
  /** Exponents of the scale of all bars. @param {View} view */
  #scale(view) {
    const norms = view.blocks.flatMap(({ stages }) =>
      SUMMED.map((name) => stages[name]?.norm ?? 0),
    );
    return decades(norms);
  }

  /** The boxes and arrows of the shown block. @param {View} view */
  #plan(view) {
    const { stages } = view.blocks[this.#layer(view)];
    const scale = this.#scale(view);
    const { boxes, arrows } = layout(Object.keys(stages), view.encoder);
    const filled = boxes.map((box) => {
      if (!(box.id in stages)) return { ...box, name: '' };
      const { norm } = stages[box.id];
      const shape = view.sites[box.id].shape.join('×');
      const few = (box.part?.[1] ?? 1) > 1; // little room
      return {
        ...box,
        name: this.#name(view, box.id),
        words: few ? shape : this.t('words', { shape, norm: this.#number(norm) }),
        source: this.#source(view, box.id),
        size: SUMMED.includes(box.id) ? onScale(norm, scale) : undefined,
        kind: ['q', 'k', 'v'].includes(box.id) ? box.id : undefined,
      };
    });
    return { boxes: filled, arrows };
  }

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const { svg, readout, check, legend } = once(this, 'parts', () => this.#create());
    if (!view.blocks.length)
      return body.replaceChildren(make('p', { className: 'empty' }, this.t('empty')));
    if (svg.parentNode !== body) body.replaceChildren(svg, readout, check, legend);
    const width = Math.max(280, body.clientWidth);
    const beside = width >= BESIDE;
    const { boxes, arrows } = this.#plan(view);
    const flowWidth = beside ? Math.min(420, Math.round(width * 0.52)) : width;
    const top = beside ? 0 : flowHeight(boxes) + 16;
    const left = beside ? flowWidth + 32 : 0;
    const list = multiplesHeight(view.blocks.length);
    resize(svg, width, beside ? Math.max(list, flowHeight(boxes)) : top + list);
    const scale = this.#scale(view);
    svg.replaceChildren(
      ...drawFlow(boxes, arrows, { width: flowWidth, chosen: this.#stage(view) }),
      ...drawMultiples(this.#list(view, { left, top, width: width - left }), scale),
    );
    svg.setAttribute('aria-label', this.summary(view));
    const stage = this.#stage(view);
    readout.textContent = this.#sentence(view, stage);
    readout.dataset.source = this.#source(view, stage);
    const { error } = view.blocks[this.#layer(view)];
    const off = view.encoder && error > 1e-3;
    check.textContent = this.t(off ? 'after' : 'adds', { error: this.#error(error) });
    check.dataset.source = `blocks.${this.#layer(view)}.hook_resid_post − resid_pre − attn_out − mlp_out`;
    const [low, high] = scale.map((power) => this.#number(10 ** power));
    legend.textContent = this.t('scale', { token: view.tokens[view.token].label, low, high });
  }
  /** @param {number} error */
  #error(error) {
    return this.format.number(error, { notation: 'scientific', maximumSignificantDigits: 2 });
  }
  /** @param {View} view @param {{ left: number, top: number, width: number }} place */
  #list(view, place) {
    const rows = view.blocks.map(({ stages }, layer) => ({
      name: String(layer),
      bars: ['resid_pre', 'attn_out', 'mlp_out'].map((stage) => ({
        value: stages[stage].norm,
        text: this.#number(stages[stage].norm),
        source: this.#source(view, stage, layer),
      })),
    }));
    const columns = ['sizes', 'sizesAttention', 'sizesForward'].map((key) => this.t(key));
    return { columns, rows, chosen: this.#layer(view), place };
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
    const last = this.view.blocks.length - 1;
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
    const all = view.blocks.map((_, i) => i);
    return [numbers(this, 'layer', this.t('label.layer'), all, this.#layer(view))];
  }
  /** @param {View} view @param {string} stage */
  #sentence(view, stage) {
    const { norm, first } = view.blocks[this.#layer(view)].stages[stage];
    return this.t('stage', {
      layer: this.#layer(view),
      name: stage,
      shape: view.sites[stage].shape.join('×'),
      norm: this.#number(norm),
      first: first.map((x) => this.#number(x)).join(', '),
    });
  }
  /** @param {View} view */
  summary(view) {
    if (!view.blocks.length) return this.t('empty');
    const ratio = (/** @type {View['blocks'][0]} */ { stages }) =>
      stages.mlp_out.norm / stages.resid_pre.norm;
    const best = view.blocks.reduce((b, x, i) => (ratio(x) > ratio(view.blocks[b]) ? i : b), 0);
    const { stages } = view.blocks[this.#layer(view)];
    return this.t('summary', {
      token: view.tokens[view.token].label,
      layer: this.#layer(view),
      n: view.blocks.length,
      pre: this.#number(stages.resid_pre.norm),
      attention: this.#number(stages.attn_out.norm),
      forward: this.#number(stages.mlp_out.norm),
      post: this.#number(stages.resid_post.norm),
      best,
      ratio: this.#number(ratio(view.blocks[best])),
    });
  }
  /** @param {View} view */
  twin(view) {
    const columns = [this.t('column'), this.t('shape'), this.t('norm')];
    for (let i = 0; i < 3; i++) columns.push(this.t('value', { i }));
    const rows = view.blocks.flatMap(({ stages, error }, layer) => [
      ...STAGES.filter((name) => name in stages).map((name) => {
        const source = this.#source(view, name, layer);
        const shape = view.sites[name].shape.join('×');
        const values = stages[name].first.map((x) => ({ text: this.#number(x), source }));
        return [source, shape, { text: this.#number(stages[name].norm), source }, ...values];
      }),
      [
        `${this.t('difference')} (${layer})`,
        '',
        { text: this.#error(error), source: `blocks.${layer}` },
      ],
    ]);
    return { columns, rows };
  }
}
