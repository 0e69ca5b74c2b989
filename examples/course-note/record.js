/**
 * record.js - records what the note's figures show first, where the elements' included scenes do not, in scenes.js;
 * `make note-scenes` runs it; `npx biome check --write` formats scenes.js afterwards.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chinese } from '../../web/elements/scenes/chinese.js';
import { english } from '../../web/elements/scenes/english.js';
import { plainJob } from '../../web/figures/figure.js';
import { FIGURES as INCLUDED } from '../../web/figures/index.js';
import { makeScene } from '../../web/figures/scene.js';
import { loadModel } from '../../web/jielong.js';
import { FIGURES, sceneNames } from './content/figure.js';
import './content/index.js';
import { same } from './figures/same-vectors.js';
import { index } from './tree.js';

const web = fileURLToPath(new URL('../../web/', import.meta.url));
const out = fileURLToPath(new URL('scenes.js', import.meta.url));

// Some figures share a file with their element, whose class needs a base that Node lacks.
/** @type {any} */ (globalThis).HTMLElement ??= class {};
const { bpe } = await import('./figures/bpe.js');
const { evolution } = await import('./figures/evolution.js');
const { head } = await import('./figures/head.js');
const { lengths } = await import('./figures/lengths.js');
const { pipeline } = await import('./figures/pipeline.js');
const { positions } = await import('./figures/positions.js');
const { unrolled } = await import('./figures/unrolled.js');

/** Figures by the tag of their element. @type {Record<string, import('../../web/figures/figure.js').Figure>} */
const OWN = {
  'note-bpe': bpe,
  'note-evolution': evolution,
  'note-formula': head,
  'note-relevance': head,
  'note-gather': head,
  'note-lengths': lengths,
  'note-pipeline': pipeline,
  'note-positions': positions,
  'note-same': same,
  'note-unrolled': unrolled,
};

/** The texts of the included scenes. */
const TEXTS = { tales: english.request.text, poems: chinese.request.text };

/** @type {Map<string, import('../../web/jielong.js').Model>} */
const models = new Map();

/** @param {string} name */
async function modelOf(name) {
  const known =
    models.get(name) ?? (await loadModel(`${web}models/${name}.gguf`, { precision: 'exact' }));
  models.set(name, known);
  return known;
}

/** The request of a part: its attributes in a language, numbers as numbers. @param {Record<string, any>} attributes @param {string} lang */
function requestOf(attributes, lang) {
  const pairs = Object.entries(attributes)
    .filter(([name]) => !['share', 'model', 'caption'].includes(name))
    .map(([name, value]) => {
      const text = value?.say ? value.say[index(lang)] : value;
      return [name, /^\d+$/.test(String(text)) ? Number(text) : text];
    });
  return Object.fromEntries(pairs);
}

/** Records a part. @param {string} tag @param {Record<string, any>} attributes @param {string} lang */
async function record(tag, attributes, lang) {
  const given = attributes.model?.say ? attributes.model.say[index(lang)] : attributes.model;
  const file = given?.replace(/^.*\/|\.gguf$/g, '') ?? (lang === 'en' ? 'tales' : 'poems');
  const figure = OWN[tag] ?? INCLUDED[tag.replace('jl-', '')];
  const model = await modelOf(file);
  const text = TEXTS[/** @type {'tales'} */ (file)] ?? TEXTS.tales;
  const request = { text, seed: 7, ...requestOf(attributes, lang) };
  const view = await figure.compute(model, request, plainJob());
  const { name, fileType } = model.info;
  const described = { name: name ?? file, file: given ?? file, type: fileType, bytes: 0 };
  return JSON.stringify(makeScene(described, request, { [figure.name]: view }));
}

/** @type {Record<string, string>} */ const scenes = {};
for (const [number, { parts }] of [...FIGURES].sort(([a], [b]) => a - b))
  for (const [i, [tag, attributes]] of parts.entries())
    for (const name of sceneNames(number, i, tag, attributes)) {
      scenes[name] = await record(tag, attributes, name.endsWith('zh-Hant') ? 'zh-Hant' : 'en');
      console.log(`${name}: ${tag}, ${scenes[name].length} bytes`);
    }
for (const model of models.values()) await model.close();
const comment = '/** scenes.js - what the figures show first; `make note-scenes` writes it. */';
const lines = Object.entries(scenes).map(([name, text]) => `  '${name}': ${JSON.stringify(text)},`);
const type = '/** @type {Record<string, string>} */';
await writeFile(out, `${comment}\n\n${type}\nexport const SCENES = {\n${lines.join('\n')}\n};\n`);
