/** index.js - all figures, by name. */
import { attention } from './attention.js';
import { compare } from './compare.js';

/** @type {Record<string, import('./figure.js').Figure>} */
export const FIGURES = { attention, compare };
