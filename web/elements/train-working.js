/**
 * train-working.js - how a loss of jl-train comes about: −ln p of each token of the prompt, under the model of a step.
 */
import { shown } from '../ui/pairs.js';
import { fiveDigits } from './working.js';

/**
 * @param {import('./base.js').JlElement} element @param {import('../figures/train.js').Moment} moment
 * @returns {import('./working.js').Working | undefined}
 */
export function trainWorking(element, { step, parts }) {
  if (!parts) return undefined;
  const { t, format } = element;
  const say = fiveDigits(element);
  const caption = t('working.inputs', { step: format.number(step) });
  const columns = [t('label.token'), 'logit', 'ln Σ e^logit', 'p', '−ln p'];
  if (!parts.length) return { lines: [t('working.none')], twin: { columns, rows: [] }, caption };
  const source = (/** @type {number} */ i) => `logits[${i},${parts[i].token.id}]`;
  const losses = parts.map(({ sum, logit }) => sum - logit);
  const last = parts.length - 1;
  const { token, sum, logit } = parts[last];
  const total = losses.reduce((a, b) => a + b, 0);
  const n = parts.length;
  const line = (/** @type {string} */ text) => ({ text, source: source(last) });
  const loss = `${say(sum)} − ${say(logit)} = ${say(losses[last])}`;
  return {
    lines: [
      t('working.of', { token: shown(token), step: format.number(step) }),
      line(`p = e^(${say(logit)} − ${say(sum)}) = ${say(Math.exp(logit - sum))}`),
      line(`−ln p = ln Σ e^logit − logit = ${loss}`),
      line(`${t('working.mean', { n })}: ${say(total)} / ${n} = ${say(total / n)}`),
    ],
    twin: {
      columns,
      rows: parts.map((part, i) => [
        shown(part.token),
        { text: say(part.logit), source: source(i) },
        say(part.sum),
        say(Math.exp(-losses[i])),
        say(losses[i]),
      ]),
    },
    caption,
  };
}
