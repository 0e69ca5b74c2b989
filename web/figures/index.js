/** index.js - all figures, by name. */
import { attention } from './attention.js';
import { distribution } from './distribution.js';
import { playground } from './playground.js';

/** @type {Record<string, import('./figure.js').Figure>} */
export const FIGURES = { attention, distribution, playground };
