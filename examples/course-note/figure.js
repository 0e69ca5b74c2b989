/**
 * figure.js - <note-figure>: one numbered figure of the note, made of one or more elements.
 *
 * start() starts its elements one after another; data-state is loading, running or error if an element is, else done
 * if one is, else idle. It asks the reader for a guess, steps through its own steps, and gives the
 * lines that embed it. What shows the answer is covered (class `asks`) until the reader has guessed, wants to see it
 * without a guess, or starts it; not on paper.
 */

/** @typedef {HTMLElement & { start: () => Promise<void>, stop: () => void, dataset: DOMStringMap, state: Record<string, string> }} Part */

export class NoteFigure extends HTMLElement {
  #step = -1;

  /** Its elements. @returns {Part[]} */
  get parts() {
    return /** @type {any[]} */ (
      [...this.querySelectorAll('.parts > *')].filter((e) => 'start' in e)
    );
  }

  connectedCallback() {
    this.dataset.state = 'idle';
    const states = { subtree: true, attributes: true, attributeFilter: ['data-state'] };
    new MutationObserver(() => this.#settle()).observe(this, states);
    for (const name of ['loadstart', 'run'])
      this.addEventListener(name, ({ target }) => {
        if (target instanceof Element && target.matches('.answer')) this.reveal();
      });
    this.addEventListener('change', ({ target }) => {
      if (target instanceof Element && target.closest('.guess')) this.reveal();
    });
    this.addEventListener('click', ({ target }) => {
      const button = target instanceof Element && target.closest('.steps button, .guess button');
      if (!button) return;
      if (button.matches('.skip')) this.reveal();
      else this.step(button.matches('.next') ? 1 : -1);
    });
  }

  #settle() {
    const states = this.parts.map((part) => part.dataset.state ?? 'idle');
    const first = ['loading', 'running', 'error'].find((state) => states.includes(state));
    const state = first ?? (states.includes('done') ? 'done' : 'idle');
    if (this.dataset.state !== state) this.dataset.state = state;
  }

  /** Starts all elements, in turn. One that is out of sight would wait, so each is shown first. */
  async start() {
    this.reveal();
    for (const part of this.parts) {
      part.scrollIntoView({ block: 'nearest' });
      await part.start();
    }
    this.#settle();
  }
  stop() {
    for (const part of this.parts) part.stop();
  }

  /** Shows the answer of the guess, and what shows it. */
  reveal() {
    const guess = this.querySelector('.guess');
    if (!guess) return;
    const chosen = guess.querySelector('input:checked');
    this.classList.remove('asks');
    guess.querySelector('.why')?.removeAttribute('hidden');
    guess.querySelector('.skip')?.setAttribute('hidden', '');
    guess.classList.toggle('right', !!chosen?.hasAttribute('data-right'));
    guess.classList.toggle('wrong', !!chosen && !chosen.hasAttribute('data-right'));
  }

  /** Goes to the next or the previous step. @param {number} way @returns {boolean} whether there is one */
  step(way) {
    if (way > 0 && this.classList.contains('asks')) {
      this.reveal();
      return true;
    }
    const steps = [...this.querySelectorAll('.steps li')];
    const next = this.#step + way;
    if (next < 0 || next >= steps.length) return false;
    this.#step = next;
    for (const [i, step] of steps.entries()) step.toggleAttribute('hidden', i !== next);
    const set = JSON.parse(steps[next].getAttribute('data-set') ?? '{}');
    const [part] = this.parts;
    for (const [name, value] of Object.entries(set)) part?.setAttribute(name, String(value));
    return true;
  }
}

customElements.define('note-figure', NoteFigure);
