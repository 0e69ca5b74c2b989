/**
 * structured.test.js - 1,000 drawn outputs of 20 schemas, each validated by Ajv; schemas that are rejected.
 *
 * The included tales model knows no JSON, so nearly every token is decided by the grammar. Outputs that reach
 * maxTokens are no complete texts and do not count.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Ajv2020 from 'ajv/dist/2020.js';
import { loadModel } from '../../web/jielong.js';
import { grammarOf } from '../../web/schema/schema.js';

const TALES = fileURLToPath(new URL('../../web/models/tales.gguf', import.meta.url));
const EACH = 50;
const short = { type: 'string', maxLength: 12 };

/** @type {Record<string, any>} */
const SCHEMAS = {
  boolean: { type: 'boolean' },
  integer: { type: 'integer', minimum: -5, maximum: 120 },
  'integer below': { type: 'integer', exclusiveMaximum: -7 },
  'integer above': { type: 'integer', minimum: 987 },
  number: { type: 'number' },
  string: { type: 'string', minLength: 2, maxLength: 9 },
  pattern: { type: 'string', pattern: '^[A-Z][a-z]{1,4}-[0-9]{2}(x|"y")?$' },
  'open pattern': {
    type: 'object',
    properties: { a: { type: 'string', pattern: '^.{0,6}b.?\\d$' } },
    required: ['a'],
  },
  enumeration: { enum: ['a "b"', 3, null, [1, 'x'], { k: true }] },
  constant: { const: { deep: [1, 2.5, '\u00e9\n'] } },
  array: {
    type: 'array',
    items: { type: 'integer', minimum: 0, maximum: 9 },
    minItems: 2,
    maxItems: 4,
  },
  tuple: { type: 'array', prefixItems: [short, { type: 'boolean' }], items: false, minItems: 2 },
  object: {
    type: 'object',
    properties: { a: short, b: { type: 'integer' } },
    required: ['a', 'b'],
    additionalProperties: false,
  },
  optional: {
    type: 'object',
    properties: { a: { type: 'null' }, b: short, c: { type: 'boolean' } },
  },
  additional: {
    type: 'object',
    properties: { and: { type: 'boolean' }, also: { type: 'boolean' } },
    additionalProperties: { type: 'integer' },
  },
  nested: {
    type: 'object',
    properties: {
      list: {
        type: 'array',
        maxItems: 2,
        items: { type: 'object', properties: { x: { type: 'integer' } }, required: ['x'] },
      },
    },
    required: ['list'],
  },
  types: { type: ['string', 'null', 'integer'], maxLength: 8, minimum: 5 },
  'one of': {
    oneOf: [
      {
        type: 'object',
        properties: { kind: { const: 'a' }, n: { type: 'integer' } },
        required: ['kind', 'n'],
      },
      { type: 'object', properties: { kind: { const: 'b' } }, required: ['kind'] },
    ],
  },
  reference: {
    $defs: {
      node: {
        type: 'object',
        properties: { v: { type: 'boolean' }, next: { $ref: '#/$defs/node' } },
        required: ['v'],
      },
    },
    $ref: '#/$defs/node',
  },
  'all of': {
    allOf: [
      { type: 'object', properties: { a: { type: 'integer' } } },
      { type: 'object', properties: { b: { enum: ['x', 'y'] } } },
    ],
  },
};

test('1,000 drawn outputs of 20 schemas are valid', { timeout: 1_200_000 }, async () => {
  const model = await loadModel(TALES, { worker: false });
  const session = await model.createSession({ contextLength: 256 });
  const ajv = new Ajv2020({ strict: false });
  let valid = 0;
  for (const [name, jsonSchema] of Object.entries(SCHEMAS)) {
    const check = ajv.compile(jsonSchema);
    let [count, seed] = [0, 0];
    for (; count < EACH && seed < 8 * EACH; seed++) {
      await session.rewind(0);
      const options = { responseFormat: { jsonSchema }, maxTokens: 160, temperature: 1, seed };
      const { text, finish } = await session.complete('\n', options);
      if (finish !== 'end') continue;
      assert.ok(check(JSON.parse(text)), `${name}: ${text} ${ajv.errorsText(check.errors)}`);
      count++;
    }
    assert.equal(count, EACH, `${name}: ${count} complete texts of ${seed}`);
    valid += count;
  }
  assert.equal(valid, 1000);
  await model.close();
});

/** Path of the rejection. @type {[any, string][]} */
const REJECTED = [
  [{ type: 'integer', minimum: 5, maximum: 4 }, '#'],
  [
    { type: 'object', properties: { a: { type: 'string', minLength: 3, maxLength: 2 } } },
    '#/properties/a/maxLength',
  ],
  [{ type: 'object', properties: { a: false }, required: ['a'] }, '#/properties/a'],
  [{ enum: [] }, '#/enum'],
  [{ type: 'string', enum: [1, 2] }, '#/enum'],
  [
    {
      $defs: { n: { type: 'object', properties: { n: { $ref: '#/$defs/n' } }, required: ['n'] } },
      $ref: '#/$defs/n',
    },
    '#/$defs/n/properties/n',
  ],
  [{ type: 'array', items: { type: 'integer' }, uniqueItems: true }, '#/uniqueItems'],
  [{ type: 'number', minimum: 0 }, '#/minimum'],
  [{ type: 'string', pattern: '^(?=a)b$' }, '#/pattern'],
  [{ type: 'string', pattern: '(' }, '#/pattern'],
  [{ not: { type: 'string' } }, '#/not'],
  [{ anyOf: [{ type: 'string' }], required: ['a'] }, '#/required'],
  [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, '#/oneOf/0'],
  [{ $ref: 'other.json' }, '#/$ref'],
  [{ type: 'strin' }, '#/type'],
  [{ type: 'object', properties: {}, required: ['a'], additionalProperties: false }, '#/required'],
];

test('a schema that cannot be met, or kept, is rejected with its path', () => {
  for (const [schema, where] of REJECTED)
    assert.throws(() => grammarOf(schema), { code: 'BAD_ARGUMENT', where }, JSON.stringify(schema));
});
