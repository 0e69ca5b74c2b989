/**
 * scene.js - `jielong scene`: computes figures and prints them as a scene.
 */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { plainJob } from '../figures/figure.js';
import { FIGURES } from '../figures/index.js';
import { makeScene } from '../figures/scene.js';
import { loadModel } from '../jielong.js';

/**
 * @param {string} file @param {string[]} names of figures @param {Record<string, any>} request
 * @returns {Promise<import('../figures/scene.js').Scene>}
 */
export async function recordScene(file, names, request) {
  const { size } = await stat(file);
  const model = await loadModel(file, { precision: 'exact' });
  try {
    /** @type {Record<string, any>} */ const views = {};
    for (const name of names) views[name] = await FIGURES[name].compute(model, request, plainJob());
    const short = basename(file, '.gguf');
    const { name, fileType } = model.info;
    return makeScene(
      { name: name ?? short, file: short, type: fileType, bytes: size },
      request,
      views,
    );
  } finally {
    await model.close();
  }
}
