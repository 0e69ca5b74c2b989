/** opening.js - the game, the generations of language models, the whole pipeline: figures 1 to 3. */
import { say } from '../tree.js';
import { figure, p, section } from './figure.js';

export const opening = section(
  'opening',
  say('A game of one word at a time', '一次接一個詞的遊戲'),
  p(
    'A chat model writes an essay, translates, tells jokes, and it does all of this with one move: given the words so far, it guesses the next one (a word or a piece of one: a *token*). Then it puts its guess at the end of the text and guesses again. Chinese children play a game like this; it is called 接龍 (jiēlóng, “joining the dragon”), and the engine of this note, Jielong, is named after it.',
    '聊天模型會寫文章、會翻譯、會說笑話，其實只會一個動作：看著前面的字，猜下一個字（一個字、一個詞或詞的一部分，叫作*詞元*）。猜完就把它接在後面，再猜下一個。這就是文字接龍，這份講義的引擎也因此叫作接龍。',
  ),
  p(
    'Each figure below first shows a result recorded earlier; its button loads a small model into your browser and computes the same thing on this page, with your own sentence if you like. Nothing is sent anywhere. Two models appear most: *tales* has read English fairy tales, *poems* Chinese verse of the Tang dynasty. Blocks, heads and tokens are counted from 0; ␣ stands for a space, ↵ for a new line.',
    '以下每一張圖，一開始看到的是預錄的結果；按下按鈕，一個小模型就會載入你的瀏覽器，在這個網頁裡當場重算一次，你也可以換成自己的句子。什麼資料都不會傳出去。最常出場的是兩個模型：*童話*模型讀過英文童話，*詩*的模型讀過唐詩。區塊、注意力頭和詞元都從 0 數起；␣ 是空格，↵ 是換行。',
  ),
  figure(1, {
    title: say('The game', '文字接龍'),
    look: say(
      'The bars are the model’s guesses for the next token. Click one: it joins the text, and the model guesses again.',
      '長條是模型對下一個詞元的猜測。點一個，它就接上去，模型再猜下一個。',
    ),
    guess: {
      ask: say(
        'Before any training, how sure is a model of its first guess?',
        '完全還沒訓練的模型，對自己的第一個猜測有多少把握？',
      ),
      options: [
        say('Very sure, but wrong', '很有把握，但是猜錯'),
        say('About equally unsure of everything', '對每個詞元都差不多沒把握'),
      ],
      right: 1,
      shown: [0],
      why: say(
        'Its parameters are random and small, so all tokens get nearly the same probability: the upper dashed line, where the curve of the second picture begins. It first learns which tokens are common: that alone would reach the lower line.',
        '它的參數是很小的亂數，所以每個詞元的機率幾乎一樣：第二張圖的曲線就從上面那條虛線開始。它最先學到哪些詞元常見，光靠這一點可以降到下面那條虛線。',
      ),
    },
    parts: [
      [
        'jl-distribution',
        {
          share: 'game',
          model: say('tales', 'poems'),
          text: say(
            "The princess lost her golden ball in the well. 'Give me back my golden",
            '\n月落烏啼霜滿天，江楓漁火對愁',
          ),
          show: 'model',
          caption: say(
            'A trained model: start it, then click a bar, again and again.',
            '訓練過的模型：按「開始」，再點長條，一個接一個。',
          ),
        },
      ],
      [
        'jl-train',
        {
          caption: say(
            'A model that knows nothing yet: train it here, and watch its guesses.',
            '什麼都還不會的模型：在這裡訓練它，看它的猜測怎麼變。',
          ),
        },
      ],
    ],
    notice: say(
      'The trained model puts most of its probability on a few tokens. The model that you train here is dozens of times smaller and reads for only a few seconds. Its loss (explained just below) on text it never read still falls below both dashed lines. Nobody teaches it grammar: its only exercise is the next token.',
      '訓練過的模型把大部分機率集中在少數幾個詞元上。你在這裡訓練的模型小了幾十倍，也只讀幾秒鐘，可是讀完之後，它在沒讀過的文字上，損失（下面就解釋）已經低於圖中兩條虛線。沒有人教它文法，唯一的功課就是猜下一個詞元。',
    ),
    claim: 'figure 1: training lowers the held-out loss below both anchors',
  }),
  p(
    'How good is a guess? Ask what probability the model gave to the token that really came. The *loss* is minus the natural logarithm of that probability, averaged over a text (unit: nats): 0 if the model was certain and right, 0.69 if it gave one half, 4.6 if one hundredth. The losses of all tokens added up, divided by ln 2 and by the number of bytes (a letter is one byte, a Chinese character three), are bits per byte, which compare models whose tokens differ; `e` to the loss, the perplexity, says between how many equally likely tokens the model hesitates. What counts is held-out text: text that was kept away from training, so that it cannot have been learned by heart.',
    '猜得好不好，要問模型原本給「真正出現的那個詞元」多少機率。把這個機率取自然對數、加上負號，再對整段文字平均，就是*損失*（單位：奈特）：完全有把握又猜對是 0，只給一半機率是 0.69，只給百分之一是 4.6。把所有詞元的損失加起來，除以 ln 2，再除以位元組數（一個英文字母是一個位元組，一個漢字三個），就是每位元組位元數，詞元不同的模型也能拿來比；`e` 的損失次方叫作困惑度，相當於模型在這麼多個一樣可能的詞元之間猶豫。真正算數的，是保留文字上的損失：訓練時沒看過的文字，背不來。',
  ),
  p(
    'And how does a model learn? It guesses the next token of a text it is given, and each of its numbers (its *parameters*) is moved a little. The gradient says in which direction the loss rises fastest; the move goes the opposite way. One such move is a step; the figure above does 150 of them, large models hundreds of thousands or more.',
    '模型又是怎麼學的？拿一段文字讓它猜下一個詞元，再把模型裡的每個數（叫作*參數*）移動一點點。梯度指出損失上升最快的方向，所以要反著走。移動一次叫一步；上面那張圖走了 150 步，大模型走幾十萬步，甚至更多。',
  ),
  p(
    'The game is old; only the players changed. An *n*-gram model counts which word followed the last few words. A feed-forward network (of this old kind; a part of the Transformer has the same name) turns those few words into vectors, lists of numbers, so that similar words share what was learned. A recurrent network reads on and on and keeps a summary. The Transformer looks back at every earlier word directly.',
    '這個遊戲很老，換的只是玩家。*n* 元模型數一數前面幾個字之後接過什麼。前饋網路（這裡是老式的語言模型；後面 Transformer 裡有個零件同名）把那幾個字變成向量，也就是一串數字，相近的字就能共用學到的東西。循環網路一路讀下去，只留一份摘要。Transformer 則直接回頭看前面每一個字。',
  ),
  figure(2, {
    title: say('Four generations, one text', '四代模型，同一段文字'),
    look: say(
      'Four models that learned from the same fairy tales; the three networks have 1.7 million parameters each. Fewer bits per byte means that the text surprised the model less.',
      '四個模型讀的是同一批童話，其中三個網路都是 170 萬個參數。每位元組位元數愈少，表示文字愈不讓模型意外。',
    ),
    parts: [
      [
        'note-evolution',
        {
          model: 'tales',
          text: 'Once upon a time there was a',
          caption: say(
            'Try another beginning: each model continues it.',
            '換一個開頭，看四個模型各自怎麼接（它們只讀過英文）。',
          ),
        },
      ],
    ],
    notice: say(
      'Each generation needs fewer bits on text that none of them has read. The last two, one training run each, differ by little. One sentence can mislead: here the Transformer’s own line is the dullest of the four. Compare on a whole text, never on one guess.',
      '在誰都沒讀過的文字上，每一代需要的位元都比上一代少，最後兩代（各只訓練一次）只差一點。只看一句話會看走眼：這裡 Transformer 寫的那一句反而最呆板。要比，就要用整段文字比。',
    ),
    claim: 'figure 2: bits per byte fall from n-gram to Transformer',
  }),
  p(
    'The rest of this note opens the Transformer from one end to the other. Five stations are all there is: text is cut into tokens; each token becomes a vector; attention lets tokens look at earlier ones, and knows their places; a feed-forward network works on each token by itself; and the last vector becomes a guess.',
    '接下來我們把 Transformer 從頭到尾打開。全程只有五站：文字切成詞元；每個詞元變成向量；注意力讓詞元回頭看前面，也知道誰在哪裡；前饋網路對每個詞元各自加工；最後一個向量變成對下一個詞元的猜測。',
  ),
  figure(3, {
    title: say('From text to a guess', '從文字到猜測'),
    look: say(
      'Your sentence on its way through the model, with the true shape of the numbers at each station. Choose a station to go to its chapter.',
      '你的句子一路穿過模型，每一站都標出數字的真實形狀。點一站，就到那一章。',
    ),
    parts: [
      [
        'note-pipeline',
        {
          share: 'note',
          model: say('tales', 'poems'),
          caption: say(
            'Type your own sentence; all figures that show this one will follow.',
            '打一句自己的話；用到這一句的圖都會跟著換。',
          ),
        },
      ],
    ],
    notice: say(
      'Stations 3 and 4 together are one block. The model repeats the block, with other parameters each time, and changes nothing else.',
      '第 3、4 站合起來是一個區塊。模型只是把區塊重複好幾次，每次參數不同，其他都不變。',
    ),
    claim: 'figure 3: shapes and numbers equal the taps',
  }),
);
