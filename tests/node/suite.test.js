/**
 * suite.test.js - the shared suite in Node, on the bare engine and through a worker, there also with two threads.
 *
 * HOSTS=engine,worker selects; run.js runs each in its own process.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as jielong from '../../web/jielong.js';
import { cases, runsOn } from '../suite/index.js';
import { describeCases } from './host.js';

/** @type {Record<string, [title: string, options: { worker: boolean, threads: number }][]>} */
const HOSTS = {
  engine: [['suite on the bare engine', { worker: false, threads: 1 }]],
  worker: [
    ['suite through a worker', { worker: true, threads: 1 }],
    ['suite through a worker, two threads', { worker: true, threads: 2 }],
  ],
};

test('cases have different names', () => {
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
});

for (const host of process.env.HOSTS?.split(',') ?? Object.keys(HOSTS))
  for (const [title, options] of HOSTS[host]) {
    const own = cases.filter((one) => runsOn(one, options));
    describeCases(title, jielong, options, own);
  }
