/**
 * paths.js - where the tests find what they read: the repository, goldens, build outputs, the real model.
 *
 * MODELS=FOLDER holds the real model; the default is what `make models` downloads.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const models = process.env.MODELS ?? join(root, 'build', 'models');
export const SMOLLM2 = 'smollm2-135m-instruct-q4_1.gguf';
export const smollm2 = join(models, SMOLLM2);
/** Why tests of the real model are skipped; false if they are not. */
export const noModel = existsSync(smollm2) ? false : 'no model; run make models';
export const dist = join(root, 'build', 'dist');
/** Why tests of the delivered files are skipped; false if they are not. */
export const noDist = existsSync(join(dist, 'jielong.js')) ? false : 'no build/dist; run make dist';

/** The path of tests/golden/NAME. @param {string} name */
export const golden = (name) => join(root, 'tests', 'golden', name);
/** Where tests/clients/install.sh puts the clients of jielong serve. */
export const clients = join(root, 'build', 'clients');
/** Why tests of npm's clients are skipped; false if they are not. */
export const noClients = existsSync(join(clients, 'node_modules', 'openai'))
  ? false
  : 'no clients; run tests/clients/install.sh';
/** The Python of PyPI's clients. */
export const python = join(clients, 'py', 'bin', 'python');
/** Why tests of PyPI's client are skipped; false if they are not. */
export const noPython = existsSync(join(clients, 'requirements.installed'))
  ? false
  : 'no client of PyPI; run tests/clients/install.sh';
/** Why tests against llama.cpp's server are skipped; false if they are not. */
export const noServer = existsSync(join(clients, 'requirements-server.installed'))
  ? false
  : 'no llama.cpp server; run tests/clients/install.sh';
