/**
 * history.js - earlier conversations, in the browser's storage: messages only, no caches.
 */

const KEY = 'jielong-chats';
const MOST = 20;

/** A stored conversation. @typedef {{ id: string, saved: import('../../web/conversation.js').Saved }} Stored */

/** The newest first. @returns {Stored[]} */
export function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '[]');
  } catch {
    return []; // no storage, or other data
  }
}

/** @param {Stored[]} list */
function write(list) {
  try {
    localStorage.setItem(KEY, JSON.stringify(list.slice(0, MOST)));
  } catch {} // a private window, or full: the conversation stays on the page
}

/** Stores a conversation in front of the others. @param {string} id @param {Stored['saved']} saved */
export const store = (id, saved) =>
  write([{ id, saved }, ...stored().filter((one) => one.id !== id)]);

/** @param {string} id */
export const forget = (id) => write(stored().filter((one) => one.id !== id));

/** The first words of a conversation. @param {Stored} stored */
export const titleOf = ({ saved }) =>
  saved.messages.find(({ role }) => role === 'user')?.content.slice(0, 80) ?? '';
