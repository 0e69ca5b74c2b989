/**
 * stages.js - figure 3: the next token's distribution after each stage of the sampler.
 *
 * A table whose cells are bars, so it needs no separate text version. Rows are tokens by the model's
 * probability, columns are stages in order, and all bars have one scale. Updates with the sliders.
 */

import { byId, make, setVariable } from '../../ui/dom.js';
import { number, time } from '../../ui/format.js';
import { t } from '../../ui/i18n.js';
import { chip, pieces } from '../../ui/pieces.js';
import { inTurn, state } from '../state.js';
import { setUpFigure } from './figure.js';

/** @typedef {import('../../jielong.js').Stage} Stage */

const ROWS = 10;
const table = byId('stages-table', HTMLTableElement);

/** @param {import('./figure.js').Job} job */
async function draw({ session, stale, say }) {
  const began = performance.now();
  const { temperature, topK, topP, minP, repeatPenalty } = state.sampling;
  const given = { temperature, topK, topP, minP, repeatPenalty, top: 50 };
  const stages = await inTurn(async () => (stale() ? [] : session.stages(given)));
  if (stale()) return;
  const milliseconds = time((performance.now() - began) / 1000);
  const ids = rows(stages);
  const named = await pieces(state.model, ids);
  if (stale()) return;

  const max = Math.max(...stages.flatMap((stage) => stage.top.map((c) => c.probability)));
  table.replaceChildren(
    make('caption', {}, t('stages.caption')),
    make('thead', {}, header(stages)),
    make('tbody', {}, ...ids.map((id, i) => row(stages, id, chip(named[i]), max))),
    make('tfoot', {}, footer(stages)),
  );
  const count = number(session.position);
  say(t('stages.status', { model: state.modelName, count, milliseconds }));
}

/**
 * The tokens shown: the most probable before and after all stages, in the model's order.
 * @param {Stage[]} stages
 */
function rows(stages) {
  const first = stages[0].top.map((c) => c.id);
  const last = stages[stages.length - 1].top.map((c) => c.id);
  const wanted = new Set(first.slice(0, ROWS - 2));
  for (const id of [...last, ...first]) if (wanted.size < ROWS) wanted.add(id);
  const rank = (/** @type {number} */ id) =>
    first.includes(id) ? first.indexOf(id) : first.length;
  return [...wanted].sort((a, b) => rank(a) - rank(b));
}

/** @param {Stage[]} stages */
const header = (stages) =>
  make(
    'tr',
    {},
    make('th', { scope: 'col' }, t('stages.token')),
    ...stages.map(({ stage }) => make('th', { scope: 'col' }, t(`stages.${stage}`))),
  );

/** @param {Stage[]} stages @param {number} id @param {HTMLElement} name @param {number} max */
function row(stages, id, name, max) {
  const cells = stages.map((stage) => {
    const p = stage.top.find((c) => c.id === id)?.probability;
    const cell = make('td', { className: 'numbers' }, share(stage, p));
    cell.classList.toggle('gone', p === undefined);
    setVariable(cell, '--p', (p ?? 0) / max);
    return cell;
  });
  return make('tr', {}, make('th', { scope: 'row' }, name), ...cells);
}

/**
 * A probability in percent; a dash for a dropped token.
 * @param {Stage} stage
 * @param {number} [p]
 */
function share({ top, kept }, p) {
  if (p === undefined && kept <= top.length) return '–';
  const min = Math.max(0.001, p === undefined ? top[top.length - 1].probability : 0);
  const shown = number(100 * Math.max(p ?? 0, min), {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  return (p ?? 0) < min ? `<${shown}` : shown;
}

/** @param {Stage[]} stages */
const footer = (stages) =>
  make(
    'tr',
    {},
    make('th', { scope: 'row' }, t('stages.kept')),
    ...stages.map(({ kept }) => make('td', { className: 'numbers' }, number(kept))),
  );

/** Connects the figure. */
export const setUp = () =>
  setUpFigure('stages', ['text', 'busy', 'sampling', 'language'], draw, () =>
    table.replaceChildren(),
  );
