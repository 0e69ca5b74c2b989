/** poems.js - the address of poems.gguf, as a literal that bundlers recognise; loadModel takes it. */
export default new URL('./poems.gguf', import.meta.url).href;
