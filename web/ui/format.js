/**
 * format.js - formats numbers, sizes, times, tokens and errors in the page's language, by Intl.
 *
 * Inputs: sizes in bytes (printed decimal: 1 MB = 10⁶ bytes), times in seconds, probabilities 0…1
 * (printed in percent).
 */

import { currentLanguage, has, t } from './i18n.js';

/** Formats by language and options; making one takes longer than its use. @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {string} language @param {Intl.NumberFormatOptions} [options] */
function numberFormat(language, options) {
  const key = language + JSON.stringify(options ?? '');
  const format = formats.get(key) ?? new Intl.NumberFormat(language, options);
  formats.set(key, format);
  return format;
}

/**
 * Formats for a language.
 * @param {() => string} language
 */
export function formatter(language) {
  /** @param {number} value @param {Intl.NumberFormatOptions} [options] */
  const number = (value, options) => numberFormat(language(), options).format(value);

  /** @param {number} p probability */
  const percent = (p) =>
    number(p, {
      style: 'percent',
      ...(p < 0.0005
        ? { maximumSignificantDigits: 1 }
        : { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    });

  /** @param {number} bytes */
  const size = (bytes) => {
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
  };

  /** @param {number} s seconds */
  const time = (s) => {
    const [unit, value] =
      s < 1 ? ['millisecond', s * 1e3] : s < 90 ? ['second', s] : ['minute', s / 60];
    return number(value, {
      style: 'unit',
      unit,
      maximumFractionDigits: s >= 1 && s < 10 ? 1 : 0,
    });
  };

  /** Large counts in the language's compact notation: 135M, 1.3億. @param {number} n @param {number} [digits] */
  const count = (n, digits = 4) =>
    number(n, n < 1e5 ? {} : { notation: 'compact', maximumSignificantDigits: digits });

  return { number, percent, size, time, count };
}

/** Formats for the page's language. */
export const { number, size, time, count } = formatter(currentLanguage);

/**
 * Truncates untrusted text, because the layout of megabytes takes seconds.
 * @param {string} text @param {number} [max] characters
 */
export const shorten = (text, max = 200) => (text.length > max ? `${text.slice(0, max)}…` : text);

/**
 * The sentence for an error: by the code of a JielongError; other errors show their message.
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
