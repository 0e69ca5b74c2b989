/** train-table.js - the values of jl-train as a table: the anchors, then a row per step. */

/** @typedef {import('../figures/train.js').TrainView} View */
/** @typedef {{ t: import('./frame.js').Say, format: any, nats: (value: number) => string }} Words */

/** @param {[step: number, nats: number][]} line @param {number} step */
const at = (line, step) => line.find(([one]) => one === step)?.[1];

/** @param {View} view @param {Words} words @returns {import('./frame.js').Twin} */
export function trainTable({ loss, held, moments, info }, { t, format, nats }) {
  const cell = (/** @type {number | undefined} */ x, /** @type {string} */ source) =>
    x === undefined ? '' : { text: nats(x), source };
  const all = [...loss, ...held, ...moments.map((m) => [m.step])].map(([step]) => step);
  const steps = [...new Set(all)].sort((a, b) => a - b);
  const rows = steps.map((step) => {
    const moment = moments.find((one) => one.step === step);
    const next = moment?.next.map(
      (n) => `${n.label} ${format.percent(n.before)} → ${format.percent(n.now)}`,
    );
    const scores = moment?.scores?.map(
      (score, i) => `${nats(score)} | ${nats(moment.others?.[i] ?? 0)}`,
    );
    return [
      format.number(step),
      cell(at(loss, step), `trainer.run[${step}].loss`),
      cell(at(held, step) ?? moment?.held, `trainer.heldOut[${step}]`),
      next?.join(', ') ?? '',
      moment?.sample ?? '',
      scores?.join(', ') ?? '',
    ];
  });
  const anchors = /** @type {const} */ (['uniform', 'unigram']).map((name) => {
    const title = t(`line.${name}`, { value: '' }).trim();
    return [title, '', cell(info[name], `trainer.info.${name}`), '', '', ''];
  });
  const names = ['step', 'loss', 'held', 'next', 'sample', 'scores'];
  return { columns: names.map((name) => t(`twin.${name}`)), rows: [...anchors, ...rows] };
}
