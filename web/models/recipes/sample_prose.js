/**
 * sample_prose.js - how many sampled passages have the form of prose.
 *
 *   node sample_prose.js prose.gguf [N] [PROMPT]
 *
 * Samples N passages (200) of 200 characters with the default options and seeds 1, 2, …, each after PROMPT (a line
 * end). Prints the share of passages that repeat themselves in a loop, of speeches that close, of sentences that
 * have a usual length, and examples.
 */
import { argv, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../../jielong.js';

const LENGTH = 200;
/** Characters: speeches longer than this need not close within a passage. */
const LONGEST_SPEECH = 120;
const LONGEST_SENTENCE = 80;

/**
 * Whether a passage loops: a phrase of 2 to 20 characters three times in a row, or one of 12 or more that comes back.
 * @param {string} text
 */
export const loops = (text) =>
  /([^\s]{2,20}?)\1\1/u.test(text) || /([^\n]{12,})[\s\S]*\1/u.test(text);

/**
 * Speeches of a passage: those that close, and those that do not though the passage goes on for long enough. A
 * second 「 within a speech, or a 」 outside, counts as not closed.
 * @param {string} text
 */
export function speeches(text) {
  let [closed, broken, open] = [0, 0, -1];
  const characters = [...text];
  for (const [i, c] of characters.entries()) {
    if (c === '「' && open >= 0) broken++;
    if (c === '「') open = i;
    if (c === '」' && open < 0) broken++;
    if (c === '」' && open >= 0) closed++;
    if (c === '」') open = -1;
  }
  if (open >= 0 && characters.length - open > LONGEST_SPEECH) broken++;
  return { closed, broken };
}

/** The lengths of a passage's whole sentences. @param {string} text */
export const sentenceLengths = (text) =>
  text
    .split(/[。！？\n]/u)
    .slice(0, -1)
    .map((sentence) => [...sentence].length)
    .filter((length) => length > 0);

/**
 * n passages with the default options and seeds 1, 2, ….
 * @param {import('../../jielong.js').Model} model @param {number} n @param {string} [prompt]
 */
async function samplePassages(model, n, prompt = '\n') {
  const session = await model.createSession();
  const passages = [];
  for (let seed = 1; seed <= n; seed++) {
    await session.rewind(0);
    const { text } = await session.complete(prompt, { maxTokens: LENGTH, seed, temperature: 0.8 });
    passages.push(text);
  }
  await session.close();
  return passages;
}

/** @param {number} part @param {number} whole */
const percent = (part, whole) => `${part} of ${whole} (${((100 * part) / whole).toFixed(1)} %)`;

async function main() {
  const [path, wanted = '200', prompt = '\n'] = argv.slice(2);
  const model = await loadModel(path);
  const passages = await samplePassages(model, Number(wanted), prompt);
  const looping = passages.filter(loops);
  const found = passages.map(speeches);
  const closed = found.reduce((sum, { closed }) => sum + closed, 0);
  const broken = found.reduce((sum, { broken }) => sum + broken, 0);
  const lengths = passages.flatMap(sentenceLengths);
  const usual = lengths.filter((length) => length <= LONGEST_SENTENCE).length;
  stdout.write(
    `without loops: ${percent(passages.length - looping.length, passages.length)}\n` +
      `speeches that close: ${percent(closed, closed + broken)}\n` +
      `sentences of at most ${LONGEST_SENTENCE} characters: ${percent(usual, lengths.length)}\n` +
      `passages with a sentence's end: ${percent(passages.filter((p) => /[。！？]/u.test(p)).length, passages.length)}\n\n` +
      `${passages.slice(0, 4).join('\n---\n')}\n\nloops:\n${looping.slice(0, 5).join('\n---\n')}\n`,
  );
  await model.close();
}

if (argv[1] === fileURLToPath(import.meta.url)) await main();
