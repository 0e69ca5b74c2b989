/** memory.js - what the page remembers between visits: two words, where the browser lets it. */

/** @param {string} name @returns {string | null} */
export function recall(name) {
  try {
    return localStorage.getItem(`jielong.${name}`);
  } catch {
    return null; // storage is switched off
  }
}

/** @param {string} name @param {string} value */
export function remember(name, value) {
  try {
    localStorage.setItem(`jielong.${name}`, value);
  } catch {
    // storage is switched off or full: the choice lasts as long as the page
  }
}
