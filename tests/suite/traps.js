/**
 * traps.js - a trap ends the engine instance; all later calls report it: for models, training, vocabularies
 * and n-grams.
 *
 * The trap is real: one function of the engine's .wasm gets the body `unreachable`.
 */
import { Ngram } from '../../web/ngram.js';
import { TokenizerTrainer } from '../../web/tokenizer-trainer.js';
import { ok, rejects, same } from './assert.js';

/** @typedef {import('./index.js').Case} Case */
/** @typedef {import('./index.js').T} T */

const [EXPORTS, CODE] = [7, 10]; // sections (WebAssembly core specification, 5.5)
const FUNCTION = 0;
const [UNREACHABLE, NOP, END] = [0x00, 0x01, 0x0b];

/** A copy of the module whose export `name` traps. @param {Uint8Array} wasm @param {string} name */
function trapping(wasm, name) {
  const bytes = wasm.slice();
  let at = 8;
  const number = () => {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      shift += 7;
    } while (byte & 128);
    return value;
  };
  const word = () => {
    const n = number();
    at += n;
    return new TextDecoder().decode(bytes.subarray(at - n, at));
  };
  const compiled = new WebAssembly.Module(/** @type {any} */ (wasm));
  const functions = WebAssembly.Module.imports(compiled).filter((i) => i.kind === 'function');
  let wanted = -1;
  while (at < bytes.length) {
    const [id, size] = [bytes[at++], number()];
    const end = at + size;
    if (id === EXPORTS)
      for (let n = number(); n > 0; n--) {
        const [found, kind, index] = [word(), bytes[at++], number()];
        if (found === name && kind === FUNCTION) wanted = index - functions.length;
      }
    if (id === CODE) {
      for (let i = number(); i > 0; i--) {
        const length = number();
        if (wanted-- === 0) {
          // No locals; after `unreachable` any type is valid.
          bytes.fill(NOP, at, at + length);
          bytes.set([0, UNREACHABLE], at);
          bytes[at + length - 1] = END;
          return bytes;
        }
        at += length;
      }
    }
    at = end;
  }
  throw new Error(`${name} is no function of the module`);
}

/** @param {T} t @param {string} file @param {string} name */
async function moduleThatTraps(t, file, name) {
  const response = await fetch(`${t.origin}/web/${file}`);
  return trapping(new Uint8Array(await response.arrayBuffer()), name);
}

/** @param {() => any} call @param {string} name of the export that traps */
async function crashes(call, name) {
  const error = await rejects(
    (async () => call())(),
    'ENGINE_CRASHED',
    new RegExp(`crashed in ${name} .*report`),
  );
  return error.message;
}

/** @type {Case[]} */
export const traps = [
  {
    name: 'ENGINE_CRASHED: a trap ends the engine of a model',
    async run(t) {
      const wasm = await moduleThatTraps(t, 'jielong.wasm', 'jl_wasm_session_logits');
      const model = await t.load(t.source('chat.gguf'), { wasm });
      const session = await model.createSession();
      await session.append([1]);
      const said = await crashes(() => session.logits(), 'session_logits');
      same(await crashes(() => session.ids(), 'session_logits'), said, 'a later call');
      same(await crashes(() => model.tokenize('a'), 'session_logits'), said, 'of the model');
      await model.close();
    },
  },
  {
    name: 'ENGINE_CRASHED: a trap ends the engine of a trainer',
    async run(t) {
      const wasm = await moduleThatTraps(t, 'jielong-train.wasm', 'jl_wasm_training_run_held_out');
      const { worker } = t.options;
      const config = { vocabulary: 'characters', context: 8, steps: 2 };
      const options = /** @type {any} */ ({ text: 'to be or not to be '.repeat(40), config, wasm });
      const trainer = await t.jielong.createTrainer({ ...options, worker });
      const said = await crashes(() => trainer.heldOut(), 'training_run_held_out');
      same(await crashes(() => trainer.export(), 'training_run_held_out'), said, 'a later call');
      await trainer.close();
    },
  },
  {
    name: 'ENGINE_CRASHED: a trap ends the engine of a vocabulary and of n-grams',
    async run(t) {
      const step = await moduleThatTraps(t, 'jielong-train.wasm', 'jl_wasm_bpe_step');
      const trainer = await TokenizerTrainer.open('low lower lowest', { wasm: step });
      const said = await crashes(() => trainer.step(), 'bpe_step');
      same(await crashes(() => trainer.token(0), 'bpe_step'), said, 'a later call');
      const wasm = await moduleThatTraps(t, 'jielong-train.wasm', 'jl_wasm_ngram_distribution');
      const ngram = await Ngram.open(await t.bytes('ngram.gguf'), { wasm });
      const asked = await crashes(() => ngram.distribution([1]), 'ngram_distribution');
      ok(/n-gram/.test(asked), 'it says of what');
      same(await crashes(() => ngram.order, 'ngram_distribution'), asked, 'a later call');
    },
  },
];
