/**
 * bits.js - prints a hash of the logits of every tensor type and architecture of the goldens, with both
 * precisions. The lines are the same on every processor.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { loadModel } from '../../web/node/node.js';
import { golden } from '../helpers/paths.js';

/** The hash, or '' for an encoder. @param {string} file @param {'exact' | 'fast'} precision @param {number[]} ids */
async function hash(file, precision, ids) {
  const model = await loadModel(golden(file), { worker: false, threads: 1, precision });
  if (model.info.encoder) return '';
  const session = await model.createSession({ allLogits: true });
  const bits = createHash('sha256');
  for await (const row of session.eachLogits(ids)) bits.update(new Uint8Array(row.buffer));
  await session.append(ids.slice(0, 1)); // one token, with the kernels of decoding
  bits.update(new Uint8Array((await session.logits()).buffer));
  await model.close();
  return bits.digest('hex');
}

for (const folder of ['types', 'arch']) {
  const ids = JSON.parse(readFileSync(golden(`${folder}/ids.json`), 'utf8'));
  for (const name of readdirSync(golden(folder)).sort()) {
    if (!name.endsWith('.gguf')) continue;
    for (const precision of /** @type {const} */ (['exact', 'fast']))
      console.log(
        `${folder}/${name} ${precision} ${await hash(`${folder}/${name}`, precision, ids)}`,
      );
  }
}
