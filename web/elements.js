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
import { JlBlock } from './elements/block.js';
import { JlCache } from './elements/cache.js';
import { JlCompare } from './elements/compare.js';
import { JlCost } from './elements/cost.js';
import { JlDistribution } from './elements/distribution.js';
import { JlEmbedding } from './elements/embedding.js';
import { JlHeads } from './elements/heads.js';
import { JlLens } from './elements/lens.js';
import { JlMerges } from './elements/merges.js';
import { configure, loaded, provide } from './elements/page.js';
import { JlPlayground } from './elements/playground.js';
import { JlTokens } from './elements/tokens.js';
import { JlTrain } from './elements/train.js';

export { configure, loaded, provide };

/** @type {Record<string, typeof import('./elements/base.js').JlElement>} */
const ELEMENTS = {
  'jl-attention': JlAttention,
  'jl-block': JlBlock,
  'jl-cache': JlCache,
  'jl-compare': JlCompare,
  'jl-cost': JlCost,
  'jl-distribution': JlDistribution,
  'jl-embedding': JlEmbedding,
  'jl-heads': JlHeads,
  'jl-lens': JlLens,
  'jl-merges': JlMerges,
  'jl-playground': JlPlayground,
  'jl-tokens': JlTokens,
  'jl-train': JlTrain,
};

/** Names of the elements. */
export const TAGS = Object.keys(ELEMENTS);

for (const [name, type] of Object.entries(ELEMENTS)) type.define(name);

/**
 * The class of an element. The distribution loads elements when a page contains them; there it loads this one now.
 * @param {string} tag @param {string[]} [_models] whose recorded views it shows first
 */
export const define = async (tag, _models) => customElements.get(tag);
