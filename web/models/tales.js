/** tales.js - the address of tales.gguf, as a literal that bundlers recognise; loadModel takes it. */
export default new URL('./tales.gguf', import.meta.url).href;
