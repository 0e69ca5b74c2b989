/** index.js - all figures, by name. */
import { attention } from './attention.js';
import { embedding } from './embedding.js';
import { merges } from './merges.js';
import { tokens } from './tokens.js';

/** @type {Record<string, import('./figure.js').Figure>} */
export const FIGURES = { attention, embedding, merges, tokens };
