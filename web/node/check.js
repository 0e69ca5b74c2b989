/**
 * check.js - `jielong check`: whether a file runs here, what it costs, and which parts of the engine it uses.
 */
import { render } from '../chat/chat.js';
import { formatOf, triggerOf } from '../chat/tool-format.js';
import { inspect } from '../stored.js';

/** @param {number} n */
const count = (n) => n.toLocaleString('en');
/** @param {number} bytes */
const size = (bytes) =>
  bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;

/** @param {import('../jielong.js').ModelInfo} info */
async function chatOf({ encoder, chatTemplate, bosToken, eosToken }) {
  if (encoder) return 'embeds only: an encoder';
  if (!chatTemplate) return 'no template; chat() finds one by the special tokens, or takes one';
  const variables = { bos_token: bosToken ?? '', eos_token: eosToken ?? '' };
  const format = await formatOf(render, chatTemplate, variables).catch(() => undefined);
  if (!format) return 'the template could not be rendered';
  if (format.generic) return 'its template; tools in the system message';
  return `its template; calls of tools begin with ${triggerOf(format.start) || format.start}`;
}

/**
 * The findings as JSON or as lines. Rejects with the reason why the file does not run.
 * @param {string} source a file or an address @param {{ context?: string, json?: boolean, wasm?: string }} options
 */
export async function check(source, { context, json, wasm }) {
  const contextLength = context === undefined ? undefined : Number(context);
  const found = await inspect(source, { contextLength, wasm });
  if (json) return JSON.stringify(found, null, 2);
  const { info, memory, limit, fits, fileBytes, bytesToFetch } = found;
  const { heads, kvHeads, layers, embeddingLength: width, experts, expertsUsed } = info;
  const parts = [
    `${layers} blocks of width ${width}`,
    heads === kvHeads ? `${heads} heads` : `${heads} heads over ${kvHeads} of keys and values`,
    ...(experts ? [`${expertsUsed} of ${experts} experts`] : []),
  ];
  const rest = bytesToFetch && bytesToFetch < fileBytes ? `, ${size(bytesToFetch)} to fetch` : '';
  const rows = {
    runs: fits ? 'yes' : `not here: it takes more than ${limit.reason}, ${size(limit.bytes)}`,
    architecture: `${info.architecture}: ${parts.join(', ')}`,
    parameters: count(info.parameters),
    file: `${size(fileBytes)}, ${info.fileType}${rest}`,
    memory: `${size(memory.total)} with ${count(found.contextLength)} tokens`,
    'longest context': `${count(found.maxContextLength)} tokens here, ${count(info.contextLength)} trained`,
    tokenizer: `${info.tokenizer ?? 'none, ids only'}, ${count(info.vocabularySize)} tokens`,
    chat: await chatOf(/** @type {any} */ (info)),
    license: info.license ?? 'the file says none',
  };
  return Object.entries(rows)
    .map(([name, value]) => `${name.padEnd(17)}${value}`)
    .join('\n');
}
