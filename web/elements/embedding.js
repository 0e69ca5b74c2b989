/**
 * embedding.js - <jl-embedding>: words of some groups and the text's tokens on a plane, by their rows of the table.
 *
 * `point` is the id of the chosen token, `other` of the one it is compared with.
 */
import { cosineOfRows } from '../figures/cosine.js';
import {
  closestPair,
  closestTo,
  cosineOf,
  embedding,
  meansOf,
  neighboursOf,
  rowsOf,
} from '../figures/embedding.js';
import { make } from '../ui/dom.js';
import { pictureOfHtml } from '../ui/picture.js';
import { connectPlane, drawPlane, legendOf, PLANE } from '../ui/plane.js';
import { svg } from '../ui/svg.js';
import { JlElement } from './base.js';
import { choice, once } from './controls.js';
import { scrolling, tableOf } from './frame.js';
import { whole } from './settings.js';
import { words } from './words/embedding.js';

/** @typedef {import('../figures/embedding.js').EmbeddingView} View */

const DIGITS = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
const PLACE = { maximumFractionDigits: 3 };

export class JlEmbedding extends JlElement {
  static figure = embedding;
  static words = words;
  static settings = { point: whole(undefined, 0, 1e9), other: whole(undefined, 0, 1e9) };
  static css = PLANE;

  /** Follows the token that another figure chose. @param {string} name @param {string | null} old @param {string | null} text */
  attributeChangedCallback(name, old, text) {
    super.attributeChangedCallback(name, old, text);
    const id = name === 'token' && text !== old && this.view?.tokens[Number(text)]?.id;
    if (this.view?.ids.includes(id)) this.setAttribute('point', String(id));
  }

  /** A point of a large table has its neighbours computed when it is chosen. @param {string} name */
  needs(name) {
    const { live, view } = this;
    const unknown = live && view?.count && !neighboursOf(view, this.#chosen(view)).length;
    return name === 'point' ? unknown : super.needs(name);
  }
  /** Index of the chosen point; without one, of the two most similar words the first. @param {View} view */
  #chosen(view) {
    const given = view.ids.indexOf(this.value('point'));
    return given >= 0 ? given : closestPair(view)[0];
  }
  /** Index of the point that it is compared with; without one, the most similar. @param {View} view */
  #other(view) {
    const chosen = this.#chosen(view);
    const given = view.ids.indexOf(this.value('other'));
    return given >= 0 && given !== chosen ? given : closestTo(view, chosen);
  }
  /** @param {View} view @param {number} i */
  #choose(view, i) {
    const token = view.tokens.findIndex(({ id }) => id === view.ids[i]);
    this.select({ point: view.ids[i], ...(token >= 0 && { token }) });
  }
  /** @param {View} view @returns {import('../ui/plane.js').Point[]} */
  #points(view) {
    const [chosen, other] = [this.#chosen(view), this.#other(view)];
    const near = new Set(chosen < 0 ? [] : neighboursOf(view, chosen).map(({ id }) => id));
    return view.ids.map((id, i) => ({
      x: view.x[i],
      y: view.y[i],
      label: view.labels[i],
      kind: view.kinds[i],
      role: i === chosen ? 'chosen' : i === other ? 'other' : near.has(id) ? 'near' : '',
    }));
  }

  /** @param {HTMLElement} body @param {View} view */
  draw(body, view) {
    const parts = once(this, 'parts', () => this.#create());
    const { picture, kinds, readout, near, working } = parts;
    if (picture.parentNode !== body) body.replaceChildren(picture, kinds, readout, near, working);
    picture.setAttribute('aria-label', this.summary(view));
    drawPlane(picture, this.#points(view), (i) => `model.embeddings[${view.ids[i]}]`);
    kinds.replaceChildren(...this.#legend(view));
    readout.textContent = this.#sentence(view);
    near.replaceChildren(...this.#near(view));
    this.#work(working, view);
  }
  #create() {
    const picture = svg('svg', { class: 'plane', tabindex: 0, role: 'img' });
    const points = () => this.#points(this.view);
    connectPlane(picture, points, (i) => this.#choose(this.view, i));
    const readout = make('p', { className: 'readout', ariaLive: 'polite' });
    const working = make('details', {}, make('summary'), make('div'));
    working.addEventListener('toggle', () => this.view && this.#work(working, this.view));
    const near = make('ul', { className: 'nearest' });
    return { picture, kinds: make('p', { className: 'legend kinds' }), readout, near, working };
  }
  /** @param {View} view */
  #legend({ groups, kinds, share }) {
    const names = groups.map((name) => this.t(`group.${name}`));
    const own = kinds.includes(-1) ? this.t('group.text') : '';
    const [first, second] = share.map((part) => this.format.percent(part));
    return [...legendOf(names, own), make('span', {}, this.t('axes', { first, second }))];
  }
  /** @param {View} view */
  #near(view) {
    const chosen = this.#chosen(view);
    return neighboursOf(view, chosen).map(({ label, similarity }, i) => {
      const bar = make('span', { className: 'bar', ariaHidden: 'true' });
      bar.style.width = `${100 * Math.max(0, similarity)}%`;
      const value = make('span', { className: 'numbers' }, this.format.number(similarity, DIGITS));
      value.dataset.source = `model.neighbours(${view.ids[chosen]})[${i}].similarity`;
      return make('li', {}, make('span', { className: 'label' }, label), bar, value);
    });
  }

  /** The cosine from the two rows, once open. @param {HTMLDetailsElement} details @param {View} view */
  #work(details, view) {
    const [title, box] = details.children;
    title.textContent = this.t('working');
    if (!details.open) return;
    const digits = { maximumSignificantDigits: 7 };
    const [a, b] = [this.#chosen(view), this.#other(view)].map((i) => ({
      row: rowsOf(view)?.[i],
      label: view.labels[i],
      source: `model.embeddings[${view.ids[i]}]`,
    }));
    if (!a.row || !b.row)
      return box.replaceChildren(make('p', { className: 'note' }, this.t('working.recorded')));
    const show = (/** @type {number} */ x) => this.format.number(x, digits);
    const { rows, values } = cosineOfRows(/** @type {any} */ (a), /** @type {any} */ (b), show);
    const columns = [this.t('dimension'), a.label, b.label, 'a × b'];
    const table = tableOf({ columns, rows }, this.t('rows'));
    box.replaceChildren(make('p', {}, this.t('work', values)), scrolling(table, this.t('rows')));
  }

  /** @param {View} view */
  own(view) {
    const [chosen, other] = [this.#chosen(view), this.#other(view)];
    if (other < 0) return [];
    const all = view.ids.map((id, i) => /** @type {const} */ ([id, view.labels[i]]));
    const rest = all.filter((_, i) => i !== chosen);
    return [
      choice(this, 'point', this.t('label.token'), all, view.ids[chosen]),
      choice(this, 'other', this.t('other'), rest, view.ids[other]),
    ];
  }
  /** @param {View} view */
  #sentence(view) {
    const [i, j] = [this.#chosen(view), this.#other(view)];
    if (j < 0) return i < 0 ? '' : this.t('alone', { a: view.labels[i] });
    const value = this.format.number(cosineOf(view, i, j), DIGITS);
    return this.t('cosine', { a: view.labels[i], b: view.labels[j], value });
  }
  /** @param {View} view */
  summary(view) {
    if (!view.ids.length) return this.t('summary.empty');
    if (!view.groups.length) return this.t('summary.text', { n: view.ids.length });
    const { within, between } = meansOf(view);
    const [w, b] = [within, between].map((mean) => this.format.number(mean, DIGITS));
    return this.t('summary', {
      n: view.ids.length,
      groups: view.groups.length,
      within: w,
      between: b,
    });
  }
  /** @param {View} view */
  twin(view) {
    const columns = ['label.token', 'group', 'id', 'x', 'y', 'column.cosine', 'column.near'];
    const chosen = this.#chosen(view);
    const rows = view.ids.map((id, i) => {
      const source = `model.embeddings[${id}]`;
      const near = neighboursOf(view, i).map(
        (n) => `${n.label} ${this.format.number(n.similarity, DIGITS)}`,
      );
      return [
        view.labels[i],
        this.t(`group.${view.groups[view.kinds[i]] ?? 'text'}`),
        String(id),
        { text: this.format.number(view.x[i], PLACE), source },
        { text: this.format.number(view.y[i], PLACE), source },
        {
          text: this.format.number(cosineOf(view, chosen, i), DIGITS),
          source: `model.embeddings[${view.ids[chosen]},${id}]`,
        },
        { text: near.join(', '), source: `model.neighbours(${id})` },
      ];
    });
    return { columns: columns.map((key) => this.t(key, { a: view.labels[chosen] ?? '' })), rows };
  }
  picture() {
    return pictureOfHtml(this.frame.body, this.summary(this.view), 'details');
  }
}
