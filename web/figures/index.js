/** index.js - all figures, by name. */
import { attention } from './attention.js';
import { block } from './block.js';
import { tokens } from './tokens.js';

/** @type {Record<string, import('./figure.js').Figure>} */
export const FIGURES = { attention, block, tokens };
