/**
 * train_export.js - trains like a page and writes the exported files, for gguf_check.py.
 *
 *   node tests/golden/train_export.js FOLDER [STEPS [VOCABULARY]]
 *
 * Trains the default network of web/train.js (in Node: the same bits as in a page) on the text of
 * examples/train/ and writes FOLDER/page-TYPE.gguf in the four types. Prints the held-out losses on the way.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTrainer } from '../../web/jielong.js';

const [folder, steps = '100', vocabulary] = process.argv.slice(2);
const text = readFileSync(new URL('train-tales.txt', import.meta.url), 'utf8');
const trainer = await createTrainer({
  text,
  config: { steps: Number(steps), vocabulary: vocabulary ? Number(vocabulary) : 'characters' },
});
for await (const { step, loss, heldOut, bitsPerByte, sample } of trainer.run())
  if (heldOut !== undefined) console.log(JSON.stringify({ step, loss, heldOut, bitsPerByte, sample }));
mkdirSync(folder, { recursive: true });
for (const type of /** @type {const} */ (['F32', 'F16', 'Q8_0', 'Q4_0']))
  writeFileSync(join(folder, `page-${type}.gguf`), await trainer.export({ type }));
await trainer.close();
