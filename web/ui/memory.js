/** memory.js - stores settings between visits, if the browser allows it. */

/** @param {string} name @returns {string | null} */
export function recall(name) {
  try {
    return localStorage.getItem(`jielong.${name}`);
  } catch {
    return null; // storage is disabled
  }
}

/** @param {string} name @param {string} value */
export function remember(name, value) {
  try {
    localStorage.setItem(`jielong.${name}`, value);
  } catch {
    // storage is disabled or full: the setting is lost with the page
  }
}
