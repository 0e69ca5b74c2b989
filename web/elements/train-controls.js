/**
 * train-controls.js - what jl-train learns from: the list of texts and tasks, and the field of the reader's own text.
 */
import { make } from '../ui/dom.js';
import { once } from './controls.js';

/** @typedef {import('./train.js').JlTrain} JlTrain */

/** The list of what it can learn: it sets two attributes. @param {JlTrain} element @param {string} value */
export function taskList(element, value) {
  const { text, list, box } = once(element, 'task', () => {
    const select = make('select');
    select.addEventListener('change', () => {
      const induction = select.value === 'induction';
      if (!induction) element.setAttribute('corpus', select.value);
      element.setAttribute('task', induction ? 'induction' : 'text');
    });
    const label = document.createTextNode('');
    return { text: label, list: select, box: make('label', {}, label, ' ', select) };
  });
  text.data = element.t('label.task');
  const options = ['tales', 'poems', 'own', 'induction'].map((name) =>
    make('option', { value: name }, element.t(`task.${name}`)),
  );
  if ([...list.options].map((o) => o.text).join() !== options.map((o) => o.text).join())
    list.replaceChildren(...options);
  list.value = value;
  return box;
}

/** The field of the reader's own text. @param {JlTrain} element */
export function ownText(element) {
  const { label, area, box } = once(element, 'own', () => {
    const field = make('textarea', { rows: 3 });
    const text = document.createTextNode('');
    field.addEventListener('change', () => {
      element.trainingText = field.value;
    });
    return { label: text, area: field, box: make('label', {}, text, ' ', field) };
  });
  label.data = element.t('label.own');
  area.placeholder = element.t('hint.own');
  if (element.shadowRoot?.activeElement !== area) area.value = element.trainingText;
  return box;
}
