/**
 * lecture.js - a lecturer's mode: one figure fills the screen, in large type.
 *
 * Right and left go through the figure's own steps and then to the next or the previous figure; Enter starts it; Escape
 * ends the mode.
 */

/** @typedef {import('./figure.js').NoteFigure} NoteFigure */

/** The figure nearest to the top of the window. @param {NoteFigure[]} figures */
const nearest = (figures) =>
  figures.findIndex((figure) => figure.getBoundingClientRect().bottom > 100);

/** Enters the mode at the figure in view. */
export function lecture() {
  const figures = /** @type {NoteFigure[]} */ ([...document.querySelectorAll('note-figure')]);
  let at = Math.max(0, nearest(figures));
  const show = () => {
    for (const [i, figure] of figures.entries()) figure.classList.toggle('shown', i === at);
    scrollTo(0, 0);
  };
  /** @param {number} way */
  const go = (way) => {
    if (figures[at].step(way)) return;
    at = Math.min(Math.max(at + way, 0), figures.length - 1);
    show();
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const inside = event.composedPath()[0];
    if (
      inside instanceof Element &&
      inside.matches('input, select, textarea, canvas, [tabindex="0"]')
    )
      return;
    if (event.key === 'ArrowRight' || event.key === 'PageDown') go(1);
    else if (event.key === 'ArrowLeft' || event.key === 'PageUp') go(-1);
    else if (event.key === 'Escape') leave();
    else return;
    event.preventDefault();
  };
  const leave = () => {
    document.body.classList.remove('lecture');
    document.removeEventListener('keydown', onKey);
    document.removeEventListener('fullscreenchange', onScreen);
    if (document.fullscreenElement) document.exitFullscreen();
    figures[at].scrollIntoView();
  };
  const onScreen = () => {
    if (!document.fullscreenElement) leave();
  };
  document.body.classList.add('lecture');
  document.addEventListener('keydown', onKey);
  document.documentElement
    .requestFullscreen?.()
    .then(() => document.addEventListener('fullscreenchange', onScreen))
    .catch(() => {}); // the mode works in the window too
  show();
}

/** Shows one figure alone, for frames in other pages. @param {Element} figure */
export function showOnly(figure) {
  document.body.classList.add('only');
  figure.classList.add('shown');
}
