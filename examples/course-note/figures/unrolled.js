/**
 * unrolled.js - <note-unrolled>: greedy generation unrolled: each line is one run of the whole model.
 */
import { JlElement } from '../../../web/elements/base.js';
import { once, slider } from '../../../web/elements/controls.js';
import { whole } from '../../../web/elements/settings.js';
import { idsOf, tokenViews, withSession } from '../../../web/figures/figure.js';
import { best, softmax } from '../../../web/figures/numbers.js';
import { make } from '../../../web/ui/dom.js';
import { pictureOfHtml } from '../../../web/ui/picture.js';

const MAX_TOKENS = 32;

/** @type {import('../../../web/figures/figure.js').Figure} */
export const unrolled = {
  name: 'unrolled',
  settings: ['text', 'steps'],
  async compute(model, { text, steps = 6 }, { signal, pause, show, progress }) {
    const { ids, total } = await idsOf(model, text, MAX_TOKENS);
    const all = [...ids];
    const shares = [];
    for (let step = 0; step < steps; step++) {
      await pause();
      // A session of its own each time: nothing is kept from the step before.
      const { logits } = await withSession(model, all.length + 1, (s) =>
        s.run(Int32Array.from(all), { signal }),
      );
      const distribution = softmax(logits);
      const id = best(distribution);
      all.push(id);
      shares.push(distribution[id]);
      progress(step + 1, steps, 'steps');
      show({
        tokens: await tokenViews(model, all),
        given: ids.length,
        total,
        shares: [...shares],
        steps,
      });
    }
    return { tokens: await tokenViews(model, all), given: ids.length, total, shares, steps };
  },
};

/** @type {import('../../../web/ui/words.js').Words} */
const words = {
  title: ['Generation, unrolled', '生成過程攤開來看'],
  steps: ['Steps', '步數'],
  row: [
    '{n} tokens in, one out: {token} ({share})',
    '讀 {n} 個詞元，寫 1 個：「{token}」（{share}）',
  ],
  step: ['Step', '步'],
  input: ['Input', '輸入'],
  output: ['Output', '輸出'],
  share: ['Probability', '機率'],
  summary: [
    '{steps} runs of the model; each reads everything so far and writes one token: {text}',
    '模型跑了 {steps} 遍，每一遍都讀完前面的全部，寫出一個詞元：{text}',
  ],
};

export class NoteUnrolled extends JlElement {
  static figure = unrolled;
  static words = words;
  static settings = { steps: whole(6, 1, 24) };
  static css = `
    ol { list-style: none; margin: 0; padding: 0; }
    li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 1rem; align-items: baseline; padding-block: 0.25rem; border-bottom: 1px solid var(--jl-line); }
    .new { background: color-mix(in oklab, var(--jl-heat-2) 30%, transparent); border-bottom: 2px solid var(--jl-accent); }
    .numbers { font-size: 0.8125rem; color: var(--jl-quiet); }
    .text { overflow-wrap: anywhere; line-height: 1.9; }`;

  /** @param {HTMLElement} body @param {any} view */
  draw(body, view) {
    const list = once(this, 'list', () => make('ol'));
    if (list.parentNode !== body) body.replaceChildren(list);
    body.style.setProperty('--height', `${2.4 * view.steps}rem`);
    list.replaceChildren(
      ...view.shares.map((/** @type {number} */ share, /** @type {number} */ step) => {
        const n = view.given + step;
        const chips = view.tokens
          .slice(0, n + 1)
          .map((/** @type {any} */ token, /** @type {number} */ i) =>
            make('span', { className: `chip${i === n ? ' new' : ''}` }, token.glyph ?? token.label),
          );
        const text = make('span', { className: 'text' });
        for (const chip of chips) text.append(chip, '\u200a');
        const numbers = make(
          'span',
          { className: 'numbers' },
          `${n} → 1 · ${this.format.percent(share)}`,
        );
        numbers.dataset.source = `softmax(logits)[${view.tokens[n].id}] after ${n} tokens`;
        return make('li', {}, text, numbers);
      }),
    );
  }
  /** @param {any} view */
  own(view) {
    return [
      slider(
        this,
        'steps',
        this.t('steps'),
        { min: 1, max: 24, step: 1 },
        this.value('steps') ?? view.steps,
      ),
    ];
  }
  /** @param {any} view */
  summary(view) {
    const drawn = view.tokens.slice(view.given);
    return this.t('summary', {
      steps: view.shares.length,
      text: drawn.map((/** @type {any} */ token) => token.label).join(' '),
    });
  }
  /** @param {any} view */
  twin(view) {
    const rows = view.shares.map((/** @type {number} */ share, /** @type {number} */ step) => {
      const n = view.given + step;
      const input = view.tokens.slice(0, n).map((/** @type {any} */ token) => token.label);
      const source = `softmax(logits)[${view.tokens[n].id}] after ${n} tokens`;
      return [
        String(step + 1),
        input.join(' '),
        view.tokens[n].label,
        { text: this.format.percent(share), source },
      ];
    });
    return { columns: [this.t('step'), this.t('input'), this.t('output'), this.t('share')], rows };
  }
  picture() {
    return pictureOfHtml(this.frame.body, this.summary(this.view));
  }
}
