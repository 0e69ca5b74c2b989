/** merges.js - words of jl-merges: [English, Traditional Chinese]. */

/** @type {import('../../ui/words.js').Words} */
export const words = {
  title: ['Merges', '合併'],
  pieces: [
    'The text in {n} pieces, and how many tokens each becomes',
    '文字分成 {n} 段，下方是各段變成幾個詞元',
  ],
  rank: ['rank {value}', '順位 {value}'],
  score: ['score {value}', '分數 {value}'],
  step: ['Merges done', '已合併'],
  back: ['Back', '上一步'],
  next: ['Next', '下一步'],
  play: ['Play', '播放'],
  pause: ['Pause', '暫停'],
  start: [
    'Start: “{piece}” is {symbols} symbols; {n} merges follow.',
    '開始：「{piece}」是 {symbols} 個符號，接著合併 {n} 次。',
  ],
  merged: [
    'Merge {k} of {n}: “{left}” + “{right}”, rank {value} in the list, the lowest of all neighbouring pairs. Symbols left: {symbols}.',
    '第 {k} 次合併（共 {n} 次）：「{left}」＋「{right}」，在合併表排第 {value}，是相鄰的各對裡最前面的。剩下 {symbols} 個符號。',
  ],
  'merged.score': [
    'Merge {k} of {n}: “{left}” + “{right}”, score {value}, the highest of all neighbouring pairs. Symbols left: {symbols}.',
    '第 {k} 次合併（共 {n} 次）：「{left}」＋「{right}」，分數 {value}，是相鄰的各對裡最高的。剩下 {symbols} 個符號。',
  ],
  goal: ['The tokens below are the result after all merges.', '最下面是全部合併之後的詞元。'],
  'end.one': ['All merged: “{piece}” is one token.', '全部合併完：「{piece}」是一個詞元。'],
  'end.single': [
    '“{piece}” is one token; there is nothing to merge.',
    '「{piece}」就是一個詞元，不必合併。',
  ],
  'end.merges': [
    'No neighbouring pair is in the list of merges, so these {n} tokens remain.',
    '相鄰的各對都不在合併表裡了，剩下 {n} 個詞元。',
  ],
  'end.none': [
    'No neighbouring pair is in this vocabulary, so nothing is merged: {n} symbols are {n} tokens.',
    '相鄰的兩個符號合起來都不在詞表裡，所以不合併：{n} 個符號就是 {n} 個詞元。',
  ],
  'end.fallback': [
    '“{unknown}” is not in the vocabulary. Byte fallback: its {bytes} bytes become {bytes} tokens.',
    '「{unknown}」不在詞表裡，改用位元組後備：它的 {bytes} 個位元組變成 {bytes} 個詞元。',
  ],
  'end.whole': [
    '“{piece}” is in the vocabulary as a whole, so nothing is merged.',
    '「{piece}」整段都在詞表裡，不必合併。',
  ],
  'end.unigram': [
    'Each bar is a token that matches, with its log probability. Of all paths from left to right, the marked one has the highest sum: {score}.',
    '每一條是一個對得上的詞元與它的對數機率。從左到右的各條路徑裡，標出的這條總和最高：{score}。',
  ],
  'end.wordpiece': [
    'From the left, the longest match is taken each time: {n} tokens.',
    '從左邊開始，每次取最長的一段：{n} 個詞元。',
  ],
  'end.failed': [
    'The dashed parts matched, but the rest of the word did not, so all of “{piece}” becomes the unknown token {id}.',
    '虛線的部分對得上，剩下的對不上，所以整個「{piece}」變成未知詞元 {id}。',
  ],
  'column.step': ['merge', '合併'],
  'column.left': ['left', '左'],
  'column.right': ['right', '右'],
  'column.result': ['text', '文字'],
  'column.value': ['rank or score', '順位或分數'],
  'column.ids': ['ids', '編號'],
  'column.piece': ['piece {i}', '第 {i} 段'],
  'column.failed': ['matched, given up', '對上後放棄'],
  'column.best': ['on the best path', '最佳路徑'],
  'column.candidate': ['candidate', '候選'],
  summary: [
    'The piece “{piece}”, its tokens ({n}) after all merges ({steps}): {tokens}',
    '「{piece}」合併 {steps} 次，成為 {n} 個詞元：{tokens}',
  ],
  'summary.empty': ['No text, nothing to merge.', '沒有文字，沒有可以合併的。'],
};
