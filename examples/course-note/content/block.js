/** block.js - the block, the stack, the output, and answering: figures 17 to 23. */
import { say } from '../tree.js';
import { figure, p, section } from './figure.js';

export const block = section(
  'block',
  say('4. The block, and the stack', '四、區塊，一層層疊'),
  p(
    'After attention comes a feed-forward network, which works on each token alone: it stretches the vector to more numbers (832 instead of 320 in the tales model), an activation function decides how much of each passes, and they are brought back to 320. Before each of the two the vector is scaled to a steady size (normalisation). Both only *add* to the token’s vector. The vector that runs through the model from the first block to the last, collecting these additions, is called the residual stream.',
    '注意力之後是前饋網路，它對每個詞元單獨加工：先把向量拉長（童話模型是從 320 個數變成 832 個），由活化函數決定每個數放行多少，再收回 320 個數。進入這兩者之前，向量都先縮放到差不多的大小（正規化）。兩者都只是在詞元的向量上*加*東西。這條從頭流到尾、一路累加的向量，叫作殘差流。',
  ),
  figure(17, {
    title: say('One block', '一個區塊'),
    look: say(
      'What attention and the feed-forward network add, and how large each addition is.',
      '注意力和前饋網路各加了什麼，加了多少。',
    ),
    parts: [
      [
        'jl-block',
        {
          share: 'stream',
          model: say('tales', 'poems'),
          layer: 0,
          caption: say('Choose another block, or another sentence.', '換一個區塊，或換一句話。'),
        },
      ],
    ],
    notice: say(
      'The stream after the block is the stream before it plus the two additions, nothing else. (The numbers are added one by one. Lengths, the root of the sum of squares, do not add up, because the vectors point in different directions.) In block 0 the feed-forward network adds a vector about a hundred times as long as the embedding was. Long is not the same as important, though.',
      '區塊之後的殘差流，就是之前的加上這兩筆，沒有別的。（相加的是一個個數；長度是平方和的平方根，向量方向不同，長度就不會剛好相加。）區塊 0 的前饋網路加進來的向量，長度大約是嵌入的一百倍。不過長不等於重要。',
    ),
    claim: 'figure 17: the stream is the sum of its parts',
  }),
  p(
    'For a programmer the rest is one line: repeat the block. But something happens on the way. Read the stream after each block as if it were the last one, and you see what the model would already answer (the *logit lens*, nostalgebraist 2020).',
    '對寫程式的人來說，剩下的只有一行：重複這個區塊。可是這一路並非什麼都沒發生。把每個區塊之後的殘差流都當成最後一個來讀，就看得到模型「到這裡為止」會怎麼回答（logit lens，nostalgebraist，2020）。',
  ),
  figure(18, {
    title: say('What each block would answer', '每個區塊會怎麼回答'),
    look: say(
      'From the first block down to the last: the best guess so far, and how sure it is.',
      '這句話說：公主美得讓王子墜入……（in 後面是 love，愛河）。從第一個區塊到最後一個：目前最好的猜測，和它的把握。',
    ),
    guess: {
      ask: say(
        'Block 0 has done only the first bit of work. What would it write after “… the prince fell in”?',
        '區塊 0 還沒讀懂多少。在 … the prince fell in 後面，它會寫什麼？',
      ),
      options: [say('love', 'love（愛）'), say('the', 'the')],
      right: 1,
      example: true,
      why: say(
        '“the”, the usual word after “in”; so do blocks 1 to 3. Not until block 4 does it say “love”.',
        '寫 the，也就是 in 後面最常見的字；區塊 1 到 3 也一樣。到區塊 4 才說 love。',
      ),
    },
    parts: [
      [
        'jl-lens',
        {
          model: 'tales',
          text: 'The princess was so beautiful that the prince fell in',
          caption: say(
            'Choose a token of the text, or write a sentence of your own.',
            '點文字裡的一個詞元，或換一句話。',
          ),
        },
      ],
    ],
    notice: say(
      'After “in”, the first blocks guess as if they saw little more than the last word; from block 4 on the guess fits the whole sentence. On average each block brings the guess closer to the final one, but not in every sentence.',
      '在 in 之後，前面幾個區塊還像只看著最後一個字，到區塊 4 以後，猜的才合整句話的意思。平均來說，每個區塊都更接近最後的答案，但不是每一句都如此。',
    ),
    claim: 'figure 18: the last lens is the real distribution',
  }),
);

export const output = section(
  'output',
  say('5. From a vector to a word', '五、從向量到一個字'),
  p(
    'The last token’s vector after the last block is normalised, then compared, by dot products, with each row of a table that has one row per token. The scores, one per token of the vocabulary, are the logits; softmax turns them into probabilities. How one of them is then drawn is for us to decide, not for the model.',
    '最後一個詞元在最後一個區塊之後的向量，先正規化，再和一張表的每一列做內積；表裡一個詞元一列。詞表裡每個詞元得到一個分數，叫作 logits；softmax 把分數變成機率。接下來怎麼抽，由我們決定，不由模型。',
  ),
  figure(19, {
    title: say(
      'Temperature, top-k, top-p, min-p, and the draw',
      '溫度、top-k、top-p、min-p 與抽樣',
    ),
    look: say(
      'Follow one distribution through the stages of the sampler. Temperature divides the logits (below 1: sharper; above 1: flatter); top-k keeps the k best tokens; top-p the fewest best tokens that together reach p; min-p drops what is less probable than a set fraction of the best. Change one and see which tokens are still in the draw.',
      '這句話說：他們結了婚，過著幸福的日子，直到…… 看下一個詞元的分佈一關一關通過取樣器。溫度去除 logits（低於 1 更集中，高於 1 更平均）；top-k 只留前 k 名；top-p 留到機率累積滿 p；min-p 淘汰不到第一名 p 倍的。改一個設定，看哪些詞元還留在籤筒裡。',
    ),
    guess: {
      ask: say(
        'Which temperature makes the most probable token more probable still?',
        '哪一種溫度會讓最可能的詞元更可能？',
      ),
      options: [say('Below 1', '低於 1'), say('Above 1', '高於 1')],
      right: 0,
      example: true,
      why: say(
        'Logits are divided by the temperature. Dividing by less than 1 spreads them apart: at 0.8, “died” rises from 47 % to 62 %. At 0 only the best is left.',
        'logits 會除以溫度。小於 1，差距被拉大：0.8 時，died 從 47 % 升到 62 %。到 0，就只剩最好的那一個。',
      ),
    },
    parts: [
      [
        'jl-distribution',
        {
          model: 'tales',
          text: 'They married, and lived happily until they',
          caption: say('Move a slider, and draw again.', '動一個滑桿，再抽一次。'),
        },
      ],
    ],
    notice: say(
      'Temperature only reshapes the distribution; each later stage can only remove tokens, and what is left is scaled to sum to 1 again. The draw itself is repeatable: the same seed draws the same token. The chance comes from one number, the seed, and it can be written down.',
      '溫度只改高低，不淘汰誰；後面每一關只會讓詞元變少，剩下的再調整成總和為 1。抽籤本身可以重來：同一個亂數種子，抽出的就是同一個詞元。看似偶然，其實全由這個數字決定；記下它，就能重來。',
    ),
    claim: 'figure 19: stages are the sampler’s own, and sum to 1',
  }),
);

export const answering = section(
  'answering',
  say('6. Writing on', '六、一路寫下去'),
  figure(20, {
    title: say('Input, word, word, word', '一字一字往下寫'),
    look: say(
      'Generation unrolled, from 春風 (spring wind): each line is one run of the whole model, with one token more than the line above. At its end: the guess, and its probability.',
      '把生成過程攤開：每一列都是整個模型跑一遍，比上一列多一個詞元；最右邊是它的猜測和機率。',
    ),
    parts: [
      [
        'note-unrolled',
        {
          model: 'poems',
          text: '\n春風',
          caption: say(
            'Give it other first characters, or more steps.',
            '換別的開頭，或多走幾步。',
          ),
        },
      ],
    ],
    notice: say(
      'Here the most probable token is taken each time (greedy), and yet its share is often small: many lines were possible. Nothing but the text is carried from one run to the next.',
      '這裡每次都取最可能的詞元（貪婪），但它的機率往往不高，本來可以寫成許多別的句子。從這一遍帶到下一遍的，只有文字本身。',
    ),
    claim: 'figure 20: unrolled greedy equals the stream',
  }),
  p(
    'Reading everything again at each step sounds wasteful, and it is. But an earlier token never sees a later one, so its keys and values cannot change: compute them once and keep them. That store is the KV cache.',
    '每一步都全部重讀，聽起來很浪費，也真的很浪費。但前面的詞元看不到後面，所以它們的鍵和值不會再變：算一次，存起來就好。這個倉庫叫作 KV 快取。',
  ),
  figure(21, {
    title: say('Without a cache', '沒有快取的話'),
    look: say(
      'Each row is a step, each full square a token whose keys and values are computed in it. On the right nothing is kept: every step fills its whole row again. The curve adds up the multiply-adds (one multiplication and one addition).',
      '每一列是一步，每個實心方格是這一步要計算鍵和值的詞元。右邊什麼都不留，每一步都把整列重填一遍。曲線是累計的乘加次數（乘一次再加一次，算一次）。',
    ),
    parts: [
      [
        'jl-cache',
        {
          model: 'tales',
          text: 'Once upon a time there was a king',
          steps: 32,
          show: 'total',
          caption: say(
            'Double the number of steps, and compare the totals in the table.',
            '把步數加倍，比一比表裡的總數。',
          ),
        },
      ],
    ],
    notice: say(
      'Without a cache, twice the text costs about four times the work; with one, about twice, as long as texts are short. These 32 steps cost 15 times what is needed; a text of 256 tokens, 93 times.',
      '沒有快取，文字長一倍，工作大約變成四倍；有快取，在短文裡大約兩倍。這 32 步做了必要工作的 15 倍；寫到全長 256 個詞元，是 93 倍。',
    ),
    claim: 'figure 21: operation counts are the engine’s',
  }),
  figure(22, {
    title: say('With the KV cache', '有 KV 快取'),
    look: say(
      'Another text, step by step: the work of each step with the cache and without, and in the table the time it took (median, and range of five runs).',
      '換一段文字，一步一步看：每一步的工作量，有快取和沒有快取；表裡是實際花的時間（五次的中位數與範圍）。',
    ),
    guess: {
      ask: say(
        'Will the texts written with and without the cache differ?',
        '有快取和沒有快取，寫出來的字會不同嗎？',
      ),
      options: [say('Yes, a little', '會，差一點'), say('Not in a single token', '一個詞元都不會')],
      right: 1,
      why: say(
        'Both write the same text: the cache holds exactly the numbers that would be computed again.',
        '兩邊一字不差：快取裡存的，就是原本要重算的那些數字。',
      ),
    },
    parts: [
      [
        'jl-cache',
        {
          share: 'note',
          model: say('tales', 'poems'),
          show: 'step',
          caption: say(
            'Plot the time of a step, or store the cache in fewer bits.',
            '改畫每步時間，或用較少的位元存快取。',
          ),
        },
      ],
    ],
    notice: say(
      'Step 0 reads the text. After it, each step with the cache costs about as much as the last, in a text this short; in long ones the share of attention grows (figure 24). Without the cache, each step costs more than the one before. The price is memory, which grows with every token.',
      '第 0 步先讀完給的文字。之後，有快取時，在這樣的長度裡每一步的工作都差不多（再長，注意力那一份就會慢慢變大，見圖 24）；沒有快取，一步比一步貴。代價是記憶體，每多一個詞元就多一份。',
    ),
    claim: 'figure 22: cache on and off give the same ids',
  }),
  figure(23, {
    title: say('Should the prompt look both ways?', '提示要不要前後都看？'),
    look: say(
      'The text that you give a model, the prompt, could see itself in both directions; nothing has to be guessed there. Here the first half of a tale is the prompt: compare the loss on the second half.',
      '你給模型的那段話叫作提示，它是給定的，不用猜，讓它前後互看也無妨。這裡把一段童話的前半當作提示，比較後半的損失。',
    ),
    guess: {
      ask: say('Will the text after the prompt be guessed better?', '提示之後的文字會猜得更準嗎？'),
      options: [say('Yes', '會'), say('No', '不會')],
      right: 1,
      why: say(
        'No: the loss of the second half rises a little, by 0.05 nats a token here; on longer texts there is hardly a difference.',
        '不會：這裡後半段的損失每個詞元上升 0.05 奈特；換成更長的文字，幾乎沒有差別。',
      ),
    },
    parts: [
      [
        'jl-compare',
        {
          model: 'tales',
          text: 'Once upon a time there was a king who had three daughters. The youngest was so beautiful that the sun himself wondered when he shone on her face. One day she went into the forest and sat down by the well',
          rule: 'prefix',
          caption: say(
            'A: as trained, looking back only (causal). B: the first half sees itself both ways. Try a text of your own.',
            'A：照訓練時那樣，只往前看（因果）。B：前半段前後互看。換一段文字試試。',
          ),
        },
      ],
    ],
    notice: say(
      'Switched on only after training, it does not help this model on this text. Whether training with it would help is another question. The cost is certain: if each new turn of a conversation joins the prompt, the earlier tokens see it, their keys and values change from the second block on, and the cache is lost.',
      '訓練完才打開，在這段文字上對這個模型沒有幫助。如果一開始就這樣訓練呢？那是另一個問題。代價卻是確定的：對話每多一輪，若把新的一輪也併進提示，前面的字都會看到它，從第二個區塊起鍵和值都要重算，快取就作廢了。',
    ),
    claim: 'figure 23: a prefix mask does not lower the loss',
  }),
);
