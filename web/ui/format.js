/**
 * format.js - numbers, sizes, times, tokens and errors as the reader sees them.
 *
 * Sizes are decimal (1 MB = 10⁶ bytes), times are seconds in and words out, probabilities are 0…1
 * in and percent out. Everything goes through Intl in the page's language.
 */

import { currentLanguage, has, t } from './i18n.js';

/** @param {number} value @param {Intl.NumberFormatOptions} [options] */
export const number = (value, options) =>
  new Intl.NumberFormat(currentLanguage(), options).format(value);

/** @param {number} p probability */
export const percent = (p) =>
  number(p, {
    style: 'percent',
    ...(p < 0.0005
      ? { maximumSignificantDigits: 1 }
      : { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  });

/** @param {number} bytes */
export function size(bytes) {
  const [unit, scale] =
    bytes < 1e6 ? ['kilobyte', 1e3] : bytes < 1e9 ? ['megabyte', 1e6] : ['gigabyte', 1e9];
  const value = bytes / scale;
  const digits = value < 100 ? 1 : 0;
  return number(value, {
    style: 'unit',
    unit,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** @param {number} s seconds */
export function time(s) {
  const [unit, value] =
    s < 1 ? ['millisecond', s * 1e3] : s < 90 ? ['second', s] : ['minute', s / 60];
  return number(value, { style: 'unit', unit, maximumFractionDigits: s >= 1 && s < 10 ? 1 : 0 });
}

/** Counts in the millions, as short as the language says them: 135M, 1.3億. @param {number} n */
export const count = (n) =>
  number(n, n < 1e5 ? {} : { notation: 'compact', maximumSignificantDigits: 4 });

/**
 * What fits on the page of a text that a file or a stranger wrote: laying out megabytes takes seconds.
 * @param {string} text @param {number} [most] characters
 */
export const shorten = (text, most = 200) =>
  text.length > most ? `${text.slice(0, most)}…` : text;

/** A token's text with its spaces and newlines made visible. @param {string} text */
export const visible = (text) =>
  shorten(text).replace(/ /g, '␣').replace(/\n/g, '↵').replace(/\t/g, '⇥');

/**
 * An error in words. A JielongError's code has a sentence that says what to do; anything else shows
 * its own message.
 * @param {unknown} error
 */
export function explain(error) {
  const { code, where, message } =
    /** @type {{ code?: unknown, where?: unknown, message?: unknown }} */ (error ?? {});
  const values = {
    where: shorten(String(where || t('error.somewhere'))),
    message: shorten(String(message ?? error), 500),
  };
  const key = `error.${String(code)}`;
  return t(has(key) ? key : 'error.unexpected', values);
}
