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
  'anchor.uniform': ['all alike', '全部一樣'],
  'anchor.counts': ['counts only', '只看次數'],
  anchors: [
    'To compare with: all tokens equally likely; and only how often tokens occur in the training text.',
    '供比較：每個詞元機率相同；以及只看詞元在訓練文字裡出現的次數。',
  ],
  'working.how': [
    'Block {layer}: the stream after it goes through the last norm and the output matrix, which gives {n} logits; softmax makes probabilities of them.',
    '區塊 {layer}：它之後的殘差流經過最後的正規化與輸出矩陣，得到 {n} 個 logits，再由 softmax 變成機率。',
  ],
  'working.others': ['the other {n} tokens', '其餘 {n} 個詞元'],
  'working.token': ['token', '詞元'],
  'working.inputs': ['The logits, and their shares', 'logits 與各自的比例'],
  'working.same': [
    'The engine’s own number: {value}, the same within 0.0001.',
    '引擎自己的數值：{value}，相差不到 0.0001。',
  ],
  'working.differs': ['The engine’s own number: {value}.', '引擎自己的數值：{value}。'],
  missing: ['Start the figure to compute this position.', '按開始，才能計算這個位置。'],
  summary: [
    'After {token}, the model’s answer is {answer} with {p}. It is first the best after block {layer} of 0 to {last}.',
    '「{token}」之後，模型的答案是「{answer}」，機率 {p}；它在區塊 {layer} 之後（共 0 到 {last}）首次成為最可能的詞元。',
  ],
};
