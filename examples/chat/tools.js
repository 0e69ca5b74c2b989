/**
 * tools.js - what the model may call: a calculator and a clock. Replace them by your own: what a tool does is a function
 * from its arguments to a text.
 */

/** @type {import('../../web/jielong.js').Tool[]} */
export const tools = [
  {
    name: 'calculate',
    description: 'The value of an arithmetic expression with + - * / ^ and parentheses.',
    parameters: {
      type: 'object',
      properties: { expression: { type: 'string', pattern: '^[(0-9][-+*/^(). 0-9]{0,80}$' } },
      required: ['expression'],
    },
  },
  { name: 'now', description: 'The date and the time of day.' },
];

/** @type {Record<string, (args: any) => string>} */
const WORK = {
  calculate: ({ expression }) => String(arithmetic(expression)),
  now: () => new Date().toString(),
};

/** Runs a call. @param {import('../../web/jielong.js').ToolCall} call @returns {Promise<string>} */
export async function run({ name, arguments: args }) {
  return WORK[name](args);
}

/** @type {Record<string, [rank: number, work: (a: number, b: number) => number]>} */
const OPERATORS = {
  '+': [1, (a, b) => a + b],
  '-': [1, (a, b) => a - b],
  '*': [2, (a, b) => a * b],
  '/': [2, (a, b) => a / b],
  '^': [3, (a, b) => a ** b],
};

/** The value of an expression, by precedence climbing. @param {string} text */
export function arithmetic(text) {
  const symbols = text.match(/\d+\.?\d*|\.\d+|[-+*/^()]/g) ?? [];
  let at = 0;
  const fail = () => new Error(`'${text}' is not an expression`);
  const operand = () => {
    const symbol = symbols[at++];
    if (symbol === '-') return -expression(3);
    if (symbol === '(') {
      const value = expression(1);
      if (symbols[at++] !== ')') throw fail();
      return value;
    }
    if (!/^[\d.]/.test(symbol ?? '')) throw fail();
    return Number(symbol);
  };
  /** @param {number} least rank of the operators @returns {number} */
  const expression = (least) => {
    let value = operand();
    for (;;) {
      const symbol = symbols[at] ?? '';
      const [rank, work] = OPERATORS[symbol] ?? [0, undefined];
      if (!work || rank < least) return value;
      at++;
      value = work(value, expression(symbol === '^' ? rank : rank + 1)); // ^ from the right
    }
  };
  const value = expression(1);
  if (at < symbols.length) throw fail();
  return value;
}
