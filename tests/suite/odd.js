/**
 * odd.js - invalid arguments for arguments.js: wrong type, out of range, detached, revoked, endless, or with
 * parts that throw when read.
 */

const boom = () => {
  throw new Error('boom');
};
/** Every trap throws. @type {ProxyHandler<any>} */
const traps = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((trap) => [trap, boom]));

/** @param {any} target */
function revoked(target) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function detached() {
  const buffer = new ArrayBuffer(8);
  const view = new Int32Array(buffer);
  const data = new DataView(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  return { buffer, view, data };
}

/** @param {PropertyKey} key @param {any} [target] */
const throwing = (key, target = {}) =>
  Object.defineProperty(target, key, { get: boom, enumerable: true });

/** An array whose iteration never ends. */
function endless() {
  const list = [1, 2];
  list[Symbol.iterator] = function* () {
    for (;;) yield 1;
  };
  return list;
}

/** The maximum array length. */
function sparse() {
  const list = [1];
  list.length = 2 ** 32 - 1;
  return list;
}

/** New values in each call, because some are used up. @returns {[name: string, value: any][]} */
export function oddValues() {
  const gone = detached();
  const { Shared = undefined, ResizableBuffer = undefined } = {
    Shared: globalThis.SharedArrayBuffer && new SharedArrayBuffer(8),
    ResizableBuffer:
      'resizable' in ArrayBuffer.prototype
        ? new /** @type {any} */ (ArrayBuffer)(8, { maxByteLength: 16 })
        : undefined,
  };
  return [
    ['null', null],
    ['a symbol', Symbol('odd')],
    ['a bigint', 10n],
    ['a bigint of 100 digits', 10n ** 100n],
    ['a negative bigint', -1n],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['minus zero', -0],
    ['2 ** 53', 2 ** 53],
    ['1e300', 1e300],
    ['a half', 0.5],
    ['minus one', -1],
    ['2 ** 31', 2 ** 31],
    ['true', true],
    ['false', false],
    ['no text', ''],
    ['a NUL', '\0'],
    ['half a surrogate pair', 'a\ud800b'],
    ['the other half', '\udc00'],
    ['a million characters', 'x'.repeat(1e6)],
    ['a broken address', 'file://%'],
    ['a broken protocol', 'http://['],
    ['nothing of a prototype', Object.create(null)],
    ['an object', { odd: 1 }],
    ['__proto__', JSON.parse('{"__proto__": 1}')],
    ['a getter that throws', throwing('odd')],
    ['an array with a getter that throws', throwing(0, [1])],
    ['toString throws', { toString: boom, valueOf: boom, toJSON: boom }],
    ['then throws', throwing('then')],
    ['a thenable that never ends', Object.defineProperty({}, 'then', { value() {} })],
    ['every trap throws', new Proxy({}, traps)],
    ['an array of traps', new Proxy([], traps)],
    ['a revoked proxy', revoked({})],
    ['a revoked array', revoked([])],
    ['a proxy of ids', new Proxy([1], { get: (_, key) => (key === 'length' ? 2 ** 53 : 1) })],
    ['an array', []],
    ['an array of holes', new Array(3)],
    ['an array of anything', [{}, null, Symbol('odd'), [[]]]],
    ['an array in itself', circle()],
    ['an endless array', endless()],
    ['a sparse array', sparse()],
    ['numbers that are no integers', new Float64Array([0.5, Number.NaN])],
    ['integers that are no numbers', new BigInt64Array(2)],
    ['a DataView', new DataView(new ArrayBuffer(8))],
    ['a detached buffer', gone.buffer],
    ['a detached array', gone.view],
    ['a detached DataView', gone.data],
    ['a shared buffer', Shared],
    ['a resizable buffer', ResizableBuffer],
    ['a date', new Date(Number.NaN)],
    ['a map', new Map([[1, 2]])],
    ['a regular expression', /odd/g],
    ['an error', new Error('odd')],
    ['a promise', new Promise(() => {})],
    ['no blob', Object.create(Blob.prototype)],
    ['no address', Object.create(URL.prototype)],
    ['no response', Object.create(Response.prototype)],
    ['no signal', Object.create(AbortSignal.prototype)],
    ['a proxy of a signal', new Proxy(new AbortController().signal, {})],
    ['a signal that throws', new Proxy(new AbortController().signal, traps)],
    ['no stream', { getReader: boom }],
    ['a reader that throws', { getReader: () => ({ read: boom, cancel: boom }) }],
    ['a reader of nothing', { getReader: () => ({ read: async () => null, cancel: boom }) }],
    ['a function', () => {}],
    ['a function that throws', boom],
    ['an async function', async () => {}],
    ['a class', class {}],
    ['a function that gives null', () => null],
  ];
}

function circle() {
  /** @type {any[]} */
  const list = [1];
  list.push(list);
  return list;
}

/** Reasons with which streams fail. @returns {[name: string, value: any][]} */
export const oddReasons = () => [
  ['undefined', undefined],
  ['null', null],
  ['a symbol', Symbol('odd')],
  ['a number', 5],
  ['a frozen object', Object.freeze({})],
  ['an error whose getters throw', throwing('cause', throwing('message', new Error('odd')))],
  ['an object whose words throw', { toString: boom }],
  ['every trap throws', new Proxy({}, traps)],
  ['a revoked proxy', revoked({})],
  ['a very long error', new Error('x'.repeat(1e6))],
];
