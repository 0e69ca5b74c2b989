/** attention.js - attention and its heads: figures 9 to 16. */
import { say } from '../tree.js';
import { figure, p, section } from './figure.js';

const SENTENCE = "The princess lost her golden ball in the well. 'Give me back my golden";
const POEM = '\n床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。';

export const attention = section(
  'attention',
  say('3. Attention', '三、注意力'),
  p(
    'A word takes its meaning from the words around it. Attention is how a Transformer does that: each token asks a question of itself and all earlier tokens, weighs the answers, and adds the weighted sum to its own vector.',
    '一個字的意思要看它旁邊有誰。注意力就是 Transformer 的做法：每個詞元向自己和前面所有詞元提問，衡量各自的回答，再把加權的總和加到自己的向量上。',
  ),
  figure(9, {
    title: say('The same word grows apart', '同一個字，愈走愈不同'),
    look: say(
      'Three sentences end in the same token. Each line compares its vector in the first sentence with that in another one, block by block, by their cosine: 1 means the same direction.',
      '三個句子用同一個詞元結尾。每條線拿它在第一句和另一句裡的向量來比：每過一個區塊，餘弦值還剩多少。1 表示方向完全相同。',
    ),
    guess: {
      ask: say(
        'Which stays closer to “saw the bear”: “shot the bear” or “could not bear”?',
        'shot the bear（射熊）和 could not bear（受不了），哪一個離 saw the bear（看見熊）比較近？',
      ),
      options: [
        say('“shot the bear”', 'shot the bear'),
        say('“could not bear”', 'could not bear'),
        say('Both equally', '一樣近'),
      ],
      right: 0,
      example: true,
      why: say(
        'After the last block the two animals still have a cosine of 0.52, the animal and the verb only 0.30.',
        '經過最後一個區塊，兩隻熊的餘弦值還有 0.52，熊與動詞只剩 0.30。',
      ),
    },
    parts: [
      [
        'note-same',
        {
          model: 'tales',
          show: 'apart',
          text: 'The children were frightened when they saw the bear',
          other: 'The hunter lifted his gun and shot the bear',
          third: 'The pain was so great that he could not bear',
          caption: say(
            'Write other sentences that end in the same word: rose, well, left, mind.',
            '換成別的句子，結尾用同一個詞：rose、well、left、mind。',
          ),
        },
      ],
    ],
    notice: say(
      'The vectors start equal and drift apart block by block; in these three sentences the one with another sense (and another word before it) drifts farther. The model sees only what comes before a word; what follows cannot help it.',
      '向量從相同出發，一個區塊一個區塊地分開；在這三句裡，意思不同（前面的字也不同）的那一句分得更遠。模型只看得到前面的字，後面的字幫不上忙。',
    ),
    claim: 'figure 9: two senses part more than one sense',
  }),
  p(
    'The formula is short: `softmax(QKᵀ / √d) V` (Vaswani et al. 2017). From its vector each token makes three others, by three learned matrices: a query q (what am I looking for?), a key k (what can I be found by?), and a value v (what do I hand over?). The score of a query and a key is their dot product (multiplied number by number and added up), divided by √d so that it does not grow with d, how many numbers they have. Softmax turns the scores of a row into attention weights: `e` to each score, divided by the sum, so that all are positive and sum to 1. Q, K and V are the queries, keys and values of all tokens, one per row; T turns K on its side.',
    '公式很短：`softmax(QKᵀ / √d) V`（Vaswani 等人，2017）。每個詞元的向量乘上三個學來的矩陣，得到三個新向量：查詢 q（我在找什麼）、鍵 k（別人憑什麼找到我）、值 v（我交出什麼）。查詢與鍵的內積除以 √d 就是分數；d 是它們有幾個數，除了才不會 d 一大、分數就跟著大。softmax 把一列分數變成注意力權重：各取 `e` 的分數次方，再除以總和，於是都是正的，加起來是 1。Q、K、V 是所有詞元的查詢、鍵、值，一列一個；T 表示把 K 轉置。',
  ),
  figure(10, {
    title: say('The formula, with its numbers', '公式，連同裡面的數字'),
    look: say(
      'Choose a symbol to see what it is in this sentence, in one head (block 5, head 5; more on heads below): its shape and its numbers.',
      '這句話說：公主的金球掉進井裡了，「把我的金……還給我」，下一個字該是 ball（球）。點公式裡的符號，看它在這個句子、這個注意力頭（區塊 5 的 5 號頭；頭是什麼，下面會講）裡是什麼：形狀和數字。',
    ),
    parts: [
      [
        'note-formula',
        {
          share: 'one',
          model: 'tales',
          text: SENTENCE,
          layer: 5,
          head: 5,
          caption: say(
            'Choose a symbol, or write another sentence: figures 11 and 12 follow.',
            '點一個符號，或換一句話：圖 11、12 會跟著換。',
          ),
        },
      ],
    ],
    notice: say(
      'Q and K are shown as RoPE has rotated them. The rest is two products, a division and a softmax; the scores of later tokens are left out (figure 14). Recomputed on this page from the numbers shown, it gives Z, the head’s output.',
      '圖上的 Q 和 K 已經依 RoPE 轉過。剩下的就這麼多：兩次相乘、一次相除、一次 softmax，後面的詞元不算（圖 14）。網頁拿圖上這些數字再算一遍，得到的就是這個頭的輸出 Z。',
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
      [
        'note-relevance',
        {
          share: 'one',
          model: 'tales',
          text: SENTENCE,
          layer: 5,
          head: 5,
          caption: say(
            'Replace “ball” by “ring”, “apple” or “crown”, or choose another query.',
            '把 ball 換成 ring、apple 或 crown，或選另一個查詢。',
          ),
        },
      ],
    ],
    notice: say(
      'Scores can have any sign; weights are positive and sum to 1 (0.00 is a small one, rounded). Softmax exaggerates: here a lead of eight takes almost everything. Nearly all of this head’s attention goes to “ball”, and “ball” is also what the model writes next.',
      '分數可正可負；權重都是正的，加起來是 1（0.00 只是四捨五入後很小）。softmax 會誇大差距：這裡領先八分，幾乎全拿。這個頭的注意力幾乎全給了 ball，模型接著寫的也正是 ball。',
    ),
    claim: 'figure 11: rows sum to 1 and the last row rests on ball',
  }),
  figure(12, {
    title: say('Step two: gather', '第二步：收集'),
    look: say(
      'The weights decide how much of each value vector v flows in. Drag a weight and watch the sum move.',
      '權重決定每個值向量 v 流進來多少。拖動一個權重，看總和跟著變。',
    ),
    parts: [
      [
        'note-gather',
        {
          share: 'one',
          model: 'tales',
          text: SENTENCE,
          layer: 5,
          head: 5,
          caption: say(
            'Drag a slider: the sum is computed anew and moves away from the head’s own output.',
            '拖一個滑桿：總和立刻重算，和這個頭原本的輸出對照。',
          ),
        },
      ],
    ],
    notice: say(
      'The output is a weighted average of value vectors and nothing else. What a head can say is limited by what it looks at.',
      '輸出就是值向量的加權平均，沒有別的。一個頭看了誰，就只能說出誰。',
    ),
    claim: 'figure 12: the weighted sum of values is the head’s output',
  }),
  figure(13, {
    title: say('All rows at once', '所有的列放在一起'),
    look: say(
      'Each row is a query, each column a key. Move with the arrows of your keyboard.',
      '每一橫列是一個查詢，每一直行是一個鍵。可以用鍵盤的 ↑ ↓ ← → 移動。',
    ),
    parts: [
      [
        'jl-attention',
        {
          share: 'note',
          model: say('tales', 'poems'),
          caption: say(
            'Walk the cells, change block and head, or use the steps below.',
            '在格子裡走走，換區塊和頭，或用下面的步驟。',
          ),
        },
      ],
    ],
    steps: [
      {
        set: [
          { layer: 3, head: 2 },
          { layer: 4, head: 6 },
        ],
        say: say(
          'Block 3, head 2 mostly looks at the token before.',
          '區塊 4 的 6 號頭幾乎只看前一個字：格子排成一條斜線。',
        ),
      },
      {
        set: [
          { layer: 2, head: 6 },
          { layer: 2, head: 1 },
        ],
        say: say(
          'Block 2, head 6: “golden” in the last row looks at “my”.',
          '區塊 2 的 1 號頭看上一個標點：同一句裡的字都看著同一格。',
        ),
      },
      {
        set: [
          { layer: 5, head: 5 },
          { layer: 2, head: 0 },
        ],
        say: say(
          'Block 5, head 5: “my” and “golden” look back at “ball”.',
          '區塊 2 的 0 號頭看前面第二個字：斜線又往左移了一格。',
        ),
      },
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
      'In figure 13 the upper triangle is masked. Here A and B read another sentence, A with the mask, B without: in B every token also sees the tokens after it, its own answer among them.',
      '圖 13 的右上三角是遮住的。這裡換一句話（從前有個國王，有三個兒子，他們……），A、B 讀同樣的字，A 有遮罩，B 沒有：在 B，每個詞元連後面的字都看得到，包括自己該猜的答案。',
    ),
    guess: {
      ask: say('B can see the answers. Will its loss fall?', 'B 看得到答案。它的損失會下降嗎？'),
      options: [
        say('Yes, it copies the answers', '會，照抄就好'),
        say('No, it rises', '不會，反而上升'),
      ],
      right: 1,
      example: true,
      why: say(
        'On average it rises, from 1.65 to 2.05 nats a token: four tokens lose much, the other seven gain a little. This model never learned to use what comes later.',
        '平均反而上升，每個詞元從 1.65 變成 2.05 奈特：四個詞元變差很多，另外七個好了一點。這個模型從沒學過怎麼用後面的字。',
      ),
    },
    parts: [
      [
        'jl-compare',
        {
          model: 'tales',
          text: 'There was once a king who had three sons, and they',
          rule: 'mask-off',
          caption: say(
            'Choose another rule for B, or replace “sons” by “daughters”: in A nothing before it changes.',
            '替 B 換一種規則，或把 sons 改成 daughters：A 裡在它之前的數字一個也不會變。',
          ),
        },
      ],
    ],
    notice: say(
      'With the mask, what comes later changes nothing before it, to the last bit. That makes every token a fair exercise, and later (figure 22) a cache possible. A model that was trained with its answers in sight would only learn to copy them.',
      '有遮罩時，後面的字改變不了前面任何一個數字，連最後一位小數都不變。所以每一題都公平，後面（圖 22）也才能有快取。看著答案訓練出來的模型，只會學會抄答案。',
    ),
    claim: 'figure 14: later tokens change nothing before them',
  }),
);

export const heads = section(
  'heads',
  say('Many heads', '多頭注意力'),
  p(
    'One attention pattern is not enough: a word may need its subject, its adjective and the last comma at once. So each block has several heads that work side by side, each with its own queries, keys and values. Their outputs are joined end to end, and a matrix, `W_O`, mixes them into one vector.',
    '只有一種看法不夠：一個字可能同時要找主詞、形容詞和上一個逗號。所以每個區塊有好幾個注意力頭並排工作，各有各的查詢、鍵和值。各個頭的輸出接在一起，再由矩陣 `W_O` 混合成一個向量。',
  ),
  figure(15, {
    title: say('Every head of the model', '模型裡的每一個頭'),
    look: say(
      'One small matrix per head, over the poem of figure 8 with its last line; queries are rows. A head gets a label only if one of four rules explains at least half of its attention, measured on another, longer text: on a short one almost any rule seems to fit.',
      '每個頭一張小矩陣，畫的是圖 8 那首詩，每一列是一個查詢。四條規則裡有一條能解釋它一半以上的注意力，才貼上標籤；這是用另一段較長的文字量的，因為文字太短，什麼規則都像是對的。',
    ),
    parts: [
      [
        'jl-heads',
        {
          model: 'poems',
          text: POEM,
          layer: 4,
          head: 6,
          caption: say(
            'Choose a head: its scores, and what the model loses without it.',
            '點一個頭：看它的分數，和關掉它之後模型少了什麼。',
          ),
        },
      ],
    ],
    notice: say(
      'One head of 48 gets a label: block 4, head 6 looks at the previous token. The eye finds more: block 2, head 1 steps back to the last punctuation mark, head 0 beside it to the character before the previous one. Most heads have no name. In a model with random parameters the rules label hardly any, as they should.',
      '四十八個頭裡，只有一個有標籤：區塊 4 的 6 號頭看前一個詞元。用眼睛看，還找得到別的：區塊 2 的 1 號頭退回上一個標點，旁邊的 0 號頭看前面第二個字。大多數的頭叫不出名字。換成參數是亂數的模型，這些規則幾乎一個標籤也不會貼，可見規則沒有亂貼。',
    ),
    claim: 'figure 15: on random weights nine of ten heads have no label',
  }),
  figure(16, {
    title: say('Switch a head off', '關掉一個頭'),
    look: say(
      'The poem model with all its heads (A), and without head 6 of block 0 (B), over two lines of seven characters by Zhang Ji: the moon sets, crows call, frost fills the sky; river maples, fishing lights, a troubled [眠, sleep]. Compare the guesses, and the lines that follow.',
      '詩的模型，A 是完整的，B 關掉區塊 0 的 6 號頭，讀的是張繼的〈楓橋夜泊〉。比較下一個字的猜測，和接著寫出來的句子。',
    ),
    guess: {
      ask: say('What will it lose?', '它會失去什麼？'),
      options: [
        say('The rhyme', '押韻'),
        say('The length of the line', '句子的長度'),
        say('The vocabulary', '用字'),
      ],
      right: 1,
      example: true,
      why: say(
        'The first comma still comes after seven characters, but the second line ends after six, and the poem goes on in lines of five. Verse of five characters hardly changes: try it.',
        '第一個逗號還是在七個字之後，但第二句寫到六個字就斷了，接著就變成五言。五言詩則幾乎不受影響，可以試試。',
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
          caption: say(
            'Try verse of five characters, or “only this head”.',
            '換成五言詩試試，或選「只留這個頭」。',
          ),
        },
      ],
    ],
    notice: say(
      'After 愁, the poet’s 眠 had probability 0.78; without the head the model ends the line after six characters, with probability 0.99, and goes on in lines of five. Switch off any one of the other 47 instead, and 眠 still comes first.',
      '「愁」後面的「眠」原本有 0.78；關掉這個頭，模型寫到第六個字就要斷句，機率 0.99，接著寫起五言。換成關掉其他四十七個頭裡的任何一個，「眠」都還是第一名。',
    ),
    claim: 'figure 16: without head L0H6 seven-character verse breaks after five',
  }),
);
