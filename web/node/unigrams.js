/**
 * unigrams.js - counts the tokens of training texts for web/unigrams.js, the second anchor of a probability.
 *
 *   node web/node/unigrams.js tales=tales.txt poems=tang.txt,song.txt
 *
 * Each name is an included model; web/models/README.md says where its texts come from.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../jielong.js';

const KEPT = 256; // tokens; rarer ones cannot be told from 0 in a picture
const PART = 1 << 20; // characters tokenised at once, whole lines

const web = fileURLToPath(new URL('..', import.meta.url));

/** Parts of a text that end with a line. @param {string} text */
function* partsOf(text) {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', Math.min(at + PART, text.length - 1));
    const next = end < 0 ? text.length : end + 1;
    yield text.slice(at, next);
    at = next;
  }
}

/** @param {string} name @param {string[]} files */
async function count(name, files) {
  const model = await loadModel(`${web}models/${name}.gguf`);
  const counts = new Float64Array(model.info.vocabularySize);
  for (const file of files)
    for (const part of partsOf(await readFile(file, 'utf8')))
      for (const id of await model.tokenize(part, { special: true })) counts[id]++;
  await model.close();
  const all = counts.reduce((a, b) => a + b, 0);
  const ids = [...counts.keys()].sort((a, b) => counts[b] - counts[a]).slice(0, KEPT);
  const millionths = ids.map((id) => Number(((1e6 * counts[id]) / all).toPrecision(3)));
  console.log(`${name}: ${all} tokens, the last of the table ${millionths[KEPT - 1]} in a million`);
  return {
    name: model.info.name,
    size: counts.length,
    ids: ids.join(' '),
    millionths: millionths.join(' '),
  };
}

const tables = [];
for (const argument of process.argv.slice(2)) {
  const [name, files] = argument.split('=');
  tables.push(await count(name, files.split(',')));
}
await writeFile(
  `${web}unigrams.js`,
  `/**
 * unigrams.js - the ${KEPT} most frequent tokens of the included models' training texts, in millionths;
 * \`node web/node/unigrams.js\` writes it.
 */

/** A table belongs to the model with this name and vocabulary size. */
export const TABLES = ${JSON.stringify(tables, null, 2)};
`,
);
