/**
 * hub.js - names of files on a model hub: hf:owner/repository/path or hf:owner/repository@revision/path.
 *
 * A hub serves a file at HOST/owner/repository/resolve/REVISION/path, and publishes lengths and SHA-256 of the files of
 * a repository in one answer (HOST/api/models/…/tree/…). Mirrors serve the same paths on another host.
 */
import { JielongError } from '../base/error.js';

export const HUB = 'https://huggingface.co';

/** @typedef {{ repository: string, revision: string, path: string }} HubFile */

/** The parts of a name; throws if it has another form. @param {string} name @returns {HubFile} */
export function parseHubName(name) {
  const [, repository, revision = 'main', path] =
    /^hf:\/?\/?([\w.-]+\/[\w.-]+)(?:@([^/\s]+))?\/([^?#\s]+)$/.exec(name) ?? [];
  if (path) return { repository, revision: decodeURIComponent(revision), path };
  throw new JielongError(
    'BAD_ARGUMENT',
    `'${name}' is not a name of a hub's file; write hf:owner/repository/file.gguf, or with a revision hf:owner/repository@revision/file.gguf`,
    'source',
  );
}

const PATIENCE_MS = 8000;

/** @param {string} path */
const encoded = (path) => path.split('/').map(encodeURIComponent).join('/');

/** @param {HubFile} file @param {string} host */
export const hubUrl = ({ repository, revision, path }, host) =>
  `${host.replace(/\/$/, '')}/${repository}/resolve/${encodeURIComponent(revision)}/${encoded(path)}`;

/**
 * The length and SHA-256 that the hub publishes; nothing if it does not answer, as some mirrors: the file itself is
 * requested then, and its answer says what is wrong.
 * @param {HubFile} file @param {string[]} hosts @param {{ signal?: AbortSignal, headers?: Record<string, string> }} options
 * @returns {Promise<{ size?: number, sha256?: string }>}
 */
export async function published({ repository, revision, path }, hosts, { signal, headers }) {
  for (const host of hosts) {
    try {
      const tree = `${host.replace(/\/$/, '')}/api/models/${repository}/tree/${encodeURIComponent(revision)}?recursive=true`;
      const files = await answer(tree, signal, headers);
      const found = files.find((/** @type {any} */ one) => one?.path === path);
      const { size, lfs } = found ?? {};
      const hash = typeof lfs?.oid === 'string' && /^[0-9a-f]{64}$/.test(lfs.oid);
      if (Number.isSafeInteger(size) && size > 0)
        return { size, sha256: hash ? lfs.oid : undefined };
    } catch {
      signal?.throwIfAborted();
    }
  }
  return {};
}

/** JSON, within PATIENCE_MS. @param {string} url @param {AbortSignal} [signal] @param {Record<string, string>} [headers] */
async function answer(url, signal, headers) {
  const request = new AbortController();
  const timer = setTimeout(() => request.abort(), PATIENCE_MS);
  const abort = () => request.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  try {
    const response = await fetch(url, { headers, signal: request.signal });
    return response.ok ? await response.json() : [];
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
