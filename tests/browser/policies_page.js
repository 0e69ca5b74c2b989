/**
 * policies_page.js - the script of a page with a policy: ?entry names the package's file. window.answer is what worked,
 * with the warnings of the console.
 */
import { tryAll } from '/tests/consumers/program.js';

/** @type {string[]} */
const warnings = [];
console.warn = (...words) => warnings.push(words.join(' '));

async function answer() {
  const entry = new URLSearchParams(location.search).get('entry') ?? '';
  const api = await import(entry);
  const words = (/** @type {any} */ e) => `${e.code}: ${e.message}`;
  const given = { tales: '/models/tales.gguf', chat: '/tests/golden/chat.gguf', threads: false };
  const all = { ...given, relaxed: /Chrome|Firefox/.test(navigator.userAgent) };
  return { done: await tryAll(api, all).catch(words), warnings };
}

answer().then(
  (found) => Object.assign(window, { answer: found }),
  (e) => Object.assign(window, { answer: { done: String(e), warnings } }),
);
