/**
 * families.js - chat templates of model families, for files without a template.
 *
 * The templates are Jinja for template.js. A file without a template uses the first family whose
 * `tokens` are all special tokens of its vocabulary. A family without `tokens` has plain-text marks,
 * so it cannot be detected and is used only by name (chat(messages, { chatTemplate: 'llama2' })).
 * The templates follow the documented formats of the models; formats without a system message put
 * its text before the first user message.
 */

/** @typedef {{ tokens?: string[], template: string }} Family */

/** Sets `system` (text, prepended to the first user message) and `rest` (messages). */
const SPLIT = `{%- if messages[0].role == 'system' -%}
{%- set system = messages[0].content ~ '\n\n' -%}{%- set rest = messages[1:] -%}
{%- else -%}{%- set system = '' -%}{%- set rest = messages -%}{%- endif -%}`;

/** @param {string} before @param {string} after around each message @param {string} open the answer */
const framed = (before, after, open) => `{{- bos_token if bos_token and add_bos else '' -}}
{%- for m in messages -%}
{{- ${before} ~ m.content ~ ${after} -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- ${open} -}}{%- endif -%}`;

/** @type {Record<string, Family>} */
export const families = {
  chatml: {
    tokens: ['<|im_start|>', '<|im_end|>'],
    template: framed(
      String.raw`'<|im_start|>' ~ m.role ~ '\n'`,
      String.raw`'<|im_end|>\n'`,
      String.raw`'<|im_start|>assistant\n'`,
    ),
  },
  llama3: {
    tokens: ['<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'],
    template: framed(
      String.raw`'<|start_header_id|>' ~ m.role ~ '<|end_header_id|>\n\n'`,
      `'<|eot_id|>'`,
      String.raw`'<|start_header_id|>assistant<|end_header_id|>\n\n'`,
    ),
  },
  gemma: {
    tokens: ['<start_of_turn>', '<end_of_turn>'],
    template: `${SPLIT}{%- for m in rest -%}
{{- '<start_of_turn>' ~ ('model' if m.role == 'assistant' else m.role) ~ '\\n' -}}
{{- (system if loop.first else '') ~ m.content | trim ~ '<end_of_turn>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<start_of_turn>model\\n' -}}{%- endif -%}`,
  },
  phi3: {
    tokens: ['<|user|>', '<|assistant|>', '<|end|>'],
    template: framed(
      String.raw`'<|' ~ m.role ~ '|>\n'`,
      String.raw`'<|end|>\n'`,
      String.raw`'<|assistant|>\n'`,
    ),
  },
  granite: {
    tokens: ['<|start_of_role|>', '<|end_of_role|>'],
    template: framed(
      `'<|start_of_role|>' ~ m.role ~ '<|end_of_role|>'`,
      String.raw`'<|end_of_text|>\n'`,
      `'<|start_of_role|>assistant<|end_of_role|>'`,
    ),
  },
  commandr: {
    tokens: ['<|START_OF_TURN_TOKEN|>', '<|END_OF_TURN_TOKEN|>', '<|CHATBOT_TOKEN|>'],
    template: `{%- set who = {'user': 'USER', 'assistant': 'CHATBOT'} -%}
${framed(
  `'<|START_OF_TURN_TOKEN|><|' ~ who.get(m.role, 'SYSTEM') ~ '_TOKEN|>'`,
  `'<|END_OF_TURN_TOKEN|>'`,
  `'<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>'`,
)}`,
  },
  deepseek: {
    tokens: ['<｜User｜>', '<｜Assistant｜>'],
    template: `{%- for m in messages -%}
{%- if m.role == 'user' -%}{{- '<｜User｜>' ~ m.content -}}
{%- elif m.role == 'assistant' -%}{{- '<｜Assistant｜>' ~ m.content ~ eos_token -}}
{%- else -%}{{- m.content -}}{%- endif -%}{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<｜Assistant｜>' -}}{%- endif -%}`,
  },
  mistral: {
    tokens: ['[INST]', '[/INST]'],
    template: `${SPLIT}{%- for m in rest -%}
{%- if m.role == 'user' -%}{{- '[INST] ' ~ (system if loop.first else '') ~ m.content ~ ' [/INST]' -}}
{%- else -%}{{- ' ' ~ m.content ~ eos_token -}}{%- endif -%}{%- endfor -%}`,
  },
  llama2: {
    template: `{%- if messages[0].role == 'system' -%}
{%- set system = '<<SYS>>\\n' ~ messages[0].content ~ '\\n<</SYS>>\\n\\n' -%}
{%- set rest = messages[1:] -%}
{%- else -%}{%- set system = '' -%}{%- set rest = messages -%}{%- endif -%}
{%- for m in rest -%}
{%- if m.role == 'user' -%}
{{- bos_token ~ '[INST] ' ~ (system if loop.first else '') ~ m.content ~ ' [/INST]' -}}
{%- else -%}{{- ' ' ~ m.content ~ ' ' ~ eos_token -}}{%- endif -%}{%- endfor -%}`,
  },
  zephyr: {
    template: framed(
      String.raw`'<|' ~ m.role ~ '|>\n'`,
      String.raw`eos_token ~ '\n'`,
      String.raw`'<|assistant|>\n'`,
    ),
  },
  vicuna: {
    template: `{%- for m in messages -%}
{%- if m.role == 'user' -%}{{- 'USER: ' ~ m.content ~ '\\n' -}}
{%- elif m.role == 'assistant' -%}{{- 'ASSISTANT: ' ~ m.content ~ eos_token ~ '\\n' -}}
{%- else -%}{{- m.content ~ '\\n\\n' -}}{%- endif -%}{%- endfor -%}
{%- if add_generation_prompt -%}{{- 'ASSISTANT:' -}}{%- endif -%}`,
  },
  alpaca: {
    template: `{%- for m in messages -%}
{%- if m.role == 'user' -%}{{- '### Instruction:\\n' ~ m.content ~ '\\n\\n' -}}
{%- elif m.role == 'assistant' -%}{{- '### Response:\\n' ~ m.content ~ '\\n\\n' -}}
{%- else -%}{{- m.content ~ '\\n\\n' -}}{%- endif -%}{%- endfor -%}
{%- if add_generation_prompt -%}{{- '### Response:\\n' -}}{%- endif -%}`,
  },
};
