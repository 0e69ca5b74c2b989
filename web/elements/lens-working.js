/**
 * lens-working.js - how a probability of jl-lens comes about: the logits after a block, then softmax over the vocabulary.
 */
import { fiveDigits } from './working.js';

/** @typedef {import('../figures/lens.js').Row} Row */
/** @typedef {import('../figures/lens.js').Logits} Logits */

/**
 * @param {import('./base.js').JlElement} element @param {Row} row @param {Logits} found @param {number} position
 * @param {(id: number) => string} name of a token
 * @returns {import('./working.js').Working}
 */
export function lensWorking(element, { layer, top }, { logits, sum, vocabulary }, position, name) {
  const { t } = element;
  const say = fiveDigits(element);
  const max = logits[0];
  const total = Math.exp(sum - max);
  const powers = logits.map((logit) => Math.exp(logit - max));
  const rest = total - powers.reduce((a, b) => a + b, 0);
  const own = Math.exp(top[0].logprob);
  const same = Math.abs(1 / total - own) <= 1e-4;
  const source = `model.unembed(blocks.${layer}.hook_resid_post[${position}])`;
  const rows = top.map(({ id }, i) => [
    name(id),
    { text: say(logits[i]), source: `${source}[${id}]` },
    say(powers[i]),
    say(powers[i] / total),
  ]);
  const others = element.format.number(vocabulary - top.length);
  rows.push([t('working.others', { n: others }), '', say(rest), say(rest / total)]);
  return {
    lines: [
      t('working.how', { layer, n: element.format.number(vocabulary) }),
      { text: `Σ e^(logit − ${say(max)}) = ${say(total)}`, source },
      { text: `p(${name(top[0].id)}) = ${say(1)} / ${say(total)} = ${say(1 / total)}`, source },
      t(same ? 'working.same' : 'working.differs', { value: say(own) }),
    ],
    twin: {
      columns: [t('working.token'), 'logit', 'e^(logit − max)', 'p'],
      rows,
    },
    caption: t('working.inputs'),
  };
}
