/** index.js - all figures, by name. */
import { attention } from './attention.js';
import { block } from './block.js';
import { compare } from './compare.js';
import { tokens } from './tokens.js';
import { train } from './train.js';

/** @type {Record<string, import('./figure.js').Figure>} */
export const FIGURES = { attention, block, compare, tokens, train };
