/** attention.js - words of jl-attention: [English, Traditional Chinese]. */

/** @type {import('../../ui/words.js').Words} */
export const words = {
  title: ['Attention', '注意力'],
  queries: ['queries', '查詢'],
  keys: ['keys', '鍵'],
  legend: ['0 to 1', '0 到 1'],
  masked: ['masked', '遮罩'],
  cell: [
    '{query} attends to {key}: {value} (block {layer}, head {head})',
    '「{query}」對「{key}」的注意力：{value}（區塊 {layer}，注意力頭 {head}）',
  ],
  summary: [
    'Block {layer}, head {head}: each of {n} tokens spreads an attention of 1 over itself and the earlier tokens. The strongest: {query} attends to {key} with {value}.',
    '區塊 {layer}、注意力頭 {head}：{n} 個詞元各把總和為 1 的注意力分給自己與前面的詞元。最強的是「{query}」看「{key}」：{value}。',
  ],
};
