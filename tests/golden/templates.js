/**
 * templates.js - renders chat templates with the code of pages, for templates.py: reads a JSON array of
 * [template, variables], writes an array of { text, runs } or { error }. --families: prints families.js as JSON.
 */
import { readFileSync } from 'node:fs';
import { render } from '../../web/chat/chat.js';
import { families } from '../../web/chat/families.js';

if (process.argv[2] === '--families') {
  process.stdout.write(JSON.stringify(families));
} else {
  const results = [];
  for (const [template, variables] of JSON.parse(readFileSync(0, 'utf8'))) {
    const refused = (/** @type {any} */ e) => ({ error: `${e.code} ${e.message}` });
    results.push(await render(template, variables).catch(refused));
  }
  process.stdout.write(JSON.stringify(results));
}
