/** block.js - words of jl-block: [English, Traditional Chinese]. */

/** @type {import('../../ui/words.js').Words} */
export const words = {
  title: ['One block', '一個區塊'],
  resid_pre: ['stream in', '殘差流進入'],
  'ln1.normalized': ['norm', '正規化'],
  q: ['Q', 'Q'],
  k: ['K', 'K'],
  v: ['V', 'V'],
  z: ['heads gather', '注意力頭匯總'],
  attn_out: ['attention adds', '注意力加上'],
  convolution: ['convolution adds', '短卷積加上'],
  resid_mid: ['stream', '殘差流'],
  'ln2.normalized': ['norm', '正規化'],
  'mlp.post': ['feed-forward', '前饋網路'],
  gated: ['feed-forward, gated', '前饋網路（有閘）'],
  expert_weights: ['router', '路由器'],
  mlp_out: ['feed-forward adds', '前饋網路加上'],
  experts: ['{used} of {all} experts add', '{all} 個專家用 {used} 個'],
  resid_post: ['stream out', '殘差流離開'],
  words: ['{shape} · length {norm}', '{shape} · 長度 {norm}'],
  column: ['Place', '位置'],
  shape: ['Shape', '形狀'],
  norm: ['Length', '長度'],
  value: ['Value {i}', '第 {i} 個數'],
  difference: ['Difference of the sum in block {layer}', '區塊 {layer} 總和的差'],
  sizes: ['in', '進入'],
  sizesAttention: ['+ attention', '＋注意力'],
  sizesForward: ['+ feed-forward', '＋前饋'],
  scale: [
    'Lengths of the vectors at {token}; all bars on one logarithmic scale from {low} to {high}',
    '「{token}」各向量的長度；長條共用 {low} 到 {high} 的對數刻度',
  ],
  stage: [
    'Block {layer}, {name}: {shape} numbers of length {norm}, beginning {first} …',
    '區塊 {layer}，{name}：{shape} 個數，長度 {norm}，開頭是 {first} …',
  ],
  adds: [
    'in + attention + feed-forward = out: largest difference {error} of the length',
    '進入＋注意力＋前饋＝離開：最大差為長度的 {error}',
  ],
  after: [
    'This encoder normalises after each sum, so the parts do not add up to the stream (difference {error}).',
    '這個編碼器在每次相加之後才正規化，各部分的和不等於殘差流（差 {error}）。',
  ],
  empty: ['Type a sentence.', '請輸入一句話。'],
  summary: [
    'At {token}, block {layer} receives a vector of length {pre}; attention adds {attention}, feed-forward adds {forward}, and {post} leaves. The largest part of all {n} blocks is what feed-forward adds in block {best}: {ratio} times the length that comes in.',
    '在「{token}」，區塊 {layer} 收到長度 {pre} 的向量；注意力加上 {attention}，前饋網路加上 {forward}，離開時為 {post}。{n} 個區塊中相對最大的一份，是區塊 {best} 的前饋網路：進入長度的 {ratio} 倍。',
  ],
};
