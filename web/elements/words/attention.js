/** attention.js - words of jl-attention: [English, Traditional Chinese]. */

/** @type {import('../../ui/words.js').Words} */
export const words = {
  title: ['Attention', '注意力'],
  queries: ['queries', '查詢'],
  keys: ['keys', '鍵'],
  legend: ['0 to 1', '0 到 1'],
  masked: ['masked', '遮罩'],
  row: ['What {query} attends to', '「{query}」看哪裡'],
  rest: ['{n} other keys together: {value}', '其餘 {n} 個鍵合計：{value}'],
  'working.number': ['number', '第幾個數'],
  'working.inputs': ['The inputs: q of the query, k of the key', '輸入：查詢的 q 與鍵的 k'],
  'working.more': [
    'This model adds a bias, a window, a cap or another scale: its score is {score}.',
    '這個模型另外加上偏移、視窗、上限或別的縮放，分數是 {score}。',
  ],
  'working.same': [
    'The model’s own weight: {weight}, the same within 0.0001.',
    '模型自己的權重：{weight}，相差不到 0.0001。',
  ],
  'working.differs': [
    'The model’s own weight is {weight}: it divides by more than these scores.',
    '模型自己的權重是 {weight}：分母不只這些分數。',
  ],
  cell: [
    '{query} attends to {key}: {value} (block {layer}, head {head})',
    '「{query}」對「{key}」的注意力：{value}（區塊 {layer}，注意力頭 {head}）',
  ],
  summary: [
    'Block {layer}, head {head}: each of {n} tokens spreads an attention of 1 over itself and the earlier tokens. The strongest: {query} attends to {key} with {value}.',
    '區塊 {layer}、注意力頭 {head}：{n} 個詞元各把總和為 1 的注意力分給自己與前面的詞元。最強的是「{query}」看「{key}」：{value}。',
  ],
};
