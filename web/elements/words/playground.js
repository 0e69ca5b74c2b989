/** playground.js - words of jl-playground: [English, Traditional Chinese]. */

import { samplerWords } from '../sampler.js';

/** @type {import('../../ui/words.js').Words} */
export const words = {
  ...samplerWords,
  title: ['Continue a text', '接著寫'],
  stream: ['The text, token by token', '逐個詞元的文字'],
  token: ['{token}, {p}', '「{token}」，{p}'],
  alternatives: ['Instead of token {n}', '第 {n} 個詞元換成'],
  none: ['Alternatives of a token', '一個詞元的其他選擇'],
  choose: ['continue with it', '從這裡接下去'],
  chosen: ['Start continues with {token}.', '按「開始」，從「{token}」接下去。'],
  meter: ['{n} tokens · seed {seed}', '{n} 個詞元 · 亂數種子 {seed}'],
  'meter.rate': [
    '{n} tokens · {rate} a second · seed {seed}',
    '{n} 個詞元 · 每秒 {rate} 個 · 亂數種子 {seed}',
  ],
  'finish.length': ['more can follow', '還可以接下去'],
  'finish.end': ['the model ended the text', '模型結束了這段文字'],
  'finish.stop': ['stopped', '已停止'],
  'finish.context': ['the model’s context is full', '上下文已滿'],
  left: ['{n} tokens of the prompt were left out', '提示太長，略過 {n} 個詞元'],
  more: ['Continue', '繼續'],
  again: ['Again with seed {seed}', '用亂數種子 {seed} 再寫一次'],
  use: ['Use this text in the figures', '讓其他圖使用這段文字'],
  sampling: ['Sampling', '取樣設定'],
  'label.greedy': ['Greedy: always the most probable', '貪婪：總是取機率最高的'],
  'label.chat': ['Chat', '對話'],
  'hint.text': ['Type the beginning of a sentence', '輸入一句話的開頭'],
  summary: [
    'After “{prompt}” the model wrote {n} tokens: “{text}”. Their mean probability is {p} (geometric).',
    '在「{prompt}」之後，模型寫了 {n} 個詞元：「{text}」。平均機率是 {p}（幾何平均）。',
  ],
  'column.token': ['token', '詞元'],
  'column.p': ['probability', '機率'],
  rank: ['candidate {n}', '候選 {n}'],
  alternative: ['{token} {p}', '{token} {p}'],
  'missing.encoder': [
    'This model is an encoder: it cannot write. It only turns texts into vectors.',
    '這個模型是編碼器，不能寫文字，只把文字變成向量。',
  ],
  'missing.text': ['Type the beginning of a sentence.', '輸入一句話的開頭。'],
};
