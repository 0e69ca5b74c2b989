/**
 * elements.js - the custom elements: a script tag and <jl-attention></jl-attention> are a figure.
 *
 *   <script type="module" src="elements.js"></script>
 *   <jl-attention text="The king and the queen"></jl-attention>
 *
 * An element shows a recorded scene; its button loads the model and computes the same figure in the page. Importing this
 * file registers the elements; it loads no engine.
 */
import { JlAttention } from './elements/attention.js';
import { JlEmbedding } from './elements/embedding.js';
import { configure, provide } from './elements/engine.js';
import { JlMerges } from './elements/merges.js';
import { JlTokens } from './elements/tokens.js';

export { configure, provide };

JlAttention.define('jl-attention');
JlEmbedding.define('jl-embedding');
JlMerges.define('jl-merges');
JlTokens.define('jl-tokens');
