/**
 * figure.js - the common part of all figures: runs only while one is open, redraws after changes,
 * drops outdated drawings, and shows errors in the status line.
 */

import { byId } from '../../ui/dom.js';
import { explain } from '../../ui/format.js';
import { t } from '../../ui/i18n.js';
import { on, state } from '../state.js';

/**
 * @typedef {object} Job one drawing of a figure
 * @property {import('../../jielong.js').Model} model
 * @property {import('../../jielong.js').Session} session
 * @property {() => boolean} stale whether a newer drawing has begun
 * @property {(sentence: string) => void} say
 */

/**
 * @param {string} name of the elements figure-<name> and <name>-status
 * @param {import('../state.js').Topic[]} topics events that cause a redraw
 * @param {(job: Job) => Promise<void>} draw
 * @param {() => void} empty clears the figure
 * @returns {() => Promise<void>} redraws it, if open
 */
export function setUpFigure(name, topics, draw, empty) {
  const box = byId(`figure-${name}`, HTMLDetailsElement);
  const status = byId(`${name}-status`, HTMLElement);
  let latest = 0;
  /** The current drawing; the next one waits for it. */
  let drawing = Promise.resolve();

  const refresh = async () => {
    if (!box.open) return;
    const own = ++latest;
    const stale = () => own !== latest;
    /** @param {string} sentence */
    const say = (sentence) => {
      if (!stale()) status.textContent = sentence;
    };
    const { model, session, busy } = state;
    status.classList.remove('wrong');
    if (busy) return say(t('inside.wait'));
    if (!model || !session || !state.ids.length) {
      empty();
      return say(t('inside.empty'));
    }
    drawing = drawing.then(async () => {
      try {
        if (!stale()) await draw({ model, session, stale, say });
      } catch (e) {
        say(explain(e));
        if (!stale()) status.classList.add('wrong');
      }
    });
    await drawing;
  };
  refresh(); // opening it loaded its script
  box.addEventListener('toggle', refresh);
  for (const topic of topics) on(topic, refresh);
  return refresh;
}
