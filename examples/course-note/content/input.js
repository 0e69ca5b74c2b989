/** input.js - tokens, meaning, position: figures 4 to 8. */
import { say } from '../tree.js';
import { figure, p, section } from './figure.js';

const CUT = 'Bears🐻吃了3.14個派';
const BEAR = {
  model: 'tales',
  text: 'The children were frightened when they saw the bear',
  other: 'The pain was so great that he could not bear',
};

export const token = section(
  'token',
  say('1. Tokens', '一、詞元'),
  p(
    'A model does not read letters. It has a list of pieces, its vocabulary, and every text is cut into pieces of that list: tokens. The list is itself learned. Begin with single bytes (in English, letters), find the pair that stands side by side most often, make it one piece, and repeat: this is byte-pair encoding (Sennrich et al. 2016 on characters; on bytes since GPT-2).',
    '模型讀的不是字母。它有一份清單，叫作詞表，所有文字都切成清單上的片段，也就是詞元。這份清單也是學來的：先從單一的位元組（英文就是一個字母）開始，找出最常相鄰的一對，合成一個片段，再找下一對。這叫位元組對編碼（BPE，Sennrich 等人，2016，從字元開始；GPT-2 以後多半從位元組開始）。',
  ),
  figure(4, {
    title: say('Learning the pieces', '片段是怎麼學來的'),
    look: say(
      'Go through the merges one by one, first of a vocabulary learned from only a few pages, then of the finished one. Frequent words become one piece early; rare ones stay in parts.',
      '一次看一步：先是只從幾頁學來的詞表，再是學完的詞表。常見的詞很早就合成一塊，少見的詞一直是好幾塊。',
    ),
    guess: {
      ask: say(
        'Which word is one piece in the finished list?',
        '在學完的詞表裡，哪一個詞會是一整塊？',
      ),
      options: [say('princess', 'princess（公主）'), say('generative', 'generative（生成的）')],
      right: 0,
      why: say(
        'The vocabulary comes from fairy tales: “princess” occurs all the time, “generative” never. So “generative” falls into pieces that are frequent in other words.',
        '這份詞表是從童話學來的：princess 到處都是，generative 一次也沒有，所以只能拆成在別的詞裡常見的片段。',
      ),
    },
    parts: [
      [
        'note-bpe',
        {
          model: 'tales',
          text: 'A generative princess',
          step: 120,
          caption: say(
            'Learn merges from a few pages of fairy tales, and move the slider. After 120, both words are still in parts.',
            '從幾頁童話學合併；拖動滑桿看看。120 步之後，兩個詞都還是好幾塊。',
          ),
        },
      ],
      [
        'jl-merges',
        {
          text: 'A generative princess',
          model: 'tales',
          caption: say(
            'The finished list of the tales model at work: try a word of your own.',
            '童話模型學好的清單：打一個自己的詞試試（英文）。',
          ),
        },
      ],
    ],
    notice: say(
      'A word is a token because it is frequent, not because it is a word. The list of the poem model was made without merges: each common Chinese character is one token.',
      '一個詞是一個詞元，是因為它常見，不是因為它是「詞」。詩的模型不合併：一個常用漢字就是一個詞元。',
    ),
    claim: 'figure 4: k merges on screen give what a tokenizer with k merges gives',
  }),
  figure(5, {
    title: say('Cut anything', '什麼都切切看'),
    look: say(
      'The same text, cut by two vocabularies. Type whatever you like: numbers, emoji, two languages in one line. Every piece has a number, its id; the model sees only the ids.',
      '同一段文字，用兩份詞表來切。隨便打：數字、表情符號、中英夾雜。每一塊都有編號，模型看到的只有編號。',
    ),
    parts: [
      [
        'jl-tokens',
        {
          share: 'cut',
          model: 'tales',
          text: CUT,
          caption: say('The vocabulary of the tales model', '童話模型的詞表'),
        },
      ],
      [
        'jl-tokens',
        {
          share: 'cut-poems',
          model: 'poems',
          text: CUT,
          caption: say('The vocabulary of the poem model', '詩模型的詞表'),
        },
      ],
    ],
    notice: say(
      'A text like those the vocabulary was learned from is cut into few tokens, any other into many: the tales model needs three tokens for a Chinese character, one for each byte, and the poem model spells English letter by letter. A character that is not in the list is written in bytes, so nothing is ever unknown, and the pieces always join to exactly your text.',
      '詞表對它學過的文字很省，對別的文字就很費：童話模型寫一個漢字要三個詞元（每個位元組一個），詩的模型寫英文只能一個字母一個字母來。詞表沒有的字會拆成位元組，所以沒有「不認識」這回事；把這些塊接回去，一字不差就是原文。',
    ),
    claim: 'figure 5: the pieces rejoin to the exact text',
  }),
);

export const meaning = section(
  'meaning',
  say('2. Meaning and position', '二、意思與位置'),
  p(
    'An id says nothing: token 506 is not “more” than token 505. So the first thing a model does is look the id up in a table with one row per token. The row, a few hundred numbers, is the token’s embedding. At the start of training the rows are random; by the end, rows of words that are used alike have become alike.',
    '編號本身沒有意義：506 號並不比 505 號「多」什麼。所以模型的第一步是查表，一個詞元一列，每列幾百個數字，叫作這個詞元的嵌入。訓練之初這些列是亂數；到最後，用法相近的詞，列也變得相近。',
  ),
  figure(6, {
    title: say('A map of words', '詞的地圖'),
    look: say(
      'A few groups of tokens, drawn in the two directions in which their rows differ most. Click a token to see its nearest neighbours in the whole table.',
      '選幾組詞元，把它們差異最大的兩個方向當成橫軸和縱軸。點一個詞元，看整張表裡離它最近的是誰。',
    ),
    parts: [
      [
        'jl-embedding',
        {
          share: 'note',
          model: say('tales', 'poems'),
          caption: say(
            'Choose a token; the tokens of your own sentence are on the map too.',
            '點一個詞元；你自己那一句的詞元也在地圖上。',
          ),
        },
      ],
    ],
    notice: say(
      'Nobody told the model that these words belong together. Words that can stand in the same places in a text got similar rows. The map shows two directions out of hundreds, so near on the map is only a hint; the cosine below it counts all of them (1: the same direction, 0: at right angles, −1: opposite).',
      '沒有人告訴模型這些詞是一類：在文章裡能站在同樣位置的詞，列就變得相近。地圖只畫出幾百個方向裡的兩個，圖上靠近只是線索；下面的餘弦值才算進了所有方向（1 是同方向，0 是互相垂直，−1 是完全相反）。',
    ),
    claim: 'figure 6: groups are closer inside than to others',
  }),
  figure(7, {
    title: say('One token, one row', '一個詞元，一列數字'),
    look: say(
      'Two sentences end in “bear”: in one it is the animal, in the other the verb. Each strip shows the first numbers of its vector, red above zero, blue below: at the input, and after the last block.',
      '兩個句子都用 bear 結尾，一個是熊（孩子們看見熊，嚇壞了），一個是忍受（痛得他受不了）。每條色帶是它的向量最前面的數，紅是正、藍是負：先是剛查完表時，再是最後一個區塊之後。',
    ),
    parts: [
      [
        'note-same',
        {
          ...BEAR,
          caption: say(
            'Change a sentence, but let both end in the same word.',
            '改一改句子，但讓兩句用同一個詞結尾。',
          ),
        },
      ],
    ],
    notice: say(
      'At the input the two vectors are the same, bit for bit: a table knows no context. What “bear” means here is decided later, by looking back.',
      '剛查完表時，兩個向量每個數都一樣，因為查表不看上下文。bear 在這裡是熊還是忍受，要到後面「回頭看看」才決定。',
    ),
    claim: 'figure 7: the two rows are identical',
  }),
  p(
    'Attention, the next chapter, adds vectors up, and a sum does not know order: “dog bites man” and “man bites dog” have the same rows. So the position must get in too. The first Transformer added a pattern of sine waves to each vector; others learn a vector per place; ALiBi lowers the attention between two tokens the farther apart they are (Press et al. 2022). Most of today’s models, our two among them, add nothing to the vector, and instead rotate what attention compares (the queries and keys of chapter 3), pair by pair of numbers, by angles that grow with the position, so that a score depends on distance alone (RoPE, Su et al. 2021).',
    '下一章的注意力會把向量加起來，而加法不分先後：「狗咬人」和「人咬狗」查到的列一模一樣。所以位置也得放進去。最早的 Transformer 在向量上加正弦波；有的模型替每個位置學一個向量；ALiBi 讓兩個詞元離得愈遠、注意力愈低（Press 等人，2022）。現在的模型，包括童話和詩這兩個，多半不在向量上加東西，而是把注意力要比對的向量（第三章的查詢與鍵）每兩個數一組，依位置轉一個角度，於是分數只和距離有關（RoPE，Su 等人，2021）。',
  ),
  figure(8, {
    title: say('Take the order away', '把順序拿掉'),
    look: say(
      'First, what a position looks like as numbers. Then a poem of Li Bai with positions (A) and with positions switched off (B): watch the next token. (Moonlight before my bed, I took it for frost on the ground; I raise my head to the bright moon …)',
      '先看「位置」寫成數字是什麼樣子；再看同一首詩，有位置（A）和關掉位置（B）時，下一個詞元的猜測怎麼變。',
    ),
    guess: {
      ask: say(
        'Five characters have been written since the last mark. With positions off, will the poem model still put a comma there?',
        '上一個標點之後已經寫了五個字。關掉位置，詩的模型還會在這裡放逗號嗎？',
      ),
      options: [say('Yes', '會'), say('No', '不會')],
      right: 1,
      shown: [0],
      example: true,
      why: say(
        'No: the comma falls from 100 % to 0.4 % (second picture). It repeats 明 and 月 instead.',
        '不會：逗號從 100 % 掉到 0.4 %（見第二張圖），它反而一直重複「明」和「月」。',
      ),
    },
    parts: [
      [
        'note-positions',
        {
          model: 'position-learned',
          caption: say('Four ways to write a position: choose one.', '四種寫位置的方法：選一種。'),
        },
      ],
      [
        'jl-compare',
        {
          model: 'poems',
          text: '\n床前明月光，疑是地上霜。舉頭望明月',
          rule: 'positions-off',
          caption: say(
            'With positions and without: try a poem of your own.',
            '有位置與沒有位置：換一首詩試試。',
          ),
        },
      ],
    ],
    notice: say(
      'With positions the model counts to five; switched off after training, they are missed, and it loses count. It is not quite blind, though: each token sees only what comes before it, so later tokens have seen more, and over several blocks that tells a little about the order. With only one block, the order of the earlier tokens would not get through at all.',
      '有位置，模型數得到五；把訓練時有的位置事後關掉，就數不出來了。但也不是全盲：每個詞元只看得到前面，愈後面的看得愈多，疊了幾個區塊，就透露出一些先後。只有一個區塊時，前面各字的順序才完全消失。',
    ),
    claim: 'figure 8: positions carry the metre',
  }),
);
