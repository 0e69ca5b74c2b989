/**
 * words.js - sentences in English and Traditional Chinese, as pairs in the page's scripts: no file is fetched.
 *
 * A sentence is whole, with {names} for values.
 */

/** @typedef {Record<string, [english: string, chinese: string]>} Words */

/** 'zh-Hant' for any Chinese, else 'en'. @param {string} [language] a BCP 47 tag */
export const supported = (language) => (/^zh\b/i.test(language ?? '') ? 'zh-Hant' : 'en');

/**
 * A function that says a sentence in a language. A key without words gives the key, so that gaps are visible.
 * @param {Words[]} lists the first with the key counts
 * @param {() => string} language 'en' or 'zh-Hant'
 */
export function speaker(lists, language) {
  /** @param {string} key @param {Record<string, string | number>} [values] */
  return (key, values = {}) => {
    const pair = lists.find((words) => Object.hasOwn(words, key))?.[key];
    const sentence = pair?.[language() === 'en' ? 0 : 1] ?? key;
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  };
}
