/**
 * wasi.js - runs a native test that was compiled to wasm: node tests/helpers/wasi.js PROGRAM.wasm
 *
 * It tests the C file on the instructions used in pages. Exits with the program's status.
 */
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const wasi = new WASI({ version: 'preview1', args: ['test'], returnOnExit: true });
const module = await WebAssembly.compile(readFileSync(process.argv[2]));
const imports = { ...wasi.getImportObject(), env: { emscripten_notify_memory_growth() {} } };
process.exitCode = wasi.start(await WebAssembly.instantiate(module, imports));
