/**
 * attention-working.js - how one attention weight comes about, with the numbers: q·k/√d, then softmax.
 */
import { fiveDigits } from './working.js';

/**
 * @param {import('./base.js').JlElement} element
 * @param {ReturnType<typeof import('../figures/working.js').workingOf>} found
 * @param {{ row: number, column: number, layer: number, head: number, weight: number }} cell
 * @returns {import('./working.js').Working}
 */
export function attentionWorking(element, found, { row, column, layer, head, weight }) {
  const { t } = element;
  const say = fiveDigits(element);
  const site = `blocks.${layer}.attn.hook`;
  /** @param {string} text @param {string} name */
  const line = (text, name) => ({ text, source: `${site}_${name}[${head},${row},${column}]` });
  const score = `q·k / √${found.size} = ${say(found.dot)} / ${say(Math.sqrt(found.size))} = ${say(found.score)}`;
  const power = `${say(found.given)} − ${say(found.max)}`;
  const sum = `Σ e^(s − ${say(found.max)}) = ${say(found.sum)}`;
  const share = `e^(${power}) / ${say(found.sum)} = ${say(found.exp)} / ${say(found.sum)} = ${say(found.weight)}`;
  const same = Math.abs(found.weight - weight) <= 1e-4;
  const [q, k] = found.names.map((name) => `${site}_${name}`);
  const numbers = [...found.q.keys()];
  /** @param {string} name @param {(i: number) => import('./frame.js').Cell} cell */
  const inputs = (name, cell) => [name, ...numbers.map(cell)];
  const rows = [
    inputs('q', (i) => ({ text: say(found.q[i]), source: `${q}[${row},${head},${i}]` })),
    inputs('k', (i) => ({
      text: say(found.k[i]),
      source: `${k}[${column},${found.keyHead},${i}]`,
    })),
    inputs('q × k', (i) => say(found.q[i] * found.k[i])),
  ];
  return {
    lines: [
      line(score, 'attn_scores'),
      ...(found.plain ? [] : [t('working.more', { score: say(found.given) })]),
      line(sum, 'attn_scores'),
      line(share, 'pattern'),
      t(same ? 'working.same' : 'working.differs', { weight: say(weight) }),
    ],
    twin: { columns: [t('working.number'), ...numbers.map(String)], rows },
    caption: t('working.inputs'),
  };
}
