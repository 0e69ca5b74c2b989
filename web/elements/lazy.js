/**
 * lazy.js - defines elements when a page contains them, so that a page loads only its own figures.
 */

/**
 * @param {Record<string, () => Promise<unknown>>} loaders by tag; each defines its element
 * @returns {(tag: string) => Promise<CustomElementConstructor>} defines one element now
 */
export function defineLazily(loaders) {
  /** @type {Map<string, Promise<unknown>>} */
  const loading = new Map();
  /** @param {string} tag */
  const define = async (tag) => {
    const known = customElements.get(tag);
    if (known) return known;
    if (!Object.hasOwn(loaders, tag)) throw new TypeError(`there is no element ${tag}`);
    const promise = loading.get(tag) ?? loaders[tag]();
    loading.set(tag, promise);
    try {
      await promise;
    } catch (e) {
      loading.delete(tag); // it may be asked for again
      throw e;
    }
    return /** @type {CustomElementConstructor} */ (customElements.get(tag));
  };
  const selector = Object.keys(loaders).join();
  const look = () => {
    for (const { localName } of document.querySelectorAll(selector))
      if (!customElements.get(localName) && !loading.has(localName))
        define(localName).catch((e) => console.error(e));
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
  look();
  return define;
}
