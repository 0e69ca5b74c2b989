/** figure_models.js - the included models, and texts for tests of figures. */
import { loadModel } from '../../web/jielong.js';
import { root } from './paths.js';

export const TALE = "The princess lost her golden ball in the well. 'Give me back my golden";
export const POEM = '\n床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。';

/** The file of an included model. @param {string} name */
export const included = (name) => `${root}web/models/${name}.gguf`;

/** @param {any} file path or bytes @param {(model: import('../../web/jielong.js').Model) => Promise<void>} work */
export async function withModel(file, work) {
  const model = await loadModel(file, { precision: 'exact' });
  try {
    await work(model);
  } finally {
    await model.close();
  }
}

/** Both included models; the caller closes them. */
export const openIncluded = async () => ({
  tales: await loadModel(included('tales'), { precision: 'exact' }),
  poems: await loadModel(included('poems'), { precision: 'exact' }),
});
