/**
 * f16.test.js - the inside of SmolLM2 with F16 weights against the numpy reference, when the file is there
 * (tests/golden/README.md has the command that makes it).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as jielong from '../../web/jielong.js';
import { root } from '../helpers/paths.js';
import { describeCases } from '../node/host.js';
import { insideCases } from '../suite/inside_golden.js';

const file = join(root, 'build/models/smollm2-135m-instruct-f16.gguf');

if (existsSync(file))
  describeCases('SmolLM2 F16', jielong, { worker: false }, insideCases('smollm2-f16', 1e-5));
else test('SmolLM2 F16', { skip: 'no SmolLM2 with F16 weights' }, () => {});
