/** lens.js - words of jl-lens: [English, Traditional Chinese]. */

/** @type {import('../../ui/words.js').Words} */
export const words = {
  title: ['What each block would answer', '每個區塊會怎麼回答'],
  table: ['The best token after each block, at each position', '每個區塊之後，各位置最可能的詞元'],
  after: [
    'After {token}: the next token, as each block would have it',
    '「{token}」之後：各區塊認為的下一個詞元',
  ],
  block: ['Block', '區塊'],
  best: ['best', '最可能'],
  entropy: ['entropy', '熵'],
  next: ['then, with log-probabilities', '其次，附對數機率'],
  settled: [
    'The final answer, {answer}, is first the best after block {layer} of 0 to {last}. The last row is the model’s own prediction.',
    '最後的答案「{answer}」在區塊 {layer} 之後（共 0 到 {last}）首次成為最可能的詞元。最後一列就是模型自己的預測。',
  ],
  missing: ['Start the figure to compute this position.', '按開始，才能計算這個位置。'],
  summary: [
    'After {token}, the model’s answer is {answer} with {p}. It is first the best after block {layer} of 0 to {last}.',
    '「{token}」之後，模型的答案是「{answer}」，機率 {p}；它在區塊 {layer} 之後（共 0 到 {last}）首次成為最可能的詞元。',
  ],
};
