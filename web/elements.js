/**
 * elements.js - the custom elements: a script tag and <jl-attention></jl-attention> are a figure.
 *
 *   <script type="module" src="elements.js"></script>
 *   <jl-attention text="The king and the queen"></jl-attention>
 *
 * An element shows a recorded scene; its button loads the model and computes the same figure in the page. Importing this
 * file registers the elements, and attends to frames that show one; it loads no engine.
 */
import { JlAttention } from './elements/attention.js';
import { provide as provideHere } from './elements/engine.js';
import { attendFrames } from './elements/frames.js';
import { configure as configureHere } from './elements/here.js';

/** In a page with several copies of this file the first defines the elements, so its functions serve them. */
const first = /** @type {{ [key: symbol]: any }} */ (globalThis);
const KEY = Symbol.for('jielong.elements');
if (!first[KEY]) {
  first[KEY] = { configure: configureHere, provide: provideHere };
  attendFrames();
}
/** @type {typeof configureHere} */
export const configure = first[KEY].configure;
/** @type {typeof provideHere} */
export const provide = first[KEY].provide;

JlAttention.define('jl-attention');
