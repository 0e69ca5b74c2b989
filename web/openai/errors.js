/**
 * errors.js - errors in OpenAI's form, with their HTTP status.
 */

/** Code of a JielongError → status, type and code of OpenAI. @type {Record<string, [number, string, string?]>} */
const ERRORS = {
  BAD_ARGUMENT: [400, 'invalid_request_error', 'invalid_value'],
  CONTEXT_FULL: [400, 'invalid_request_error', 'context_length_exceeded'],
  NO_CHAT_TEMPLATE: [400, 'invalid_request_error', 'no_chat_template'],
  BAD_TEMPLATE: [400, 'invalid_request_error', 'bad_template'],
  TEMPLATE_LIMIT: [400, 'invalid_request_error', 'template_limit'],
  BUSY: [429, 'rate_limit_error', 'busy'],
  CLOSED: [503, 'server_error', 'closed'],
};

/** Codes after which the model is unusable. */
export const FATAL = ['WORKER', 'ENGINE_CRASHED', 'CLOSED'];

/**
 * A failed request's answer. An error that is not a JielongError is a defect: its message is not told.
 * @param {any} e
 * @returns {{ status: number, error: { message: string, type: string, param: string | null, code: string | null } }}
 */
export function apiError(e) {
  const known = e?.name === 'JielongError';
  const [status, type, code = null] = ERRORS[known ? e.code : ''] ?? [500, 'server_error'];
  return {
    status: e?.status ?? status,
    error: {
      message: known ? e.message : 'the server failed',
      type: e?.type ?? type,
      param: (known && e.where) || null,
      code: e?.api ?? (known && e.code && code === null ? e.code.toLowerCase() : code),
    },
  };
}
