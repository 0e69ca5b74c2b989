/**
 * reasoning.js - splits a chat's answer into reasoning and answer, by the marks around the reasoning.
 */

/** @typedef {import('../api/model.js').Model} Model */
/** @typedef {{ open: string, close: string, openId?: number, closeId?: number }} Marks */

/** The id of a special token, undefined if the text is no token. @param {Model} model @param {string} text */
export async function specialId(model, text) {
  const ids = await model.tokenize(text, { special: true });
  return ids.length === 1 ? ids[0] : undefined;
}

/** Opening and closing marks, by model family. */
export const MARKS = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['[THINK]', '[/THINK]'],
  ['<seed:think>', '</seed:think>'],
  ['<|START_THINKING|>', '<|END_THINKING|>'],
  ['<|inner_prefix|>', '<|inner_suffix|>'],
];

/**
 * The marks in a model's template or vocabulary.
 * @param {Model} model @param {string} template @returns {Promise<Marks[]>}
 */
export async function findMarks(model, template) {
  const marks = [];
  for (const [open, close] of MARKS) {
    const [openId, closeId] = [await specialId(model, open), await specialId(model, close)];
    if (closeId !== undefined || template.includes(open) || template.includes(close))
      marks.push({ open, close, openId, closeId });
  }
  return marks;
}

/**
 * Classifies the tokens of an answer, one by one. Reasoning can only be at the start: it begins with an
 * opening mark, at the end of the prompt or as the first text of the answer, and ends with the closing
 * mark. The marks belong to the reasoning.
 */
export class ReasoningSplitter {
  #marks;
  /** @type {Marks | undefined} */ #inside;
  #begun = false;
  #text = '';
  /** Whether the text so far is only the begin of a mark, perhaps. */ open = false;

  /** @param {Marks[]} marks @param {string} prompt */
  constructor(marks, prompt) {
    this.#marks = marks;
    this.#inside = marks.find(({ open }) => prompt.trimEnd().endsWith(open));
    this.#begun = !!this.#inside;
  }

  /** @param {{ id: number, text: string }} token @returns {'reasoning' | 'answer'} */
  take({ id, text }) {
    this.open = false;
    if (!this.#inside && this.#begun) return 'answer';
    this.#text += text;
    const said = this.#text.trimStart();
    if (!this.#begun) {
      this.#inside = this.#marks.find((m) => id === m.openId || said.startsWith(m.open));
      const maybe = this.#marks.some(({ open }) => open.startsWith(said));
      this.#begun = !!this.#inside || !maybe;
      this.open = !this.#inside && maybe && said !== '';
      if (!this.#inside) return this.open ? 'reasoning' : 'answer';
    }
    const { close, closeId } = /** @type {Marks} */ (this.#inside);
    if (id === closeId || this.#text.includes(close)) this.#inside = undefined;
    this.#text = this.#text.slice(-close.length);
    return 'reasoning';
  }
}
