/**
 * schema.test.js - grammars and JSON schemas against llama.cpp's test cases (tests/golden/grammar.json, made by
 * tests/golden/grammar.py from llama.cpp's tests/test-grammar-parser.cpp, test-grammar-integration.cpp and
 * test-json-schema-to-grammar.cpp).
 *
 * The native test program follows the grammars: build/sanitize/tests/session/grammar serve. What is different on
 * purpose is in DIFFERENT and in sameRules().
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { grammarOf } from '../../web/schema/schema.js';
import { root } from '../helpers/paths.js';

const cases = JSON.parse(readFileSync(join(root, 'tests/golden/grammar.json'), 'utf8'));
const PROGRAM = join(root, 'build/sanitize/tests/session/grammar');
const skip = existsSync(PROGRAM) ? false : 'needs make config=sanitize native';

/** @param {string} command @param {Buffer} bytes */
const record = (command, bytes) =>
  Buffer.concat([Buffer.from(`${command} ${bytes.length}\n`), bytes, Buffer.from('\n')]);
/** A text of parts: strings and { token }. @param {any} text */
function encoded(text) {
  const parts = [text].flat();
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(part);
      const bytes = Buffer.from([255, 0, 0, 0, 0]);
      bytes.writeUInt32BE(part.token, 1);
      return bytes;
    }),
  );
}

/** Answers of the program. @param {Buffer[]} records @returns {string[]} */
function serve(records) {
  const { stdout, stderr, status } = spawnSync(PROGRAM, ['serve'], {
    input: Buffer.concat(records),
  });
  assert.equal(status, 0, stderr.toString());
  return stdout.toString().trimEnd().split('\n');
}

/** @param {string} grammar @param {any[]} texts @returns {string[]} */
function matches(grammar, texts) {
  const [ok, ...answers] = serve([
    record('G', Buffer.from(grammar)),
    ...texts.map((text) => record('S', encoded(text))),
  ]);
  assert.equal(ok, 'ok', grammar);
  return answers;
}

/** @param {string} name @param {string} grammar @param {any[]} passing @param {any[]} failing */
function check(name, grammar, passing, failing) {
  const texts = [...passing, ...failing];
  const wanted = texts.map((_, i) => (i < passing.length ? '1' : '0'));
  const found = matches(grammar, texts);
  for (const [i, text] of texts.entries())
    assert.equal(found[i], wanted[i], `${name}: ${JSON.stringify(text)}\n${grammar}`);
}

test('rules are those of llama.cpp, element by element', { skip }, () => {
  let seen = 0;
  for (const { grammar, names, elements } of cases.rules) {
    const text = grammar.trim();
    const [answer, rules] = serve([record('G', Buffer.from(text)), Buffer.from('R\n')]);
    // llama.cpp replaces a repetition of more than 2000 by one without end.
    if (/5000/.test(text)) {
      assert.match(answer, /line 1, column \d+: a repetition of more than 2000/);
      continue;
    }
    assert.equal(answer, 'ok', text);
    assert.equal(rules.trim(), elements.flat().join(' '), text);
    const count = elements.filter((/** @type {number[]} */ [type]) => type === 0).length;
    assert.equal(count, Object.keys(names).length);
    seen++;
  }
  assert.equal(seen, cases.rules.length - 2);
});

test('what llama.cpp refuses is refused, with line and column', { skip }, () => {
  const list = [...cases.refused, ...cases.leftRecursion];
  assert.equal(list.length, 10);
  for (const text of list) {
    const [answer] = serve([record('G', Buffer.from(text))]);
    assert.match(answer, /^line \d+, column \d+: /, text);
  }
  for (const text of cases.leftRecursion) {
    const [answer] = serve([record('G', Buffer.from(text))]);
    assert.match(answer, /left recursion/, text);
  }
});

test("texts of llama.cpp's grammars match or not", { skip }, () => {
  for (const { name, grammar, passing, failing } of cases.grammars)
    check(name, grammar, passing, failing);
});

/** Schemas that are rejected here, with the path; llama.cpp drops the keyword or the pattern. */
const DIFFERENT = /** @type {Record<string, string | undefined>} */ ({
  'required props': '#/properties/price/exclusiveMinimum',
});

test("texts of llama.cpp's schemas match or not", { skip }, () => {
  let rejected = 0;
  for (const { name, schema, passing, failing } of cases.schemaTexts) {
    const path = DIFFERENT[name];
    if (path) {
      assert.throws(() => grammarOf(JSON.parse(schema)), { code: 'BAD_ARGUMENT', where: path });
      rejected++;
    } else check(name, grammarOf(JSON.parse(schema)), passing, failing);
  }
  assert.equal(rejected, Object.keys(DIFFERENT).length);
});

/** llama.cpp's rules with the differences that schema.js and pattern.js name. @param {string} grammar */
const sameRules = (grammar) =>
  grammar
    .trim()
    .replace(/^[ \t]+/gm, '')
    .replaceAll(
      '"u" [0-9a-fA-F]{4})',
      '"u" ([0-9a-cA-CefEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2}))',
    )
    .replaceAll('([eE] [-+]? integral-part)?', '([eE] [-+]? [0-9]{1,2})?')
    .replaceAll('dot ::= [^\\x0A\\x0D]', 'dot ::= [^"\\\\\\x7F\\x00-\\x1F]')
    .replace(/^\S*-k ::= .*$/gm, (line) => line.replaceAll('[^"', '[^"\\\\\\x7F\\x00-\\x1F'));

/** Cases whose text or answer differs: the rejected path, or a part of the grammar. @type {Record<string, string | RegExp>} */
const OTHER_TEXT = {
  'maxItems 0': /^root ::= "\[" space "\]"$/m, // without a rule for the items
  'regexp quote': /^root ::= "\\"" \("\\\\\\""\) "\\""$/m, // as JSON writes it
  'unanchored regexp': /^root ::= "\\"" char\* \(\[0-9\]\+\) char\* "\\""$/m, // llama.cpp: any string
  'regexp with unsupported shorthand': /\[0-9A-Za-z_\]\) "\\""$/m, // llama.cpp: any string
  'regexp with escaped hyphen outside a character class': '#/pattern', // no regular expression with the flag u
  'unsupported regexp in a property': '#/properties/a/pattern', // llama.cpp: any string
};

test("grammars of schemas are llama.cpp's, but for what is different on purpose", () => {
  const found = [];
  for (const { status, name, schema, grammar } of cases.schemas) {
    let text;
    try {
      text = grammarOf(JSON.parse(schema)).trim();
    } catch (e) {
      text = `${/** @type {any} */ (e).where}`;
    }
    const other = OTHER_TEXT[name];
    if (other === undefined) {
      if (status === 'FAILURE') assert.match(text, /^#/, name);
      else if (text !== sameRules(grammar))
        found.push(`${name}\n${schema}\n--- ${text}\n+++ ${sameRules(grammar)}`);
    } else if (typeof other === 'string') assert.equal(text, other, name);
    else assert.match(text, other, name);
  }
  assert.equal(found.join('\n\n'), '');
});
