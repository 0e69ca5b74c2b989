/**
 * distribution-parts.js - the sentences and the table of <jl-distribution>.
 */

/** @typedef {import('../figures/distribution.js').DistributionView} View */
/** @typedef {import('../figures/distribution.js').StageView} StageView */
/** @typedef {import('./base.js').JlElement} JlElement */

/** @param {JlElement} element @param {View} view @param {number} row */
export function labelOf({ t }, { rows }, row) {
  const { label, kind, end } = rows[row];
  return end ? t('end', { label }) : kind === 'bytes' ? `⟨${label}⟩` : label;
}

export class Reader {
  /** @param {JlElement} element */
  constructor(element) {
    this.element = element;
  }
  /** @param {number} x @param {number} [digits] */
  number(x, digits = 2) {
    const fixed = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return this.element.format.number(x, fixed);
  }
  /** The stages to show: without the penalty where it does nothing. @param {View} view */
  stages({ stages, sampling }) {
    return stages.filter(({ stage }) => stage !== 'penalty' || sampling.repeatPenalty !== 1);
  }
  /** @param {View} view @param {StageView} stage */
  column({ sampling }, { stage, kept }) {
    const { t, format } = this.element;
    const value = { model: 0, penalty: sampling.repeatPenalty, ...sampling }[stage];
    const title = t(`stage.${stage}`, { value: format.number(value) });
    return { title, line: t('left', { n: format.number(kept) }) };
  }
  /** @param {View} view */
  others({ vocabulary, rows }) {
    const { t, format } = this.element;
    return t('others', { n: format.number(vocabulary - rows.length) });
  }
  /** @param {View} view @param {boolean} plain without the sampler */
  legend({ vocabulary, floor }, plain) {
    const { t, format } = this.element;
    const values = { n: format.number(vocabulary), uniform: format.percent(1 / vocabulary) };
    const lines = [t('legend', values)];
    if (floor) lines.push(t('legend.unigram'));
    if (!plain) lines.push(t('legend.drawn'));
    return lines.join(' ');
  }
  /** p = e^(logit / T − log-sum), from the numbers shown; and the draw. @param {View} view @param {number} row */
  working(view, row) {
    const { t, format } = this.element;
    const { temperature, seed } = view.sampling;
    const T = temperature || 1;
    const sum = (temperature ? view.logSumT : view.logSum).toFixed(5);
    const logit = view.rows[row].logit.toFixed(5);
    const p = this.number(Math.exp(Number(logit) / T - Number(sum)), 5);
    const drawn = { token: labelOf(this.element, view, view.drawn), seed: String(seed) };
    const draw = t(temperature ? 'drawn' : 'greedy', drawn);
    const token = labelOf(this.element, view, row);
    return t('working', { token, logit, sum, T: format.number(T), p, draw });
  }
  /** @param {View} view */
  summary(view) {
    const { t, format } = this.element;
    return t('summary', {
      n: format.number(view.vocabulary),
      token: labelOf(this.element, view, 0),
      p: format.percent(view.stages[0].p[0]),
      kept: format.number(view.stages[view.stages.length - 1].kept),
      drawn: labelOf(this.element, view, view.drawn),
    });
  }
  /** @param {View} view @returns {import('./frame.js').Twin} */
  twin(view) {
    const { t } = this.element;
    const stages = this.stages(view);
    const number = (/** @type {number} */ p) => (p ? this.number(p, 4) : '–');
    const share = (/** @type {number | undefined} */ p) =>
      view.floor === undefined ? '' : p ? number(p) : t('below', { p: number(view.floor) });
    const columns = stages.map((s) => this.column(view, s).title);
    const left = stages.map(({ kept }) => this.element.format.number(kept));
    const rows = view.rows.map(({ id, logit, unigram }, row) => [
      labelOf(this.element, view, row),
      { text: this.number(logit), source: `session.logits[${id}]` },
      ...stages.map((s) => ({
        text: number(s.p[row]),
        source: `session.stages.${s.stage}[${id}]`,
      })),
      share(unigram),
    ]);
    const others = stages.map((s) => number(s.others));
    const uniform = stages.map((_, i) => (i ? '' : number(1 / view.vocabulary)));
    return {
      columns: [t('token'), t('logit'), ...columns, t('unigram')],
      rows: [
        ...rows,
        [this.others(view), '', ...others, ''],
        [t('kept'), '', ...left, ''],
        [t('uniform'), '', ...uniform, ''],
      ],
    };
  }
}
