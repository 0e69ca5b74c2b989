/**
 * block-parts.js - the boxes, the list of blocks, the sentences and the table of jl-block.
 */
import { layout, stagesOf } from '../figures/block.js';
import { decades, onScale } from '../ui/multiples.js';

/** @typedef {import('./block.js').JlBlock} Element */
/** @typedef {import('../figures/block.js').BlockView} View */

const SUMMED = ['resid_pre', 'attn_out', 'resid_mid', 'mlp_out', 'resid_post'];

/** @param {Element} element @param {number} x */
export const short = ({ format }, x) => format.number(x, { maximumSignificantDigits: 3 });

/** @param {Element} element @param {number} error */
export const errorText = ({ format }, error) =>
  format.number(error, { notation: 'scientific', maximumSignificantDigits: 2 });

/** The tap of a stage. @param {View} view @param {string} stage @param {number} layer */
export const sourceOf = (view, stage, layer) =>
  `blocks.${layer}.${view.stages[stage].name}[${view.token}]`;

/** @param {View} view @param {string} stage @param {number} layer */
export const normAt = (view, stage, layer) => view.stages[stage].norms[layer] ?? 0;

/** @param {View} view @param {string} stage @param {number} layer */
const firstAt = (view, stage, layer) => view.stages[stage].first[layer] ?? [];

/** Exponents of the scale of all bars. @param {View} view */
export const scaleOf = (view) =>
  decades(SUMMED.flatMap((name) => (view.stages[name]?.norms ?? []).map((norm) => norm ?? 0)));

/** @param {Element} element @param {View} view @param {number} layer @param {string} stage */
function nameOf({ t }, view, layer, stage) {
  const has = (/** @type {string} */ name) => stagesOf(view, layer).includes(name);
  if (stage === 'attn_out' && !has('q')) return t('convolution');
  if (stage === 'mlp.post' && view.gated) return t('gated');
  if (stage === 'mlp_out' && has('expert_weights'))
    return t('experts', { used: view.expertsUsed, all: view.experts });
  return t(stage);
}

/** The boxes and arrows of a block. @param {Element} element @param {View} view @param {number} layer */
export function planOf(element, view, layer) {
  const scale = scaleOf(view);
  const { boxes, arrows } = layout(stagesOf(view, layer), view.after);
  const filled = boxes.map((box) => {
    if (!view.stages[box.id]) return { ...box, name: '' };
    const norm = normAt(view, box.id, layer);
    const shape = view.stages[box.id].shape.join('×');
    const few = (box.part?.[1] ?? 1) > 1; // little room
    return {
      ...box,
      name:
        box.part?.[1] === 2 ? element.t(`half.${box.id}`) : nameOf(element, view, layer, box.id),
      words: few ? shape : element.t('words', { shape, norm: short(element, norm) }),
      source: sourceOf(view, box.id, layer),
      size: SUMMED.includes(box.id) ? onScale(norm, scale) : undefined,
      kind: ['q', 'k', 'v'].includes(box.id) ? box.id : undefined,
    };
  });
  return { boxes: filled, arrows };
}

/** All blocks as rows of bars. @param {Element} element @param {View} view @param {number} chosen block @param {{ left: number, top: number, width: number }} place */
export function listOf(element, view, chosen, place) {
  const rows = view.errors.map((_, layer) => ({
    name: String(layer),
    bars: ['resid_pre', 'attn_out', 'mlp_out'].map((stage) => ({
      value: normAt(view, stage, layer),
      text: short(element, normAt(view, stage, layer)),
      source: sourceOf(view, stage, layer),
    })),
  }));
  const columns = ['sizes', 'sizesAttention', 'sizesForward'].map((key) => element.t(key));
  return { columns, rows, chosen, place };
}

/** What a stage holds. @param {Element} element @param {View} view @param {number} layer @param {string} stage */
export function sentenceOf(element, view, layer, stage) {
  return element.t('stage', {
    layer,
    name: stage,
    shape: view.stages[stage].shape.join('×'),
    norm: short(element, normAt(view, stage, layer)),
    first: firstAt(view, stage, layer)
      .map((x) => short(element, x))
      .join(', '),
  });
}

/** @param {Element} element @param {View} view */
export function twinOf(element, view) {
  const { t } = element;
  const columns = [t('column'), t('shape'), t('norm'), ...[0, 1, 2].map((i) => t('value', { i }))];
  const rows = view.errors.flatMap((error, layer) => [
    ...stagesOf(view, layer).map((name) => {
      const source = sourceOf(view, name, layer);
      const numbers = [normAt(view, name, layer), ...firstAt(view, name, layer)];
      const cells = numbers.map((x) => ({ text: short(element, x), source }));
      return [source, view.stages[name].shape.join('×'), ...cells];
    }),
    [
      t('difference', { layer }),
      '',
      { text: errorText(element, error), source: `blocks.${layer}: resid_post − its parts` },
      ...firstAt(view, 'resid_post', layer).map(() => ''),
    ],
  ]);
  return { columns, rows };
}
