/** head-words.js - words of figures 10 to 12: [English, Traditional Chinese]. */

/** @type {import('../../../web/ui/words.js').Words} */
export const words = {
  title: ['Inside one head', '一個注意力頭裡面'],
  query: ['query', '查詢'],
  symbol: ['Symbol', '符號'],
  'symbol.q': ['Q: queries', 'Q：查詢'],
  'symbol.k': ['K: keys', 'K：鍵'],
  'symbol.v': ['V: values', 'V：值'],
  'symbol.s': ['QKᵀ / √d: scores', 'QKᵀ / √d：分數'],
  'symbol.w': ['softmax(…): attention weights', 'softmax(…)：注意力權重'],
  'symbol.z': ['the output', '輸出'],
  shape: [
    '{name}: {rows} tokens × {columns} numbers; d = {d}, √d = {root}',
    '{name}：{rows} 個詞元 × {columns} 個數；d = {d}，√d = {root}',
  ],
  same: [
    'Recomputed on this page from Q, K and V as shown: the largest difference from the engine is {error} of the output’s size.',
    '網頁拿圖上的 Q、K、V 再算一遍：與引擎的最大差距是輸出大小的 {error}。',
  ],
  score: ['score', '分數'],
  weight: ['weight', '權重'],
  sum: ['The weights sum to {sum}.', '權重的總和是 {sum}。'],
  relevance: [
    'Query {query}: the score of each key, and its weight after softmax. The largest weight is {weight}, on {key}.',
    '查詢「{query}」：每個鍵的分數，以及 softmax 之後的權重。最大的權重是 {weight}，落在「{key}」。',
  ],
  formula: [
    'softmax(QKᵀ/√d)V of block {layer}, head {head}, with {rows} tokens and d = {d}.',
    '區塊 {layer}、注意力頭 {head} 的 softmax(QKᵀ/√d)V：{rows} 個詞元，d = {d}。',
  ],
  gather: [
    'Output of query {query}: {weight} of the value of {key}, and smaller shares of the others.',
    '查詢「{query}」的輸出：取「{key}」的值 {weight}，其餘的各取一點。',
  ],
  output: ['Σ weight × value', 'Σ 權重 × 值'],
  engine: ['the head’s output', '注意力頭的輸出'],
  reset: ['The head’s own weights', '恢復原本的權重'],
  moved: [
    'With your weights the output differs by {part} of its length.',
    '用你的權重，輸出改變了長度的 {part}。',
  ],
  unmoved: [
    'The sum is the head’s output: they differ by {part} of its length, as the numbers shown are rounded.',
    '總和就是注意力頭的輸出：差距是長度的 {part}，因為圖上的數字經過捨入。',
  ],
  value: ['value', '值'],
  share: ['Weight of {key}', '「{key}」的權重'],
};
