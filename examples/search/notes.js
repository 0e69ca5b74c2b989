/**
 * notes.js - text files of a folder that was picked or dropped, and their passages.
 */
const TEXT = /\.(txt|md|markdown|text|org|rst)$/i;
const WORDS = 90; // of a passage: what an encoder of 256 tokens reads whole

/** The text files of a list, in the order of their names. @param {Iterable<File>} files */
export const notesOf = (files) =>
  [...files]
    .filter((file) => TEXT.test(file.name))
    .sort((a, b) => pathOf(a).localeCompare(pathOf(b)));

/** @param {File} file */
export const pathOf = (file) => file.webkitRelativePath || file.name;

/** Files of a drop, folders included. @param {DataTransfer} data @returns {Promise<File[]>} */
export async function dropped(data) {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()); // before the first await
  return (await Promise.all(entries.map(filesOf))).flat();
}

/** @param {any} entry of a file or a folder @returns {Promise<File[]>} */
async function filesOf(entry) {
  if (!entry) return [];
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return (await Promise.all(all.map(filesOf))).flat();
    all.push(...some);
  }
}

/** Passages of a text: its paragraphs, long ones in parts. @param {string} text @returns {string[]} */
export function passagesOf(text) {
  const paragraphs = text.split(/\n\s*\n/).map((part) => part.trim());
  return paragraphs.filter(Boolean).flatMap((paragraph) => {
    const words = paragraph.split(/\s+/);
    const parts = Math.ceil(words.length / WORDS);
    if (parts === 1) return [paragraph];
    const length = Math.ceil(words.length / parts);
    return Array.from({ length: parts }, (_, i) =>
      words.slice(i * length, (i + 1) * length).join(' '),
    );
  });
}
