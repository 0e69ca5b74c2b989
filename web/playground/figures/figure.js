/**
 * figure.js - what all figures share: nothing runs before one is opened, it follows the text, the
 * last request wins, and errors are said in its status line.
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
 * @param {import('../state.js').Topic[]} topics events after which it is drawn anew
 * @param {(job: Job) => Promise<void>} draw
 * @param {() => void} empty there is nothing to draw
 * @returns {() => Promise<void>} draws it now, if it is open
 */
export function setUpFigure(name, topics, draw, empty) {
  const box = byId(`figure-${name}`, HTMLDetailsElement);
  const status = byId(`${name}-status`, HTMLElement);
  let latest = 0;
  /** The drawing under way: the next one waits for it. */
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
  refresh(); // its script has come because it was opened
  box.addEventListener('toggle', refresh);
  for (const topic of topics) on(topic, refresh);
  return refresh;
}
