/** block.js - the block, the stack, the output, and answering: figures 17 to 23. */
import { say } from '../tree.js';
import { figure, p, section } from './figure.js';

export const block = section(
  'block',
  say('4. The block, and the stack', '四、區塊與堆疊'),
  p(
    'After attention comes a feed-forward network, which works on each token alone. Both only *add* to the token’s vector. The vector that runs through the model from bottom to top, collecting these additions, is called the residual stream.',
    '注意力之後是前饋網路，它對每個詞元單獨加工。兩者都只是在詞元的向量上*加*東西。這條從頭流到尾、一路累加的向量，叫作殘差流。',
  ),
  figure(17, {
    title: say('One block', '一個區塊'),
    look: say(
      'What attention and the feed-forward network add, and how large each addition is.',
      '注意力和前饋網路各加了什麼，加了多大。',
    ),
    parts: [['jl-block', { share: 'note' }]],
    notice: say(
      'The stream after the block is the stream before it plus the two additions, nothing else. In block 0 the feed-forward network writes almost a hundred times what the embedding was. Size is not importance, though: the small additions can matter most.',
      '區塊之後的殘差流，就是之前的加上這兩筆，沒有別的。區塊 0 的前饋網路寫進來的，將近是嵌入的一百倍大。不過大不等於重要，小小一筆也可能最關鍵。',
    ),
    claim: 'figure 17: the stream is the sum of its parts',
  }),
  p(
    'For a programmer the rest is one line: repeat the block. But something happens on the way. Read the stream after each block as if it were the last one, and you see what the model would already answer (the *logit lens*, nostalgebraist 2020).',
    '對寫程式的人來說，剩下的只有一行：重複這個區塊。但一路上確實發生了事情。把每個區塊之後的殘差流都當成最後一個來讀，就看得到模型「到這裡為止」會怎麼回答（logit lens，nostalgebraist，2020）。',
  ),
  figure(18, {
    title: say('What each block would answer', '每個區塊會怎麼回答'),
    look: say(
      'From the embedding down to the last block: the best guess so far, and how sure it is.',
      '從嵌入到最後一個區塊：目前最好的猜測，和它的把握。',
    ),
    parts: [
      [
        'jl-lens',
        {
          model: 'tales',
          text: 'The princess was so beautiful that the prince fell in',
        },
      ],
    ],
    notice: say(
      'The first blocks guess from the last word alone; only the last ones have read the sentence. On average each block brings the guess closer to the final one, but not in every sentence.',
      '前面幾個區塊只憑最後一個字在猜，到了後面才看出是整句話在說什麼。平均來說，每個區塊都更接近最後的答案，但不是每一句都如此。',
    ),
    claim: 'figure 18: the last lens is the real distribution',
  }),
);

export const output = section(
  'output',
  say('5. From a vector to a word', '五、從向量到一個字'),
  p(
    'The last vector of the last block is compared with every row of the output table. The scores, one per token of the vocabulary, are the logits; softmax turns them into probabilities. What is then drawn is a choice of ours, not of the model.',
    '最後一個區塊的最後一個向量，拿去和輸出表的每一列相比。詞表裡每個詞元得到一個分數，叫作 logits；softmax 把分數變成機率。接下來抽哪一個，是我們的選擇，不是模型的。',
  ),
  figure(19, {
    title: say('Temperature, top-k, top-p, and the draw', '溫度、top-k、top-p 與抽樣'),
    look: say(
      'Follow one distribution through the stages of the sampler. Change a setting and see which tokens are still in the draw.',
      '看一個分佈一關一關通過取樣器。改一個設定，看哪些詞元還留在籤筒裡。',
    ),
    guess: {
      ask: say(
        'Which temperature makes the most probable token more probable still?',
        '哪一種溫度會讓最可能的詞元更可能？',
      ),
      options: [say('Below 1', '低於 1'), say('Above 1', '高於 1')],
      right: 0,
      why: say(
        'Logits are divided by the temperature. Below 1 that widens their distances; at 0 only the best is left.',
        'logits 會除以溫度。小於 1，差距被拉大；到 0，就只剩最好的那一個。',
      ),
    },
    parts: [
      ['jl-distribution', { model: 'tales', text: 'They married, and lived happily until they' }],
    ],
    notice: say(
      'The same seed draws the same token, on every machine. Chance comes from a number, and the number can be written down.',
      '同一個亂數種子，在任何機器上都抽出同一個詞元。偶然來自一個數字，而這個數字可以記下來。',
    ),
    claim: 'figure 19: stages are the sampler’s own, and sum to 1',
  }),
);

export const answering = section(
  'answering',
  say('6. Writing an answer', '六、寫出一段回答'),
  figure(20, {
    title: say('Input, word, word, word', '輸入、字、字、字'),
    look: say(
      'Generation unrolled: each line is one run of the whole model, with one token more than the line above.',
      '把生成過程攤開：每一行都是整個模型跑一遍，比上一行多一個詞元。',
    ),
    parts: [['note-unrolled', { model: 'poems', text: '\n春風' }]],
    notice: say(
      'The model does not plan a sentence. It writes a token, reads everything again with that token at the end, and goes on.',
      '模型並沒有先想好一句話。它寫一個詞元，把全部連同新的詞元再讀一遍，接著再寫。',
    ),
    claim: 'figure 20: unrolled greedy equals the stream',
  }),
  p(
    'Reading everything again at each step sounds wasteful, and it is. But an earlier token never sees a later one, so its keys and values cannot change: compute them once and keep them. That store is the KV cache.',
    '每一步都全部重讀，聽起來很浪費，也真的很浪費。但前面的詞元看不到後面，所以它們的鍵和值不會再變：算一次，存起來就好。這個倉庫叫作 KV 快取。',
  ),
  figure(21, {
    title: say('Without a memory', '沒有記憶的話'),
    look: say(
      'Each step computes the whole matrix again. Count the multiplications.',
      '每一步都把整個矩陣重算一遍。數一數做了幾次乘法。',
    ),
    parts: [['jl-cost', { model: 'tales' }]],
    notice: say(
      'Twice the text costs four times the work in all. For 256 tokens this model does 93 times what it needs to.',
      '文字長一倍，總共的工作變成四倍。寫 256 個詞元，這個模型做了必要工作的 93 倍。',
    ),
    claim: 'figure 21: operation counts are the engine’s',
  }),
  figure(22, {
    title: say('With the KV cache', '有 KV 快取'),
    look: say(
      'The same tokens with the cache on and off, one beside the other: what is computed at each step, and how long it takes.',
      '同樣的詞元，一邊有快取，一邊沒有：每一步算了什麼，花了多久。',
    ),
    guess: {
      ask: say('Will the two texts differ?', '兩邊寫出來的字會不同嗎？'),
      options: [say('Yes, a little', '會，差一點'), say('Not in a single token', '一個詞元都不會')],
      right: 1,
      why: say(
        'The cache holds exactly the numbers that would be computed again.',
        '快取裡存的，就是原本要重算的那些數字。',
      ),
    },
    parts: [['jl-cache', { share: 'note' }]],
    notice: say(
      'A step with the cache costs about the same wherever it stands in the text; without it, each step costs more than the one before. The price is memory, which grows with every token.',
      '有快取時，不管寫到哪裡，每一步的工作都差不多；沒有快取，一步比一步貴。代價是記憶體，每多一個詞元就多一份。',
    ),
    claim: 'figure 22: cache on and off give the same ids',
  }),
  figure(23, {
    title: say('Should the prompt look both ways?', '題目要不要前後都看？'),
    look: say(
      'The prompt could see itself in both directions; nothing has to be guessed there. Compare the loss on the text after it.',
      '題目是給定的，不用猜，讓它前後互看也無妨。比較一下題目之後那段文字的損失。',
    ),
    parts: [
      [
        'jl-compare',
        {
          model: 'tales',
          text: 'Once upon a time there was a king who had three daughters. The youngest was so beautiful that the sun himself wondered when he shone on her face. One day she went into the forest and sat down by the well',
          rule: 'prefix',
        },
      ],
    ],
    notice: say(
      'Switched on afterwards, it does not help a model that was trained causally. Whether training with it would is another question. The cost is certain: with each new turn of a conversation all earlier keys and values change, and the cache is lost.',
      '事後才打開，對因果訓練出來的模型沒有幫助。如果一開始就這樣訓練呢？那是另一個問題。代價卻是確定的：對話每多一輪，前面所有的鍵和值都要變，快取就作廢了。',
    ),
    claim: 'figure 23: a prefix mask does not lower the loss',
  }),
);
