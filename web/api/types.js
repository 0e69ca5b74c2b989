/**
 * types.js - the shapes that go in and out of the public interface. No code: nothing loads this
 * file, it is for readers, editors and the type checker.
 *
 * Errors. Every failure is a JielongError {code, message, where, offset?}, except an abort, which
 * rejects with the signal's own reason. Codes:
 *   of the file    NOT_GGUF · BAD_FORMAT · TRUNCATED · UNKNOWN_ARCHITECTURE · UNKNOWN_TYPE ·
 *                  BAD_TENSOR · BAD_TOKENIZER · CHECKSUM (not the file that `sha256` names)
 *   of getting it  NETWORK (unreachable) · HTTP (the message has the status) · FILE (unreadable)
 *   of running     OUT_OF_MEMORY · CONTEXT_FULL · NOT_A_NUMBER (also a loss that diverges)
 *   of chatting    NO_CHAT_TEMPLATE · BAD_TEMPLATE (it is broken, or refuses the messages) ·
 *                  TEMPLATE_LIMIT (it took more than 250 ms, or wrote more than a million characters)
 *   of calling     BAD_ARGUMENT (also an unknown option) · BUSY (one operation a session) · CLOSED
 *   of the host    WASM (the .wasm cannot be loaded) · WORKER (it cannot be started, has ended, or did not
 *                  answer after an abort: load again) · ENGINE_CRASHED (load again)
 *
 * Aborts. A signal takes effect between two calls to the engine, each of which is short. When one gets no
 * answer for two seconds (longer with a large model: one for each 10 million parameters), the worker is
 * ended: the model is unusable then, and its calls reject with WORKER. close() and the abort of a load never
 * wait for a worker.
 */

export {};

/**
 * Where the bytes of a model come from. A string is an address (in Node also a path). A stream or
 * Response is used up; an ArrayBuffer or typed array is only read.
 * @typedef {string | URL | Blob | ArrayBufferLike | ArrayBufferView | ReadableStream<Uint8Array> |
 *   Response} Source
 */

/**
 * @typedef {object} Progress
 * @property {'download'} phase weights are packed while they arrive, so this is all there is to
 *   wait for
 * @property {number} loaded bytes so far
 * @property {number | undefined} total bytes in all, where the source tells
 */

/**
 * @typedef {object} LoadOptions
 * @property {(progress: Progress) => void} [onProgress] called at most 20 times a second, and at
 *   the end
 * @property {AbortSignal} [signal] cancels the load and frees what it took
 * @property {number} [threads] 1 to 16, with the engine's own; left out: one a core, at most 8, one for a file under 16 MB, fewer where a
 *   measurement finds fewer faster. Several need Node, or a page that is cross-origin isolated and loads the model itself;
 *   elsewhere there is one. model.info.threads says what is used. The bits are those of one
 * @property {number} [contextLength] positions of a session, unless createSession says otherwise
 * @property {'auto' | 'exact' | 'fast'} [precision] of products with quantised weights. 'exact': activations of
 *   16 bits. 'fast': of 8. Each gives the same bits on every machine. 'auto', the default: 'fast' for weights below
 *   8 bits where the browser has relaxed SIMD, for weights of 8 bits where also the processor multiplies 8-bit bytes
 *   at once; else 'exact'. It follows from browser and processor alone, so the same seed draws the same tokens in
 *   every load there. model.info.precision tells which it is
 * @property {number} [memoryLimit] most bytes that the weights may take
 * @property {string} [sha256] 64 hex digits; the whole file is checked while it arrives
 * @property {string | URL | BufferSource | WebAssembly.Module} [wasm] instead of the jielong.wasm
 *   beside jielong.js
 * @property {boolean | string | URL | (() => Worker)} [worker] instead of engine/worker.js;
 *   true or false: in a worker or in this thread (the default is true in pages, false in
 *   Node). In this thread nothing can end a call: a signal and close() take effect when it has returned
 */

/**
 * What the file says about itself; `null` where it says nothing. memory is in bytes.
 * @typedef {object} ModelInfo
 * @property {string} architecture
 * @property {string | null} name
 * @property {number} parameters
 * @property {string} fileType such as 'Q4_1'
 * @property {number} vocabularySize
 * @property {number} contextLength the length it was trained with
 * @property {number} layers
 * @property {number} heads
 * @property {number} kvHeads
 * @property {number} embeddingLength
 * @property {number} experts of a block, 0 where it has none
 * @property {number} expertsUsed by a token
 * @property {boolean} encoder every token sees the whole text: it embeds, and predicts no tokens
 * @property {number[]} attentionLayers those that have attention and not a short convolution
 * @property {string} tokenizer
 * @property {string | null} bosToken how the beginning-of-sequence token is written
 * @property {string | null} eosToken the same of the end
 * @property {'mean' | 'cls' | 'last' | null} pooling how it is meant to embed
 * @property {string | null} chatTemplate Jinja
 * @property {{ weights: number, perContextToken: number, scratch: number }} memory
 * @property {string} kernels that the products may use: 'simd128', or 'simd128, relaxed' with relaxed SIMD
 * @property {'exact' | 'fast' | 'fast below 8 bits' | 'fast for 8 bits'} precision of products with quantised weights
 * @property {number} threads that share the work
 * @property {string | null} threadsReason why there are no more
 * @property {string | null} license
 */

/**
 * @typedef {object} SamplingOptions
 * @property {number} [temperature] 0.8; 0 takes the most probable token each time
 * @property {number} [topK] 40; keep the k most probable; 0: all
 * @property {number} [topP] 0.95; keep the fewest whose probabilities sum to p; 1: all
 * @property {number} [minP] 0.05; keep those of at least this share of the largest probability; 0:
 *   all
 * @property {number} [repeatPenalty] 1 (none); above 1 makes recent tokens less likely
 * @property {number} [repeatLast] 64; how many tokens count as recent
 */

/**
 * @typedef {object} GenerateExtras
 * @property {number} [maxTokens] 256
 * @property {number | bigint} [seed] random unless given; the generation's `seed` tells which was
 *   used. The same file, timeline, options and seed draw the same tokens in every load in one browser on
 *   one machine; with precision 'exact' or 'fast', on all of them
 * @property {string | string[]} [stop] the text ends before any of these (at most 16)
 * @property {boolean} [ignoreEos] false; true goes on after the model's end token
 * @property {number} [topLogprobs] 0; alternatives reported with each token, at most 50
 * @property {boolean} [special] false; true reads special tokens written in a prompt string
 * @property {AbortSignal} [signal]
 * @property {(token: Token) => void} [onToken] called with each token as it is pulled; alone it
 *   pulls nothing
 */
/** @typedef {SamplingOptions & GenerateExtras} GenerateOptions */

/**
 * @typedef {object} ChatExtras
 * @property {string} [chatTemplate] instead of the file's: a Jinja template, or the name of a
 *   family (chatml llama2 llama3 gemma phi3 mistral zephyr vicuna alpaca granite commandr deepseek)
 * @property {Record<string, unknown>} [templateOptions] more variables for the template, plain
 *   data, such as { enable_thinking: false } or { tools: [...] }; what they may be is the
 *   template's business. Names that chat() sets (messages, add_generation_prompt, bos_token,
 *   eos_token) and those of the language (true, range, …) keep their meaning
 */
/** @typedef {GenerateOptions & ChatExtras} ChatOptions */

/**
 * @typedef {object} Token
 * @property {number} id
 * @property {string} text what became certain with this token: '' while a character is incomplete
 *   or a stop string may still come, several characters when such a wait is over
 * @property {number} logprob natural logarithm of its probability in the model's own distribution
 * @property {number} index 0 for the first of its generation
 * @property {{ id: number, text: string, logprob: number }[]} [top] with topLogprobs, most probable
 *   first
 * @property {'reasoning' | 'answer'} [part] of what chat() draws: a model that thinks aloud does so
 *   first, between marks such as <think> and </think>, which are of the reasoning too
 * @property {'length' | 'end' | 'stop' | 'context'} [finish] on the last token: maxTokens reached,
 *   end token, stop string, context full
 */

/**
 * @typedef {object} Piece one entry of the vocabulary
 * @property {number} id
 * @property {string} text its bytes as text, with U+FFFD for characters that it holds only a part
 *   of
 * @property {Uint8Array} bytes
 * @property {boolean} whole whether `text` is exact, that is, `bytes` are whole characters
 * @property {boolean} special a control token, which detokenize leaves out
 * @property {boolean} end it ends a generation
 */

/**
 * What to record. Without `layer` all layers, without `head` all heads, each one an entry of the
 * result.
 * @typedef {{ kind: 'attention', layer?: number, head?: number }
 *   | { kind: 'residual', layer?: number }} Tap
 */

/**
 * attention: softmax weights, rows = new tokens, cols = all positions up to the last new one (0
 * above the diagonal). residual: the stream after the block, rows = new tokens, cols =
 * info.embeddingLength.
 * @typedef {object} TapResult
 * @property {'attention' | 'residual'} kind
 * @property {number} layer
 * @property {number} [head] of attention
 * @property {[number, number]} shape [rows, cols]
 * @property {Float32Array} data row after row
 */

/**
 * The distribution of the next token after one stage of the sampler.
 * @typedef {object} Stage
 * @property {'model' | 'penalty' | 'temperature' | 'topK' | 'topP' | 'minP'} stage
 * @property {number} kept tokens that are still possible
 * @property {{ id: number, text: string, probability: number }[]} top most probable first
 */

/**
 * One message of a conversation. A role is a word: system, user, assistant, or what else the
 * model's template knows; special tokens are made of well-known roles alone (`ROLES` in
 * template.js). More fields (tool_calls, reasoning_content) go to the template as they are. Of an
 * answer with reasoning, content is the `answer` part.
 * @typedef {{ role: string, content: string, [more: string]: unknown }} Message
 */
/** @typedef {Int32Array | number[]} Ids */

/* ---- Training (train.js) ---- */

/**
 * @typedef {object} TrainOptions
 * @property {string} text to learn from; its last 5 % are held out. Both parts must be longer than the context
 * @property {TrainConfig} [config]
 * @property {AbortSignal} [signal] of the preparation; run() takes its own
 * @property {boolean | string | URL | (() => Worker)} [worker] as in LoadOptions
 * @property {BufferSource | WebAssembly.Module} [wasm] instead of the jielong-train.wasm beside this file
 */

/**
 * What to train and how. Each has a default (TRAIN_DEFAULTS in train.js): together 0.36 million parameters that
 * read single characters. Keys of the network and the optimiser mean what they mean in a recipe of `jielong train`.
 * @typedef {object} TrainConfig
 * @property {'characters' | number} [vocabulary] a token for each character (at most the 4,096 most frequent, bytes
 *   for the rest), or byte-level BPE of so many tokens, 257 or more, learnt from the text
 * @property {number} [context] tokens that it sees at once
 * @property {number} [width] of a token's vector; a multiple of heads (of 32 for Q8_0 and Q4_0)
 * @property {number} [layers]
 * @property {number} [heads]
 * @property {number} [kvHeads] heads of keys and values, a divisor of heads; as many unless given
 * @property {number} [hidden] width of the feed-forward part
 * @property {'rope' | 'learned' | 'sinusoidal' | 'alibi' | 'none'} [position] llama.cpp knows 'rope' alone
 * @property {number} [ropeBase] 10000
 * @property {number} [dropout] share of numbers left out of embeddings and of what blocks add
 * @property {'adamw' | 'muon'} [optimizer] muon: the matrices of the blocks by Muon, the rest by AdamW
 * @property {number} [steps] the rate falls along a cosine until the last one
 * @property {number} [warmup] steps in which the rate rises
 * @property {number} [lr] highest rate of AdamW
 * @property {number} [lrMatrix] highest rate of Muon
 * @property {number} [lrEnd] where the cosine ends, as a part of the highest rate
 * @property {number} [beta1] 0.9; of AdamW
 * @property {number} [beta2] 0.98
 * @property {number} [momentum] 0.95; of Muon
 * @property {number} [decay] of matrices, as a part of the rate
 * @property {number} [clip] longest gradient; 0: no limit
 * @property {number} [batch] sequences of `context` tokens a step
 * @property {number} [seed] of first weights, order, dropout and samples
 * @property {string} [name] in the exported file, as are author, license and description
 * @property {string} [author]
 * @property {string} [license]
 * @property {string} [description]
 * @property {number} [evaluateEvery] steps between two held-out losses
 * @property {number} [evaluateWindows] windows of `context` tokens that one takes at most; 0: all
 * @property {number} [sampleEvery] steps between two samples
 * @property {number} [sampleTokens] their length; 0: no samples
 * @property {string} [prompt] what they go on from
 */

/**
 * @typedef {object} TrainInfo
 * @property {number} parameters
 * @property {number} vocabularySize
 * @property {number} trainTokens
 * @property {number} heldOutTokens
 * @property {number} bytesPerToken of the held-out part, UTF-8
 * @property {number} uniform nats per token of a model that knows nothing: ln of the vocabulary's size
 * @property {number} unigram nats per token of the held-out part for a model that only counts tokens
 * @property {number} steps of the whole run
 * @property {number} stepTokens tokens whose loss a step sees
 */

/**
 * @typedef {object} TrainReport after a step (0: before the first)
 * @property {number} step steps done
 * @property {number} epoch passes over the training tokens
 * @property {number} [loss] nats per token of the step's batch, before the step changed anything
 * @property {number} [norm] length of the gradient before it was clipped
 * @property {number} [heldOut] nats per token, every `evaluateEvery` steps and after the last
 * @property {number} [bitsPerByte] the same in bits per byte of UTF-8, comparable across vocabularies
 * @property {string} [sample] every `sampleEvery` steps and after the last
 */
