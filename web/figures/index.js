/** index.js - all figures, by name. */
import { attention } from './attention.js';
import { block } from './block.js';
import { cache } from './cache.js';
import { compare } from './compare.js';
import { cost } from './cost.js';
import { distribution } from './distribution.js';
import { embedding } from './embedding.js';
import { heads } from './heads.js';
import { lens } from './lens.js';
import { merges } from './merges.js';
import { playground } from './playground.js';
import { tokens } from './tokens.js';
import { train } from './train.js';

/** @type {Record<string, import('./figure.js').Figure>} */
export const FIGURES = {
  attention,
  block,
  cache,
  compare,
  cost,
  distribution,
  embedding,
  heads,
  lens,
  merges,
  playground,
  tokens,
  train,
};
