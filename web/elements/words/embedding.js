/** embedding.js - words of jl-embedding: [English, Traditional Chinese]. */

/** @type {import('../../ui/words.js').Words} */
export const words = {
  title: ['Embedding: words on a plane', '嵌入：平面上的詞'],
  'group.animals': ['animals', '動物'],
  'group.birds': ['birds', '鳥'],
  'group.family': ['family', '親屬'],
  'group.numbers': ['numbers', '數目'],
  'group.colours': ['colours', '顏色'],
  'group.text': ['tokens of the text', '文字裡的詞元'],
  axes: [
    'across: {first} of the differences between their rows, upwards: {second}',
    '橫向佔各列差異的 {first}，縱向 {second}',
  ],
  other: ['compared with', '比較'],
  cosine: [
    'The cosine of “{a}” and “{b}” is {value}. Nearest to “{a}” in the whole vocabulary:',
    '「{a}」與「{b}」的餘弦相似度是 {value}。整個詞表裡最接近「{a}」的：',
  ],
  alone: ['Nearest to “{a}” in the whole vocabulary:', '整個詞表裡最接近「{a}」的：'],
  working: ['Show the working of the cosine', '看餘弦怎麼算'],
  'working.recorded': [
    'The two rows are in the model: press Start to see them.',
    '兩列數字在模型裡：按「開始」就看得到。',
  ],
  work: [
    'a = “{a}”, b = “{b}”: a · b = {product}, |a| = {x}, |b| = {y}. a · b / (|a| |b|) = {cosine}',
    'a＝「{a}」，b＝「{b}」：a · b＝{product}，|a|＝{x}，|b|＝{y}。a · b／(|a| |b|)＝{cosine}',
  ],
  dimension: ['dimension', '維度'],
  rows: ['The two rows of the embedding table', '嵌入表的兩列'],
  group: ['group', '組'],
  x: ['across', '橫向'],
  y: ['upwards', '縱向'],
  'column.cosine': ['cosine with “{a}”', '與「{a}」的餘弦'],
  'column.near': ['nearest in the vocabulary', '詞表裡最接近的'],
  summary: [
    '{n} tokens on a plane, {groups} groups. Words of one group have a mean cosine of {within}, words of different groups {between}.',
    '平面上有 {n} 個詞元、{groups} 組詞。同組的詞平均餘弦 {within}，不同組的 {between}。',
  ],
  'summary.text': [
    'The {n} tokens of the text on a plane. This vocabulary has too few of the words of the groups.',
    '文字裡的 {n} 個詞元畫在平面上。這個詞表裡沒有足夠的分組詞。',
  ],
  'summary.empty': ['No text and no words, no points.', '沒有文字，也沒有詞可以畫。'],
};
