/**
 * integer.js - a grammar of the integers from a minimum to a maximum, of at most 16 digits.
 *
 * After _build_min_max_int of llama.cpp's common/json-schema-to-grammar.cpp (MIT), whose text it gives.
 */

const DIGITS = 16;

/** @param {string | number} from @param {string | number} to */
const digit = (from, to) => (`${from}` === `${to}` ? `[${from}]` : `[${from}-${to}]`);

/** @param {number} low @param {number} high */
function digits(low, high) {
  if (low === 1 && high === 1) return '[0-9]';
  return `[0-9]{${low}${high === low ? '' : `,${high === Infinity ? '' : high}`}}`;
}

/** Numbers of equally many digits. @param {string} from @param {string} to @returns {string} */
function uniform(from, to) {
  let i = 0;
  while (i < from.length && from[i] === to[i]) i++;
  const prefix = i > 0 ? `"${from.slice(0, i)}"` : '';
  if (i === from.length) return prefix;
  const space = prefix ? `${prefix} ` : '';
  const [a, b, rest] = [Number(from[i]), Number(to[i]), from.length - i - 1];
  if (rest === 0) return `${space}[${a}-${b}]`;
  const [low, high] = [from.slice(i + 1), to.slice(i + 1)];
  const [zeros, nines] = ['0'.repeat(rest), '9'.repeat(rest)];
  let out = '';
  let reached = false;
  if (low === zeros) {
    out = `${digit(a, b - 1)} ${digits(rest, rest)}`;
  } else {
    out = `[${a}] (${uniform(low, nines)})`;
    if (a < b - 1) {
      reached = high === nines;
      out += ` | ${digit(a + 1, reached ? b : b - 1)} ${digits(rest, rest)}`;
    }
  }
  if (!reached) out += ` | ${digit(b, b)} ${uniform(zeros, high)}`;
  return `${space}(${out})`;
}

/** @param {number} low @param {number} high finite */
function between(low, high) {
  let [from, rule] = [low, ''];
  if (low < 0 && high < 0) return `"-" (${integerRule(-high, -low)})`;
  if (low < 0) {
    rule = `"-" (${integerRule(0, -low)}) | `;
    from = 0;
  }
  let first = `${from}`;
  const last = `${high}`;
  for (let n = first.length; n < last.length; n++) {
    rule += `${uniform(first, '9'.repeat(n))} | `;
    first = `1${'0'.repeat(n)}`;
  }
  return rule + uniform(first, last);
}

/** @param {number} low @param {number} left digits @param {boolean} top whether no digit precedes @returns {string} */
function atLeast(low, left, top) {
  const less = Math.max(left - 1, 1);
  if (low < 0) return `"-" (${atMost(-low, left, false)}) | [0] | [1-9] ${digits(0, left - 1)}`;
  if (low === 0) return top ? `[0] | [1-9] ${digits(0, less)}` : digits(1, left);
  const text = `${low}`;
  const [c, n] = [Number(text[0]), text.length];
  const start = top ? 1 : 0;
  if (low <= 9) {
    const longer = c > start ? `${digit(start, c - 1)} ${digits(1, less)} | ` : '';
    return `${longer}${digit(c, 9)} ${digits(0, less)}`;
  }
  let rule = c > 1 ? `${digit(start, c - 1)} ${digits(n, less)} | ` : '';
  rule += `${digit(c, c)} (${atLeast(Number(text.slice(1)), less, false)})`;
  if (c < 9) rule += ` | ${digit(c + 1, 9)} ${digits(n - 1, less)}`;
  return rule;
}

/** @param {number} high @param {number} left digits @param {boolean} top @returns {string} */
function atMost(high, left, top) {
  if (high < 0) return `"-" (${atLeast(-high, left, false)})`;
  const negative = top ? `"-" [1-9] ${digits(0, Math.max(left - 1, 1))} | ` : '';
  return negative + between(0, high);
}

/** @param {number} low -Infinity: none @param {number} high Infinity: none @returns {string} */
export function integerRule(low, high) {
  if (low > -Infinity && high < Infinity) return between(low, high);
  return low > -Infinity ? atLeast(low, DIGITS, true) : atMost(high, DIGITS, true);
}
