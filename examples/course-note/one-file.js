/**
 * one-file.js - the entry of the note as one HTML file: takes the models from the page, and says which figures need files
 * that are not in it.
 */
import { provide } from '../../web/elements.js';
import { speaker } from '../../web/ui/words.js';
import { decode } from './base85.js';
import './note.js';

/** Figures with models of their own, which would make the file too large. */
const WITHOUT = ['note-evolution', 'note-lengths'];

/** @type {import('../../web/ui/words.js').Words} */
const words = {
  without: [
    'This file does not contain the models of this figure; the note on a server computes it.',
    '這個檔案不含這張圖的模型；放在伺服器上的講義可以當場計算。',
  ],
};

/** The bytes of a script with deflated bytes in base85. @param {string} name */
async function inside(name) {
  const script = document.getElementById(`file-${name}`);
  const bytes = decode(script?.textContent ?? '', Number(script?.dataset.bytes));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(stream);
}

for (const name of ['tales', 'poems']) provide(name, () => inside(name));
const files = ['held-out', 'position-learned'].map((name) => [name, () => inside(name)]);
Object.assign(window, { noteFiles: Object.fromEntries(files) });
for (const tag of WITHOUT) {
  const type = /** @type {any} */ (customElements.get(tag));
  type.prototype.start = async function start() {
    this.say(speaker([words], this.language)('without'));
  };
}
