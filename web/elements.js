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
import { JlDistribution } from './elements/distribution.js';
import { configure, provide } from './elements/engine.js';
import { JlPlayground } from './elements/playground.js';

export { configure, provide };

JlAttention.define('jl-attention');
JlDistribution.define('jl-distribution');
JlPlayground.define('jl-playground');
