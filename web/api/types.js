/**
 * types.js - the argument and result types of the public API. No code: this file is for readers,
 * editors and the type checker, and is never loaded.
 *
 * Errors. Every failure rejects with a JielongError {code, message, where, offset?}; an abort
 * rejects with the signal's reason instead. Codes:
 *   model file     NOT_GGUF · BAD_FORMAT · TRUNCATED · UNKNOWN_ARCHITECTURE · UNKNOWN_TYPE ·
 *                  BAD_TENSOR · BAD_TOKENIZER · CHECKSUM (differs from the option `sha256`)
 *   reading it     NETWORK (unreachable) · HTTP (the message has the status) · FILE (unreadable) · CHANGED (on its
 *                  server, twice during a download)
 *   inference      OUT_OF_MEMORY · CONTEXT_FULL · NOT_A_NUMBER (also a diverging training loss)
 *   chat           NO_CHAT_TEMPLATE · BAD_TEMPLATE (invalid, or it rejects the messages) ·
 *                  TEMPLATE_LIMIT (over 250 ms, or over a million characters of output)
 *   connect()      REMOTE (a server cannot do it) · NETWORK · HTTP · CONTEXT_FULL
 *   usage          BAD_ARGUMENT (also an unknown option) · BUSY (one operation per session) · CLOSED
 *   host           WASM (the .wasm cannot be loaded) · WORKER (failed to start, ended, or was
 *                  unresponsive after an abort: load again) · ENGINE_CRASHED (load again)
 *
 * Aborts. A signal takes effect between two engine calls, which are short. After an abort, a worker that
 * does not answer within two seconds, plus one second per 10 million parameters, is
 * terminated; the model is then unusable and its calls reject with WORKER. close() and aborting a load
 * never wait for the worker.
 */

export {};

/**
 * The bytes of a model. A string is a URL (in Node also a path), or a file of a model hub,
 * hf:owner/repository/file or hf:owner/repository@revision/file. The name of a part of a split
 * file (NAME-00001-of-00003.gguf), or an array of its parts, is the whole. A stream or Response is consumed;
 * an ArrayBuffer or typed array is only read.
 * @typedef {string | URL | Blob | ArrayBufferLike | ArrayBufferView | ReadableStream<Uint8Array> |
 *   Response | (string | URL | Blob)[]} Source
 */

/**
 * @typedef {object} Progress
 * @property {'download'} phase the only phase: weights are packed during the download
 * @property {number} loaded bytes so far
 * @property {number | undefined} total bytes in all; undefined if the source has no length
 */

/**
 * @typedef {object} LoadOptions
 * @property {(progress: Progress) => void} [onProgress] called at most 20 times a second, and at
 *   the end
 * @property {AbortSignal} [signal] cancels the load and frees its memory
 * @property {number} [threads] 1 to 16, including the engine's own. Default: one per core, at most 8; one for a file
 *   under 16 MB; fewer if measured to be faster. More than one needs Node, or a cross-origin isolated page that
 *   loads the model itself. model.info.threads holds the count. Results do not depend on it, bit for bit
 * @property {number} [contextLength] default context length of sessions, in tokens
 * @property {'auto' | 'exact' | 'fast'} [precision] of matmuls with quantised weights. 'exact': 16-bit activations.
 *   'fast': 8-bit activations. Each gives the same bits on every machine. 'auto', the default: 'fast' for weights
 *   below 8 bits if the browser has relaxed SIMD, and for 8-bit weights if the processor also has an 8-bit dot
 *   product; else 'exact'. 'auto' depends only on browser and processor, so there a seed gives the same tokens
 *   in every load. model.info.precision holds the choice
 * @property {number} [memoryLimit] max bytes of the weights in memory
 * @property {string} [sha256] of the whole file, 64 hex digits; checked during the download
 * @property {boolean | string | { folder?: string, limit?: number, stallMs?: number }} [store] keeps a download, and
 *   resumes it: true, or in Node a folder. `limit`: max bytes of all kept files; those that were not used for longest
 *   are removed. `stallMs`: a connection without a byte for so long is opened again (20000). Default: false
 * @property {string} [host] of hf: names, https://huggingface.co by default
 * @property {string[]} [mirrors] tried in order when a download fails: further addresses of the file, or hosts of hf: names
 * @property {string} [token] for gated files: sent as `Authorization: Bearer`. Every reader of a page can see it
 * @property {string | URL | BufferSource | WebAssembly.Module} [wasm] replaces the jielong.wasm
 *   beside jielong.js
 * @property {boolean | string | URL | (() => Worker)} [worker] replaces engine/worker.js; true: use
 *   a worker (default in pages); false: use this thread (default in Node), where calls cannot be
 *   interrupted: a signal or close() takes effect after the current call
 */

/**
 * @typedef {Pick<LoadOptions, 'signal' | 'contextLength' | 'store' | 'host' | 'mirrors' | 'token' | 'wasm' | 'worker'>}
 *   InspectOptions
 */

/**
 * What a model would cost on this host. Sizes are in bytes.
 * @typedef {object} Forecast
 * @property {Omit<ModelInfo, 'sites'>} info of the header
 * @property {number} fileBytes
 * @property {number} keptBytes that an earlier load has kept
 * @property {number} bytesToFetch
 * @property {number} contextLength that `memory` is for
 * @property {{ weights: number, tokenizer: number, session: number, total: number }} memory at its peak
 * @property {{ bytes: number, reason: string }} limit of the memory here: an estimate, lower on phones
 * @property {boolean} fits
 * @property {number} maxContextLength the longest context that fits, at most that of training; 0: none
 * @property {number | null} tokensPerSecond of a generation, estimated; null: unknown (no calibration, or experts)
 * @property {number | null} promptTokensPerSecond
 */

/**
 * The speed of a host.
 * @typedef {object} Calibration
 * @property {number} bytesPerSecond of weights when decoding
 * @property {number} parametersPerSecond times tokens, in a prompt
 * @property {number} threads
 * @property {string} precision
 */

/**
 * How a reranker reads a query and a text as one input: special ids around them, or a template with {query} and {document}.
 * @typedef {{ before: number[], between: number[], after: number[], template: string | null }} Reranker
 */

/**
 * A text that rerank() scored: its index in the list, and the tokens that were read with it.
 * @typedef {{ index: number, score: number, text: string, tokens: number }} Ranked
 */

/**
 * The file's metadata, `null` where it has none, and the engine's choices. memory is in bytes.
 * @typedef {object} ModelInfo
 * @property {string} architecture
 * @property {string | null} name
 * @property {number} parameters
 * @property {string} fileType such as 'Q4_1'
 * @property {number} vocabularySize
 * @property {number} contextLength of training, in tokens
 * @property {number} layers
 * @property {number} heads
 * @property {number} kvHeads
 * @property {number} embeddingLength
 * @property {number} experts per block; 0: not a mixture of experts
 * @property {number} expertsUsed per token
 * @property {boolean} encoder bidirectional attention: for embeddings only, not for generation
 * @property {number[]} attentionLayers indices of blocks with attention (not a short convolution)
 * @property {number[]} recurrentLayers indices of blocks with a state (gated delta nets, Mamba), some beside attention
 * @property {Site[]} sites places that run() reads and edits
 * @property {string} tokenizer
 * @property {string | null} bosToken text of the beginning-of-sequence token
 * @property {string | null} eosToken text of the end token
 * @property {'mean' | 'cls' | 'last' | null} pooling of embeddings
 * @property {Reranker} [reranker] of a file with a classification head
 * @property {Required<SamplingOptions>} sampling default options
 * @property {string | null} chatTemplate Jinja
 * @property {{ weights: number, tokenizer: number, perContextToken: number, scratch: number }} memory
 * @property {string} kernels available to matmuls: 'simd128', or 'simd128, relaxed' with relaxed SIMD
 * @property {'exact' | 'fast' | 'fast below 8 bits' | 'fast for 8 bits'} precision of matmuls with quantised weights
 * @property {number} threads in use
 * @property {string | null} threadsReason why not more
 * @property {'opfs' | 'cache' | 'folder' | null} kept where the option `store` keeps the file; null: nowhere
 * @property {string | null} keptReason why not, if it should be
 * @property {string | null} license
 */

/**
 * The defaults are in model.info.sampling.
 * @typedef {object} SamplingOptions
 * @property {number} [temperature] 0: greedy
 * @property {number} [topK] keep the k most probable tokens; 0: all
 * @property {number} [topP] keep the smallest set with total probability ≥ p; 1: all
 * @property {number} [minP] keep tokens with probability ≥ minP × the max; 0: all
 * @property {number} [repeatPenalty] 1: none; above 1 makes recent tokens less likely
 * @property {number} [repeatLast] number of tokens that count as recent
 * @property {number} [frequencyPenalty] subtracted from the logit for each occurrence of a recent token; 0: none
 * @property {number} [presencePenalty] subtracted once; 0: none
 * @property {number} [dryMultiplier] DRY subtracts multiplier × base^(n − allowedLength) from tokens that would
 *   continue a sequence of n ≥ allowedLength tokens that occurred before; 0: none
 * @property {number} [dryBase]
 * @property {number} [dryAllowedLength]
 * @property {number} [dryLast] number of tokens in which it looks
 * @property {string[]} [dryBreakers] a token that contains one ends a sequence
 * @property {number} [temperatureRange] temperature ± range, higher for flat distributions (dynamic); 0: none
 * @property {number} [temperatureExponent] of the normalised entropy
 * @property {number} [typicalP] keep the most typical tokens with total probability > p; 1: all
 * @property {number} [xtcProbability] how often XTC removes the most probable tokens; 0: never
 * @property {number} [xtcThreshold] of the tokens at least this probable it keeps only the last
 * @property {number} [mirostatTau] Mirostat 2: target surprise in bits; 0: none
 * @property {number} [mirostatEta] its learning rate
 * @property {StageName[]} [stages] their order; stages that are not listed are not applied
 */
/**
 * @typedef {'bias' | 'mask' | 'penalty' | 'dry' | 'temperature' | 'topK' | 'topP' | 'minP' | 'typical' | 'xtc' | 'mirostat'} StageName
 */

/**
 * @typedef {object} TokenOptions
 * @property {Record<number, number>} [logitBias] added to the logits of these ids; -Infinity: never
 * @property {string} [grammar] the text must match it (GBNF, llama.cpp's notation); an end token can be drawn
 *   where it may end, and then ends the generation. At most 2,000 repetitions, no left recursion
 * @property {{ jsonSchema: object | boolean }} [responseFormat] the text is JSON of this schema, with the
 *   properties in its order. A schema that no text can meet, or a keyword that cannot be kept, is rejected with
 *   its path
 */

/**
 * @typedef {object} GenerateExtras
 * @property {number} [maxTokens] 256
 * @property {number | bigint | string} [seed] an integer, beyond 2^53 as a bigint or a decimal string; default random.
 *   The generation's `seed` holds it, as a number or, beyond 2^53, a string, so that JSON keeps it. The same file, tokens, options and seed give the same output in every load in one browser on one machine; with
 *   precision 'exact' or 'fast', everywhere
 * @property {string | string[]} [stop] at most 16 strings; the text ends before the first match
 * @property {boolean} [ignoreEos] false; true: continue after the model's end token
 * @property {number} [topLogprobs] 0; alternatives reported with each token, at most 50
 * @property {boolean} [special] false; true: parse special tokens in a prompt string
 * @property {AbortSignal} [signal]
 * @property {(token: Token) => void} [onToken] called for each token that the caller iterates over;
 *   it does not start the iteration
 */
/** @typedef {SamplingOptions & TokenOptions & GenerateExtras} GenerateOptions */

/**
 * @typedef {object} ChatExtras
 * @property {string} [chatTemplate] replaces the file's: a Jinja template, or the name of a
 *   family (chatml llama2 llama3 gemma phi3 mistral zephyr vicuna alpaca granite commandr deepseek)
 * @property {Record<string, unknown>} [templateOptions] more template variables, plain data, such
 *   as { enable_thinking: false }; the template defines them. They cannot override
 *   the variables of chat() (messages, tools, add_generation_prompt, bos_token, eos_token) or Jinja names (true, range, …)
 */
/**
 * A tool that the model may call. name: at most 64 letters, digits, _ and -. parameters: the JSON schema of its
 * arguments, an object's; default: no arguments.
 * @typedef {{ name: string, description?: string, parameters?: Record<string, unknown> }} Tool
 */
/** A call; the id is unique in the conversation.
 * @typedef {{ id: string, name: string, arguments: Record<string, any> }} ToolCall */
/**
 * @typedef {object} ToolExtras
 * @property {Tool[]} [tools] written into the prompt by the chat template, or into the system message if the template
 *   knows no tools. The answer is a text, or calls in the template's format whose arguments match the schemas: a token
 *   that would break this is not drawn. Not with a grammar or responseFormat
 * @property {'auto' | 'none' | 'required' | { name: string }} [toolChoice] 'auto'; none: a text; required: at least one
 *   call; name: one call of this tool
 * @property {boolean} [parallelToolCalls] true; false: at most one call in an answer
 */
/** @typedef {GenerateOptions & ChatExtras & ToolExtras} ChatOptions */

/**
 * @typedef {object} Token
 * @property {number} id
 * @property {string} text newly complete text: '' while a UTF-8 character or a possible stop string
 *   is incomplete; the next token's text includes the delayed characters
 * @property {number} logprob natural log of its probability, before sampling options
 * @property {number} index in the generation, from 0
 * @property {{ id: number, text: string, logprob: number }[]} [top] with topLogprobs, most probable
 *   first
 * @property {'reasoning' | 'answer' | 'tool'} [part] only from chat(): reasoning models reason first, between
 *   marks such as <think> and </think>; the marks belong to the reasoning. tool: a call of a tool, with its marks
 * @property {ToolCall} [call] the call that this token completes
 * @property {'length' | 'end' | 'stop' | 'context'} [finish] on the last token: maxTokens reached,
 *   end token, stop string, context full
 */

/**
 * @typedef {object} Piece one entry of the vocabulary
 * @property {number} id
 * @property {string} text its bytes decoded as UTF-8, with U+FFFD for incomplete characters
 * @property {Uint8Array} bytes
 * @property {boolean} whole whether `bytes` are whole characters, so that `text` is exact
 * @property {boolean} special a control token; detokenize omits it
 * @property {boolean} end it ends a generation
 */

/**
 * A place of the forward pass (model.info.sites), under the names of TransformerLens.
 * @typedef {object} Site
 * @property {string} name full, in blocks without 'blocks.N.'
 * @property {string} short
 * @property {string[]} dims ['token', 'feature'], ['token', 'head', 'feature'] or ['head', 'query', 'key']
 * @property {number} heads 0: no such axis
 * @property {number} size of a feature axis; 0: keys, all positions up to the run's end
 * @property {boolean} editable
 * @property {number[] | null} layers the blocks that have it; null: it is outside the blocks
 * @property {number} site its number in the engine
 */

/**
 * Where to read or edit: a full name ('blocks.3.attn.hook_z'), or a short one and a layer; 'all': each
 * block that has it. head: one head, without that axis; default: all. positions: tokens [from, to) of
 * the run (of an edit of a session: positions); default: all.
 * @typedef {{ name: string, layer?: number | 'all', head?: number, positions?: [number, number] }} Place
 */

/** What to read: a place, or its full name. @typedef {Place | string} Tap */

/**
 * A change of a place before it is read. zero; scale by `factor`; set to or add `data` (the shape of
 * that place's tap, or one row for all positions); mean over the positions (runs only).
 * @typedef {Place & { op: 'zero' | 'scale' | 'set' | 'add' | 'mean', factor?: number,
 *   data?: Float32Array | number[] }} Edit
 */

/**
 * The values of a tap.
 * @typedef {object} TapResult
 * @property {string} name full
 * @property {string} short
 * @property {number} [layer]
 * @property {number} [head] if one was selected
 * @property {string[]} dims of `shape`, as in Site
 * @property {number[]} shape
 * @property {Float32Array} data row-major
 */

/**
 * @typedef {object} RunOptions
 * @property {Tap[]} [taps]
 * @property {Edit[]} [edits]
 * @property {number} [stopAtLayer] evaluate only blocks before this one; there are no logits, and the
 *   tokens are not appended
 * @property {number} [maxBytes] of results and edits; default 2^28 (256 MB)
 * @property {AbortSignal} [signal]
 * @property {(progress: { evaluated: number, total: number }) => void} [onProgress] in tokens
 */

/**
 * @typedef {object} SessionOptions
 * @property {number} [contextLength] max tokens; default: that of loadModel, else of training, at most 4096
 * @property {boolean} [allLogits] enables eachLogits()
 * @property {{ mask?: 'causal' | 'prefix' | 'none', prefix?: number, window?: number, sinks?: number,
 *   cachePositions?: boolean }} [attention] prefix: the first `prefix` tokens see each other; none: all
 *   do; window: query t sees keys j with t - j < window or j < sinks, and the cache keeps only these;
 *   cachePositions: positions are numbered within the cache (StreamingLLM, Xiao et al. 2024)
 * @property {'model' | 'off' | { ids?: Int32Array | number[], ropeBase?: number, ropeScale?: number }}
 *   [positions] ids: of each token, which limits the context; ropeScale divides them
 * @property {{ type?: 'f16' | 'f32', reuse?: boolean }} [cache] f16: 16-bit values; reuse false: every
 *   append evaluates all tokens again
 * @property {Edit[]} [edits] of all evaluations of the session
 */

/**
 * @typedef {object} LensOptions
 * @property {number[]} [positions] default: the last
 * @property {number[]} [layers] default: all
 * @property {number} [top] tokens of each, 5, at most 50
 * @property {AbortSignal} [signal]
 */
/**
 * What the model would predict after a block.
 * @typedef {object} LensRow
 * @property {number} layer
 * @property {number} position whose next token is predicted
 * @property {{ id: number, text: string, logprob: number }[]} top most probable first
 * @property {number} entropy in nats
 * @property {number} kl divergence of the last block's distribution from this one, in nats; 0 for the last
 */

/**
 * Work since the session began. A multiply-add counts one; a batch reads weights once. milliseconds:
 * attention is scores and gather, which one kernel computes.
 * @typedef {object} Counters
 * @property {number} tokens evaluated
 * @property {{ qkv: number, scores: number, gather: number, output: number, feedForward: number,
 *   unembed: number }} multiplyAdds
 * @property {{ weights: number, cache: number }} bytesRead
 * @property {number} cacheBytes of the cache in use now
 * @property {{ qkv: number, attention: number, output: number, feedForward: number, unembed: number,
 *   other: number }} milliseconds
 */

/**
 * The distribution of the next token after one stage of the sampler.
 * @typedef {object} Stage
 * @property {'model' | StageName} stage
 * @property {number} kept number of tokens not filtered out
 * @property {{ id: number, text: string, probability: number }[]} top most probable first
 */

/**
 * One message of a conversation. role: system, user, assistant or another word that the template
 * supports; only roles in `ROLES` (template.js) can form special tokens. An assistant's content excludes its
 * reasoning (reasoning_content) and its calls of tools: tool_calls [{ id, type: 'function', function: { name,
 * arguments } }]. Their results are { role: 'tool', tool_call_id, name, content }. Other fields are passed to the
 * template.
 * @typedef {{ role: string, content: string, [more: string]: unknown }} Message
 */
/** @typedef {Int32Array | number[]} Ids */

/* ---- Readings of a model ---- */

/**
 * Rows of numbers.
 * @typedef {object} Floats
 * @property {[number, number]} shape [rows, columns]
 * @property {Float32Array} data row-major
 */

/**
 * A part of a piece. `text` is its bytes decoded as UTF-8; a token of byte-level BPE may have an incomplete
 * character (`whole` false, U+FFFD in the text): show its bytes, piece.bytes.subarray(at, at + length).
 * @typedef {object} MergeSymbol
 * @property {number} at first byte in piece.bytes
 * @property {number} length bytes
 * @property {string} text
 * @property {boolean} whole
 * @property {number} id -1: a string that is no token
 */

/**
 * One merge: `left` and `right` become the symbol that the other fields describe. To play it, keep a list of
 * symbols and call list.splice(index, 2, step).
 * @typedef {MergeSymbol & { index: number, left: MergeSymbol, right: MergeSymbol,
 *   rank?: number, score?: number }} MergeStep index: of `left` in the current list of symbols. rank: of the merge
 *   in the file's list, lowest first (bpe). score: of the result, highest first (spm)
 */

/**
 * A token of the result, with the bytes that it encodes.
 * @typedef {MergeSymbol & { ids: number[], fallback: boolean, score?: number }} MergeToken ids: usually one.
 *   fallback: no token has these bytes, so `ids` are the tokens of single bytes (id is -1), or none. An unknown
 *   token has its own id; adjacent unknown tokens of unigram become one, so a later one has no ids. score: of
 *   unigram, a natural log probability
 */

/**
 * A part of the text that is encoded by itself: a match of the pre-tokenizer's regular expression (bpe), a word
 * with the spaces before it (spm, wordpiece), a stretch between two positions that every segmentation passes
 * (unigram), or a special token. Parts of the text may belong to no piece (whitespace that the tokenizer drops).
 * @typedef {object} MergePiece
 * @property {string} text in the form that tokens have: with the space that the tokenizer adds, normalised
 * @property {number} start of its source in the text, a string index
 * @property {number} end
 * @property {Uint8Array} bytes of `text`; byte-level BPE: the bytes themselves
 * @property {MergeSymbol[]} symbols at the start: bytes (byte-level BPE) or characters. Empty if nothing is merged:
 *   unigram, wordpiece, special tokens, a piece that is looked up as a whole
 * @property {MergeStep[]} steps the merges in their order
 * @property {MergeToken[]} tokens the symbols that remain, the matches or the best path
 * @property {number[]} ids of all tokens
 * @property {(MergeSymbol & { score: number })[]} [candidates] unigram: every token that matches somewhere, the
 *   edges of the lattice
 * @property {number} [score] unigram: the sum of the tokens' scores, the highest of all segmentations
 * @property {MergeToken[]} [failed] wordpiece: matches of a word that becomes one unknown token because its rest
 *   does not match; their ids are empty
 */

/**
 * @typedef {object} Merges
 * @property {'bpe' | 'spm' | 'unigram' | 'wordpiece'} method spm: SentencePiece BPE, merges ranked by scores
 * @property {MergePiece[]} pieces in the order of the text
 * @property {Int32Array} ids of the whole text
 */

/**
 * A vector found by an index (search.js).
 * @typedef {object} Match
 * @property {number} index of the vector, in the order they were added
 * @property {number} score cosine with the query
 */

/**
 * The final norm and the scales of the logits. A norm without weight is null.
 * @typedef {object} Unembedding
 * @property {'rms' | 'layer' | null} norm
 * @property {number} epsilon of the norm
 * @property {Float32Array | null} weight info.embeddingLength numbers
 * @property {Float32Array | null} bias of the norm
 * @property {Float32Array | null} outputBias info.vocabularySize numbers
 * @property {number} logitScale 1: none
 * @property {number} logitCap soft cap; 0: none
 */

/** @typedef {'previous-token' | 'duplicate-token' | 'induction' | 'first-token' | 'entropy'} HeadKind */
/** @typedef {{ layer: number, head: number, score: number }} HeadScore */
/**
 * @typedef {object} HeadOptions
 * @property {Ids} [ids] all tokens of the session, one per key, for duplicate-token and induction; default: the
 *   tokens of the run, which are all in an empty session
 * @property {number} [from] position of the pattern's first query; default: keys − queries, the last positions
 * @property {boolean} [excludeFirst] false; ignore attention to the first position (TransformerLens: exclude_bos)
 * @property {boolean} [excludeCurrent] false; ignore attention to the query's own position
 * @property {'mul' | 'abs'} [measure] 'mul'; how pattern and mask are compared (heads.js)
 */

/**
 * What one part of the model adds to a logit.
 * @typedef {object} Contribution
 * @property {string} name 'embed', 'pos_embed', 'resid_pre', 'attn_out', 'mlp_out'; in `heads` 'result', and
 *   'attn_bias' where the output of attention has a bias
 * @property {number} [layer]
 * @property {number} [head] of 'result'
 * @property {number} value in units of the logit
 */
/**
 * @typedef {object} Attribution
 * @property {Contribution[]} contributions of the embedding and all sublayers
 * @property {number} constant of the biases: of the final norm through the output matrix, and of the output
 * @property {number} total the sum of both: the logit, or the difference
 * @property {Contribution[]} [heads] the parts of the attention sublayers' contributions, with taps of 'result'.
 *   Refused where a norm or a scale follows attention (Gemma 2 and 3, OLMo 2 and 3, Granite)
 */

/* ---- Training (train.js) ---- */

/**
 * @typedef {object} TrainOptions
 * @property {string} text training text; its last 5 % are held out. Both parts must be longer than the context
 * @property {TrainConfig} [config]
 * @property {AbortSignal} [signal] aborts createTrainer; run() takes its own
 * @property {boolean | string | URL | (() => Worker)} [worker] as in LoadOptions
 * @property {BufferSource | WebAssembly.Module} [wasm] replaces the jielong-train.wasm in web/
 */

/**
 * Model and training options. The defaults (TRAIN_DEFAULTS in train.js) give a character-level model of 0.36
 * million parameters. Model and optimiser keys are those of a recipe of `jielong train`.
 * @typedef {object} TrainConfig
 * @property {'characters' | number} [vocabulary] one token per character (the 4,096 most frequent; bytes for the
 *   rest), or the size, 257 or more, of a byte-level BPE vocabulary trained on the text
 * @property {number} [context] length in tokens
 * @property {number} [width] of embeddings; a multiple of heads (of 32 for Q8_0 and Q4_0)
 * @property {number} [layers]
 * @property {number} [heads]
 * @property {number} [kvHeads] heads of keys and values, a divisor of heads; default: heads
 * @property {number} [hidden] width of the FFN
 * @property {'rope' | 'learned' | 'sinusoidal' | 'alibi' | 'none'} [position] llama.cpp supports only 'rope'
 * @property {number} [ropeBase] 10000
 * @property {number} [dropout] rate, on embeddings and sublayer outputs
 * @property {'adamw' | 'muon'} [optimizer] muon: Muon for the matrices of the blocks, AdamW for the rest
 * @property {number} [steps] in total; the cosine schedule ends at the last
 * @property {number} [warmup] steps of linear warm-up
 * @property {number} [lr] max learning rate of AdamW
 * @property {number} [lrMatrix] max learning rate of Muon
 * @property {number} [lrEnd] final learning rate, as a fraction of the max
 * @property {number} [beta1] 0.9; of AdamW
 * @property {number} [beta2] 0.98
 * @property {number} [momentum] 0.95; of Muon
 * @property {number} [decay] weight decay of matrices, scaled by the learning rate
 * @property {number} [clip] max gradient norm; 0: no limit
 * @property {number} [batch] sequences of `context` tokens per step
 * @property {number} [seed] of initial weights, order, dropout and samples
 * @property {string} [name] metadata of the exported file, as are author, license and description
 * @property {string} [author]
 * @property {string} [license]
 * @property {string} [description]
 * @property {number} [evaluateEvery] steps between two held-out losses
 * @property {number} [evaluateWindows] max windows of `context` tokens per held-out loss; 0: all
 * @property {number} [sampleEvery] steps between two samples
 * @property {number} [sampleTokens] length of a sample; 0: no samples
 * @property {string} [prompt] of samples
 */

/**
 * @typedef {object} TrainInfo
 * @property {number} parameters
 * @property {number} vocabularySize
 * @property {number} trainTokens
 * @property {number} heldOutTokens
 * @property {number} bytesPerToken of the held-out part, UTF-8
 * @property {number} uniform baseline in nats per token: ln(vocabularySize)
 * @property {number} unigram baseline in nats per token, on the held-out part
 * @property {number} steps of the whole run
 * @property {number} stepTokens predicted tokens per step
 */

/**
 * @typedef {object} TrainReport after a step (0: before the first)
 * @property {number} step steps done
 * @property {number} epoch passes over the training tokens
 * @property {number} loss nats per token of the step's batch, before the update; at step 0 the held-out loss
 * @property {number} [norm] of the gradient before clipping
 * @property {number} [heldOut] nats per token, every `evaluateEvery` steps and after the last
 * @property {number} [bitsPerByte] the same in bits per byte of UTF-8, comparable across vocabularies
 * @property {string} [sample] every `sampleEvery` steps and after the last
 */
