/**
 * tool_templates.js - chat templates that write calls of tools as the templates of model families do, reduced to
 * what matters, with one call and two calls as such a model writes them.
 *
 * The shapes are those of the templates in models/templates of llama.cpp's source; tests/golden/tools.py reads the
 * formats of all of these files.
 */

/** @typedef {import('../../web/chat/tool-format.js').ToolCall} ToolCall */

/** A chat in ChatML. @param {string} call how the template writes a call @param {string} [tools] */
const chatml = (call, tools = '{% for t in tools %}{{ t | tojson }}\n{% endfor %}') => `
{%- if tools %}<|im_start|>system
${tools}<|im_end|>
{% endif %}
{%- for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}{% if m.tool_calls %}${call}{% endif %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;

const EACH = '{% for c in m.tool_calls %}{% set c = c.function %}';

/** Name → template, and texts of [one call, two calls]; no second text: one call only. @type {Record<string, { template: string, texts: [string, string?], reasons?: boolean }>} */
export const templates = {
  'Qwen 2.5, Hermes': {
    template: chatml(
      `${EACH}{{ '' if loop.first and not m.content else '\\n' }}<tool_call>\n{"name": "{{ c.name }}", "arguments": {{ c.arguments | tojson }}}\n</tool_call>{% endfor %}`,
    ),
    texts: [
      '<tool_call>\n{"name": "weather", "arguments": {"city": "Taipei", "days": 3}}\n</tool_call>',
      '<tool_call>\n{"name": "weather", "arguments": {"city": "Taipei", "days": 3}}\n</tool_call>\n<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>',
    ],
  },
  'Qwen 3 with reasoning': {
    reasons: true,
    template: chatml(
      `<think>\n\n</think>\n\n${EACH}{{ '' if loop.first else '\\n' }}<tool_call>\n{"name": "{{ c.name }}", "arguments": {{ c.arguments | tojson }}}\n</tool_call>{% endfor %}`,
    ),
    texts: [
      '<tool_call>\n{"name": "weather", "arguments": {"city": "Taipei", "days": 3}}\n</tool_call>',
    ],
  },
  'Qwen 3.5, Qwen 3 Coder': {
    template: chatml(
      `${EACH}{{ '' if loop.first else '\\n' }}<tool_call>\n<function={{ c.name }}>\n{% for k, v in c.arguments | items %}<parameter={{ k }}>\n{{ v if v is string else v | tojson }}\n</parameter>\n{% endfor %}</function>\n</tool_call>{% endfor %}`,
    ),
    texts: [
      '<tool_call>\n<function=weather>\n<parameter=city>\nTaipei\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>',
      '<tool_call>\n<function=now>\n</function>\n</tool_call>\n<tool_call>\n<function=weather>\n<parameter=city>\nNew\nTaipei </para\n</parameter>\n</function>\n</tool_call>',
    ],
  },
  'Llama 3': {
    template: chatml(
      `{% if m.tool_calls | length != 1 %}{{ raise_exception('one call only') }}{% endif %}${EACH}{"name": "{{ c.name }}", "parameters": {{ c.arguments | tojson }}}{% endfor %}`,
    ),
    texts: ['{"name": "weather", "parameters": {"city": "Taipei", "days": 3}}'],
  },
  'Mistral Nemo': {
    template: chatml(
      `[TOOL_CALLS][{% for c in m.tool_calls %}{% set out = c.function | tojson %}{{ out[:-1] }}{% if c.id | length != 9 %}{{ raise_exception('ids have 9 characters') }}{% endif %}, "id": "{{ c.id }}"}{{ ', ' if not loop.last else ']' }}{% endfor %}`,
    ),
    texts: [
      '[TOOL_CALLS][{"name": "weather", "arguments": {"city": "Taipei", "days": 3}, "id": "a1b2c3d4e"}]',
      '[TOOL_CALLS][{"name": "now", "arguments": {}, "id": "a1b2c3d4e"}, {"name": "weather", "arguments": {"city": "Tainan"}, "id": "f1b2c3d4e"}]',
    ],
  },
  'Ministral 3': {
    template: chatml(`${EACH}[TOOL_CALLS]{{ c.name }}[ARGS]{{ c.arguments | tojson }}{% endfor %}`),
    texts: [
      '[TOOL_CALLS]weather[ARGS]{"city": "Taipei", "days": 3}',
      '[TOOL_CALLS]now[ARGS]{}[TOOL_CALLS]weather[ARGS]{"city": "Tainan"}',
    ],
  },
  'DeepSeek R1, arguments as text': {
    template: chatml(
      `<｜tool▁calls▁begin｜>{% for c in m.tool_calls %}{{ '' if loop.first else '\\n' }}{{ '<｜tool▁call▁begin｜>' + c.type + '<｜tool▁sep｜>' + c.function.name + '\\n\`\`\`json\\n' + c.function.arguments + '\\n\`\`\`<｜tool▁call▁end｜>' }}{% endfor %}<｜tool▁calls▁end｜>`,
    ),
    texts: [
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{"city": "Taipei", "days": 3}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n{}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{"city": "x"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    ],
  },
  'GLM 4': {
    template: chatml(
      `${EACH}{{ '' if loop.first else '\\n' }}<tool_call>{{ c.name }}\n{% for k, v in c.arguments | items %}<arg_key>{{ k }}</arg_key>\n<arg_value>{{ v if v is string else v | tojson }}</arg_value>\n{% endfor %}</tool_call>{% endfor %}`,
    ),
    texts: [
      '<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Taipei</arg_value>\n<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>',
      '<tool_call>now\n</tool_call>\n<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>a <b> c</arg_value>\n</tool_call>',
    ],
  },
  'Command R7B': {
    template: chatml(
      `<|START_ACTION|>[\n{% for c in m.tool_calls %}    {"tool_call_id": "{{ c.id }}", "tool_name": "{{ c.function.name }}", "parameters": {{ c.function.arguments | tojson }}}{{ ',\\n' if not loop.last else '\\n' }}{% endfor %}]<|END_ACTION|>`,
    ),
    texts: [
      '<|START_ACTION|>[\n    {"tool_call_id": "a1b2c3d4e", "tool_name": "weather", "parameters": {"city": "Taipei", "days": 3}}\n]<|END_ACTION|>',
      '<|START_ACTION|>[\n    {"tool_call_id": "a1b2c3d4e", "tool_name": "now", "parameters": {}},\n    {"tool_call_id": "b1b2c3d4e", "tool_name": "weather", "parameters": {"city": "x"}}\n]<|END_ACTION|>',
    ],
  },
  'Granite 3, which writes no calls': {
    template: `{# <|tool_call|> #}${chatml('')}`,
    texts: [
      '<|tool_call|>[{"name": "weather", "arguments": {"city": "Taipei", "days": 3}}]',
      '<|tool_call|>[{"name": "now", "arguments": {}}, {"name": "weather", "arguments": {"city": "x"}}]',
    ],
  },
  'LFM 2, calls as in Python': {
    template: chatml('', 'List of tools: [{{ tools | tojson }}]'),
    texts: [
      '<|tool_call_start|>[weather(city="Taipei", days=3, rain=True)]<|tool_call_end|>',
      '<|tool_call_start|>[now(), weather(city="a, b) \\"c\\"")]<|tool_call_end|>',
    ],
  },
  'a template without tools': {
    template: `{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`,
    texts: [
      '<tool_call>\n{"name": "weather", "arguments": {"city": "Taipei", "days": 3}}\n</tool_call>',
      '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>\n<tool_call>\n{"name": "weather", "arguments": {"city": "x"}}\n</tool_call>',
    ],
  },
};
