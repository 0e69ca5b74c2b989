/**
 * scenes.js - records the included scenes, one per language; `make scenes` runs it after a change of a model or figure.
 *
 *   node web/node/scenes.js     writes web/elements/scenes/english.js and chinese.js
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { FIGURES } from '../figures/index.js';
import { recordScene } from './scene.js';

const web = fileURLToPath(new URL('..', import.meta.url));

const SCENES = {
  english: {
    model: 'tales',
    request: {
      text: "The princess lost her golden ball in the well. 'Give me back my golden",
      layer: 5,
      head: 5,
      seed: 7,
      count: 40,
    },
  },
  chinese: {
    model: 'poems',
    request: {
      text: '\n床前明月光，疑是地上', // the head copies the moon, and the reader knows what follows
      layer: 4,
      head: 3,
      seed: 7,
      count: 40,
    },
  },
};

for (const [name, { model, request }] of Object.entries(SCENES)) {
  const names = Object.keys(FIGURES);
  const scene = await recordScene(`${web}models/${model}.gguf`, names, request);
  const comment = `/** ${name}.js - the included scene of ${model}; \`make scenes\` writes it. */`;
  const json = JSON.stringify(scene);
  await writeFile(
    `${web}elements/scenes/${name}.js`,
    `${comment}\n\nexport const ${name} = JSON.parse(\n  ${JSON.stringify(json)},\n);\n`,
  );
  console.log(`${name}: ${json.length} bytes`);
}
