/** distribution.js - words of jl-distribution: [English, Traditional Chinese]. */

import { samplerWords } from '../sampler.js';

/** @type {import('../../ui/words.js').Words} */
export const words = {
  ...samplerWords,
  title: ['The next token', '下一個詞元'],
  token: ['token', '詞元'],
  logit: ['logit', 'logit'],
  'stage.model': ['softmax', 'softmax'],
  'stage.penalty': ['penalty {value}', '重複懲罰 {value}'],
  'stage.temperature': ['temperature {value}', '溫度 {value}'],
  'stage.topK': ['top-k {value}', 'top-k {value}'],
  'stage.topP': ['top-p {value}', 'top-p {value}'],
  'stage.minP': ['min-p {value}', 'min-p {value}'],
  left: ['{n} left', '剩 {n} 個'],
  kept: ['tokens left', '剩下的詞元數'],
  others: ['{n} others', '其他 {n} 個'],
  uniform: ['uniform', '均勻分佈'],
  end: ['{label} (end)', '{label}（結束）'],
  final: ['for the draw', '抽樣用'],
  unigram: ['in the training text', '在訓練文字裡'],
  below: ['below {p}', '不到 {p}'],
  legend: [
    'Dotted line: {uniform}, the chance of each of {n} tokens if all were equal.',
    '點線：{n} 個詞元機會均等時，每個是 {uniform}。',
  ],
  'legend.unigram': [
    'Short line: how often the token stands in the training text.',
    '短線：這個詞元在訓練文字裡的比例。',
  ],
  'legend.drawn': ['Underlined: the drawn token.', '畫底線的是抽中的詞元。'],
  probability: ['probability', '機率'],
  working: [
    '{token}: softmax e^({logit} ÷ {T} − {sum}) = {p}. {draw}',
    '「{token}」：softmax e^({logit} ÷ {T} − {sum}) = {p}。{draw}',
  ],
  drawn: ['Drawn with seed {seed}: {token}.', '亂數種子 {seed} 抽中「{token}」。'],
  greedy: [
    'Temperature 0 takes the most probable: {token}.',
    '溫度 0 直接取機率最高的「{token}」。',
  ],
  'row.drawn': ['drawn', '抽中'],
  summary: [
    'Of {n} tokens the model finds {token} most probable, with {p}; {kept} are left for the draw, which gives {drawn}.',
    '{n} 個詞元裡，模型認為「{token}」機率最高，是 {p}；留下 {kept} 個抽樣，抽中「{drawn}」。',
  ],
  added: [
    '{token} was appended. Start computes what comes after it.',
    '已接上「{token}」。按「開始」計算接下來的詞元。',
  ],
  cannot: [
    'This token is part of a character or a control token; a text cannot show it.',
    '這個詞元是字元的一部分或控制詞元，無法接成文字。',
  ],
  stale: [
    'These bars were recorded with other settings. Start computes them with yours.',
    '這些長條是用別的設定預錄的。按「開始」用你的設定計算。',
  ],
  'missing.encoder': [
    'This model is an encoder: it has no next token. It only turns texts into vectors.',
    '這個模型是編碼器，不會預測下一個詞元，只把文字變成向量。',
  ],
  'missing.text': ['Type the beginning of a sentence.', '輸入一句話的開頭。'],
};
