/**
 * page.js - what pages may call. In a page with several copies of the elements the first defines them, so its functions
 * serve all.
 */
import { loaded as loadedHere, provide as provideHere } from './engine.js';
import { attendFrames } from './frames.js';
import { configure as configureHere } from './here.js';

const own = { configure: configureHere, loaded: loadedHere, provide: provideHere };
const page = /** @type {{ [key: symbol]: typeof own }} */ (/** @type {any} */ (globalThis));
const KEY = Symbol.for('jielong.elements');
if (!page[KEY]) attendFrames();
page[KEY] ??= own;

export const { configure, loaded, provide } = page[KEY];
