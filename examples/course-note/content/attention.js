/** attention.js - attention and its heads: figures 9 to 16. */
import { say } from '../tree.js';
import { figure, p, section } from './figure.js';

const SENTENCE = "The princess lost her golden ball in the well. 'Give me back my golden";
const POEM = '\n床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。';

export const attention = section(
  'attention',
  say('3. Attention', '三、注意力'),
  p(
    'A word takes its meaning from the words around it. Attention is how a Transformer does that: each token asks a question of all earlier tokens, weighs their answers, and adds the weighted sum to its own vector.',
    '一個字的意思要看它旁邊有誰。注意力就是 Transformer 的做法：每個詞元向前面所有詞元提問，衡量各自的回答，再把加權的總和加到自己的向量上。',
  ),
  figure(9, {
    title: say('The same word grows apart', '同一個字，愈走愈不同'),
    look: say(
      'Two sentences end in the same token. The line is the cosine between its two vectors after each block: 1 means the same direction.',
      '兩個句子結尾是同一個詞元。折線是它的兩個向量在每個區塊之後的餘弦值，1 表示方向完全相同。',
    ),
    guess: {
      ask: say(
        '“saw the bear” and “shot the bear”, or “could not bear”: which pair stays closer?',
        'saw the bear（看見熊）、shot the bear（射熊）、could not bear（忍不住）：哪一對比較接近？',
      ),
      options: [say('The two animals', '兩隻熊'), say('All the same', '都一樣')],
      right: 0,
      why: say(
        'After the last block the two animals still agree with 0.52, the animal and the verb only with 0.30.',
        '經過最後一個區塊，兩隻熊之間還有 0.52，熊與動詞之間只剩 0.30。',
      ),
    },
    parts: [
      [
        'jl-compare',
        {
          model: 'tales',
          text: 'The children were frightened when they saw the bear',
          other: 'The pain was so great that he could not bear',
        },
      ],
    ],
    notice: say(
      'The vectors start equal and part block by block, more for another sense than for the same one. The model sees only what stands before a word; what follows cannot help it.',
      '向量從相同出發，一個區塊一個區塊地分開；意思不同的，分得更遠。模型只看得到前面的字，後面的字幫不上忙。',
    ),
    claim: 'figure 9: two senses part more than one sense',
  }),
  p(
    'The formula is short: `softmax(QKᵀ / √d) V` (Vaswani et al. 2017). From its vector each token makes three others: a query q (what am I looking for?), a key k (what can I be found by?), and a value v (what do I hand over?).',
    '公式很短：`softmax(QKᵀ / √d) V`（Vaswani 等人，2017）。每個詞元用自己的向量做出三個新向量：查詢 q（我在找什麼）、鍵 k（別人憑什麼找到我）、值 v（我交出什麼）。',
  ),
  figure(10, {
    title: say('The formula, with its numbers', '公式，連同裡面的數字'),
    look: say(
      'Choose a symbol to see what it is in this sentence, in this head: its shape and its numbers.',
      '點公式裡的符號，看它在這個句子、這個注意力頭裡是什麼：形狀和數字。',
    ),
    parts: [['note-formula', { share: 'one', model: 'tales', text: SENTENCE, layer: 5, head: 5 }]],
    notice: say(
      'There is no more to it: two products and a softmax. Computed again in this page from the numbers shown, the result is the head’s output.',
      '就這麼多：兩次相乘，一次 softmax。頁面用畫面上的數字重算一遍，得到的就是這個頭的輸出。',
    ),
    claim: 'figure 10: recomputing from Q, K, V gives the output',
  }),
  figure(11, {
    title: say('Step one: how relevant?', '第一步：有多相關？'),
    look: say(
      'The last token’s query against every key: the score, and what softmax makes of it.',
      '最後一個詞元的查詢，逐一對上每個鍵：先是分數，再經過 softmax。',
    ),
    parts: [
      ['note-relevance', { share: 'one', model: 'tales', text: SENTENCE, layer: 5, head: 5 }],
    ],
    notice: say(
      'Scores can be anything; weights are positive and sum to 1. Softmax exaggerates: a lead of a few points takes almost everything. Here the whole attention goes to “ball”, and the guess is “ball”.',
      '分數可正可負；權重都是正的，加起來是 1。softmax 會誇大差距，領先幾分就幾乎全拿。這裡的注意力全給了 ball，猜的下一個字也正是 ball。',
    ),
    claim: 'figure 11: rows sum to 1 and the last row rests on ball',
  }),
  figure(12, {
    title: say('Step two: gather', '第二步：收集'),
    look: say(
      'The weights decide how much of each value vector flows in. Drag a weight and watch the sum move.',
      '權重決定每個值向量流進來多少。拖動一個權重，看總和跟著變。',
    ),
    parts: [['note-gather', { share: 'one', model: 'tales', text: SENTENCE, layer: 5, head: 5 }]],
    notice: say(
      'The output is an average of value vectors and nothing else. What a head can say is limited by what it looks at.',
      '輸出就是值向量的加權平均，沒有別的。一個頭能說什麼，取決於它看了什麼。',
    ),
    claim: 'figure 12: the weighted sum of values is the head’s output',
  }),
  figure(13, {
    title: say('All rows at once', '所有的列放在一起'),
    look: say(
      'Each row is a query, each column a key. Walk through it with the arrow keys.',
      '每一列是一個查詢，每一行是一個鍵。可以用方向鍵走。',
    ),
    parts: [['jl-attention', { share: 'note' }]],
    steps: [
      { set: { layer: 2, head: 1 }, say: say('Block 2, head 1.', '區塊 2，注意力頭 1。') },
      { set: { layer: 4, head: 6 }, say: say('Block 4, head 6.', '區塊 4，注意力頭 6。') },
    ],
    notice: say(
      'A training step computes all rows together: every token of the text is an exercise, and none can see its own answer.',
      '訓練時所有的列一起算：文章裡每個詞元都是一題，而且誰也看不到自己的答案。',
    ),
    claim: 'figure 13: the matrix equals the tap',
  }),
  figure(14, {
    title: say('No looking ahead', '不准往後看'),
    look: say(
      'The upper triangle is masked. Lift the mask: what happens to what the model believes about the past?',
      '右上三角被遮住。把遮罩拿掉，模型對前文的看法會怎麼變？',
    ),
    guess: {
      ask: say(
        'Two texts agree up to “three” and differ after it. Can the guess after “three” tell them apart?',
        '兩段文字到 three 為止都一樣，後面才不同。three 之後的猜測分得出是哪一段嗎？',
      ),
      options: [
        say('With the mask no, without it yes', '有遮罩時不行，拿掉就可以'),
        say('Never', '都不行'),
      ],
      right: 0,
      why: say(
        'With the mask the two guesses agree to the last bit. Without it the later words leak backwards.',
        '有遮罩時，兩邊的猜測連最後一個位元都相同；拿掉之後，後面的字就漏到前面來了。',
      ),
    },
    parts: [
      [
        'jl-compare',
        {
          model: 'tales',
          text: 'There was once a king who had three sons, and they',
          rule: 'mask-off',
        },
      ],
    ],
    notice: say(
      'A model that was trained with the mask does not become clever without it: this one only gets confused, and its loss rises. Larger models do copy the leaked answer. Training with the answers in sight would teach nothing.',
      '帶著遮罩訓練的模型，拿掉遮罩並不會變聰明；這個小模型只會被搞糊塗，損失反而上升。大一點的模型才會去抄洩漏的答案。看著答案練習，什麼都學不到。',
    ),
    claim: 'figure 14: later tokens change nothing before them',
  }),
);

export const heads = section(
  'heads',
  say('Many heads', '多頭注意力'),
  p(
    'One attention pattern is not enough: a word may need its subject, its adjective and the last comma at once. So each block has several heads that work side by side, each with its own queries, keys and values.',
    '只有一種看法不夠：一個字可能同時要找主詞、形容詞和上一個逗號。所以每個區塊有好幾個注意力頭並排工作，各有各的查詢、鍵和值。',
  ),
  figure(15, {
    title: say('Every head of the model', '模型裡的每一個頭'),
    look: say(
      'One small matrix per head. Sort them by kind, and choose one to see it large.',
      '每個頭一張小矩陣。可以依種類排序，點一張放大看。',
    ),
    parts: [['jl-heads', { model: 'poems', text: POEM }]],
    notice: say(
      'A few heads have a job that can be named: the previous token, the last punctuation mark. The label gives rule, score and text. Most heads have no name, and that is the honest answer.',
      '少數幾個頭做的事叫得出名字，例如看前一個詞元、看上一個標點。標籤上寫著規則、分數和測量用的文字。大多數的頭叫不出名字，老實說就是這樣。',
    ),
    claim: 'figure 15: on random weights nine of ten heads have no label',
  }),
  figure(16, {
    title: say('Switch a head off', '關掉一個頭'),
    look: say(
      'The poem model with all its heads, and without head 6 of block 0. Compare the guesses, and the lines that follow.',
      '詩的模型，一邊是完整的，一邊關掉區塊 0 的第 6 個頭。比較下一個字的猜測，和接著寫出來的句子。',
    ),
    guess: {
      ask: say('What will it lose?', '它會失去什麼？'),
      options: [
        say('The rhyme', '押韻'),
        say('The length of the line', '句子的長度'),
        say('The vocabulary', '用字'),
      ],
      right: 1,
      why: say(
        'Without this one head, verse of seven characters falls into lines of five. Verse of five characters does not change.',
        '少了這一個頭，七言詩就掉成五言；五言詩則完全不受影響。',
      ),
    },
    parts: [
      [
        'jl-compare',
        {
          model: 'poems',
          text: '\n月落烏啼霜滿天，江楓漁火對愁',
          rule: 'head-off',
          layer: 0,
          head: 6,
        },
      ],
    ],
    notice: say(
      'After 愁, the poet’s 眠 had probability 0.78; without the head the model ends the line with 0.99. One head in forty-eight counts to seven.',
      '「愁」後面的「眠」原本有 0.78；關掉這個頭，模型有 0.99 的把握要在這裡斷句。四十八個頭裡，就靠這一個數到七。',
    ),
    claim: 'figure 16: without head L0H6 seven-character verse breaks after five',
  }),
);
