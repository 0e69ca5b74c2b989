/**
 * jielong.js - the public interface: run a language model (a GGUF file) in a web page or in Node.
 *
 *   const model = await loadModel('smollm2.gguf', { onProgress: ({ loaded, total }) => … });
 *   const session = await model.createSession();
 *   for await (const token of session.generate('Once upon a time')) out.append(token.text);
 *   await model.close();
 *
 * In a page the engine runs in one worker per model, in Node in the calling thread. Every call is a
 * message to the engine and a reply. The caller pulls a generation token by token and pauses it by not
 * pulling. `break` and AbortSignal take effect between two tokens (or two steps of a long prompt); the
 * session stays usable. Arguments are checked here, so that the error's stack shows the call.
 *
 * The folders of web/, in import order: base/ errors and argument checks; source/ readers of model files;
 * engine/ the .wasm, its threads and workers; chat/ templates; api/ models, sessions, generations; openai/
 * OpenAI's interface; then the entry points, such as this file. ui/ draws for any page; playground/ is the page; node/ the CLI and server.
 */

import { attribute, attribution } from './api/attribution.js';
import { Generation } from './api/generation.js';
import { headScores, labelOf } from './api/heads.js';
import { Model } from './api/model.js';
import { Session } from './api/session.js';
import { JielongError } from './base/error.js';
import { checkOptions, LOAD } from './base/options.js';
import { assets } from './engine/assets.js';
import { openAnywhere, openBackend } from './engine/backend.js';
import { describeSource } from './source/source.js';

export { attribute, attribution, Generation, headScores, JielongError, labelOf, Model, Session };

/** @typedef {import('./api/types.js').Source} Source */
/** @typedef {import('./api/types.js').LoadOptions} LoadOptions */
/** @typedef {import('./api/types.js').Progress} Progress */
/** @typedef {import('./api/types.js').ModelInfo} ModelInfo */
/** @typedef {import('./api/types.js').GenerateOptions} GenerateOptions */
/** @typedef {import('./api/types.js').ChatOptions} ChatOptions */
/** @typedef {import('./api/types.js').SamplingOptions} SamplingOptions */
/** @typedef {import('./api/types.js').Token} Token */
/** @typedef {import('./api/types.js').Piece} Piece */
/** @typedef {import('./api/types.js').Tap} Tap */
/** @typedef {import('./api/types.js').TapResult} TapResult */
/** @typedef {import('./api/types.js').Stage} Stage */
/** @typedef {import('./api/types.js').StageName} StageName */
/** @typedef {import('./api/types.js').Merges} Merges */
/** @typedef {import('./api/types.js').Floats} Floats */
/** @typedef {import('./api/types.js').HeadScore} HeadScore */
/** @typedef {import('./api/types.js').Attribution} Attribution */
/** @typedef {import('./api/types.js').Message} Message */
/** @typedef {import('./api/types.js').Ids} Ids */

/**
 * Loads a model. The engine packs the weights during the download, so memory never holds a second
 * copy of the file. Rejects with a JielongError (codes: types.js) or signal.reason.
 * @param {Source} source
 * @param {LoadOptions} [options]
 * @returns {Promise<Model>}
 */
export async function loadModel(source, options = {}) {
  const given = checkOptions('loadModel', options, LOAD);
  const described = describeSource(source);
  if (given.store || given.mirrors || /^(download|parts)$/.test(described.kind))
    return (await import('./source/store.js')).loadKept(described, given, load);
  return load(described, given);
}

/** @param {import('./source/source.js').Described} described @param {LoadOptions} options checked */
async function load(described, options) {
  const { onProgress, signal, wasm, worker, sha256, memoryLimit, contextLength } = options;
  const { precision, threads } = options;
  signal?.throwIfAborted();
  const address = typeof wasm === 'string' || wasm instanceof URL ? describeSource(wasm) : wasm;
  const given = { assets: assets(), wasm: address, sha256, memoryLimit, precision, threads };
  const open = async (/** @type {LoadOptions['worker']} */ where) => {
    const backend = openBackend(where);
    try {
      const info = await backend.load(described, given, onProgress, signal);
      return new Model(backend, info, contextLength);
    } catch (e) {
      backend.close();
      throw signal?.aborted ? signal.reason : e;
    }
  };
  return openAnywhere(worker, open, described.kind !== 'stream');
}

/**
 * Creates a model to train; imports train.js on the first call.
 * @param {import('./api/types.js').TrainOptions} options
 */
export const createTrainer = async (options) => (await import('./train.js')).createTrainer(options);
