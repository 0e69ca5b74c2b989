/** tokens.js - words of jl-tokens: [English, Traditional Chinese]. */

/** @type {import('../../ui/words.js').Words} */
export const words = {
  title: ['Tokens', '詞元'],
  list: ['The text as {n} tokens', '文字切成 {n} 個詞元'],
  one: [
    'Token {i} of {n}: “{label}”, id {id}, bytes {bytes}',
    '第 {i} 個詞元（共 {n} 個）：「{label}」，編號 {id}，位元組 {bytes}',
  ],
  'one.control': [
    'Token {i} of {n}: {label}, id {id}, a control token that is not in the text',
    '第 {i} 個詞元（共 {n} 個）：{label}，編號 {id}，控制詞元，不在文字裡',
  ],
  'one.part': [
    'Token {i} of {n}: part {k} of {parts} of “{glyph}”, id {id}, bytes {bytes}',
    '第 {i} 個詞元（共 {n} 個）：「{glyph}」{parts} 份裡的第 {k} 份，編號 {id}，位元組 {bytes}',
  ],
  'join.exact': [
    'Joined, the bytes of the {n} tokens are exactly the text.',
    '把 {n} 個詞元的位元組接起來，與原文完全相同。',
  ],
  'join.spaces': [
    'Joined, the bytes of the {n} tokens are the text; this tokenizer adds a space at the beginning or writes a space as ▁.',
    '把 {n} 個詞元的位元組接起來就是原文；這個分詞器會在開頭加空格，或把空格寫成 ▁。',
  ],
  'join.differs': [
    'Joined, the {n} tokens are not the text: this tokenizer reads it as “{joined}”.',
    '把 {n} 個詞元接起來與原文不同：這個分詞器把它讀成「{joined}」。',
  ],
  under: ['Below', '下方顯示'],
  'under.id': ['ids', '編號'],
  'under.bytes': ['bytes', '位元組'],
  'under.none': ['nothing', '無'],
  part: ['part of', '屬於'],
  'part.of': ['{glyph}, {k} of {parts}', '{glyph}，{parts} 份之 {k}'],
  summary: [
    '{characters} characters, {length} bytes, are {n} tokens. {joins}',
    '{characters} 個字元、{length} 個位元組，切成 {n} 個詞元。{joins}',
  ],
  'summary.empty': ['No text, no tokens.', '沒有文字，也就沒有詞元。'],
};
