/** index.js - all figures, by name. */
import { attention } from './attention.js';
import { heads } from './heads.js';
import { lens } from './lens.js';

/** @type {Record<string, import('./figure.js').Figure>} */
export const FIGURES = { attention, heads, lens };
