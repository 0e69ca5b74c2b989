/**
 * sample_poems.js - counts how many sampled poems have a valid form.
 *
 *   node sample_poems.js poems.gguf [N]
 *
 * Samples N poems (200) with the default options and seeds 1, 2, …. In a valid poem all verses have 5
 * or all have 7 characters, verses end in ， and 。 in turn, and their number is even. Prints the share
 * and examples.
 */
import { argv, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../../jielong.js';

const FORMS = [/^([^，。\s]{5}，[^，。\s]{5}。)+$/u, /^([^，。\s]{7}，[^，。\s]{7}。)+$/u];

/** Whether a poem has a valid form. @param {string} poem without its line end */
export const isFormed = (poem) => FORMS.some((form) => form.test(poem));

/**
 * At least n whole poems, with the default options and seeds 1, 2, ….
 * @param {import('../../jielong.js').Model} model @param {number} n
 */
export async function samplePoems(model, n) {
  const session = await model.createSession();
  const poems = [];
  for (let seed = 1; poems.length < n; seed++) {
    await session.rewind(0);
    let text = '';
    const options = { maxTokens: session.contextLength - 1, seed };
    for await (const token of session.generate('\n', options)) text += token.text;
    poems.push(...text.split('\n').slice(0, -1)); // the context truncates the last one
  }
  await session.close();
  return poems;
}

async function main() {
  const [path, wanted = '200'] = argv.slice(2);
  const model = await loadModel(path);
  const poems = (await samplePoems(model, Number(wanted))).slice(0, Number(wanted));
  const formed = poems.filter(isFormed);
  const others = poems.filter((poem) => !isFormed(poem));
  const share = ((100 * formed.length) / poems.length).toFixed(1);
  stdout.write(
    `${formed.length} of ${poems.length} in form (${share} %)\n` +
      `${formed.slice(0, 3).join('\n')}\nnot in form:\n${others.slice(0, 5).join('\n')}\n`,
  );
  await model.close();
}

if (argv[1] === fileURLToPath(import.meta.url)) await main();
