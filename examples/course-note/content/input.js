/** input.js - tokens, meaning, position: figures 4 to 8. */
import { say } from '../tree.js';
import { figure, p, section } from './figure.js';

export const token = section(
  'token',
  say('1. Tokens', '一、詞元'),
  p(
    'A model does not read letters. It has a list of pieces, its vocabulary, and every text is cut into pieces of that list: tokens. The list is itself learned. Begin with single characters, find the pair that stands side by side most often, make it one piece, and repeat: this is byte-pair encoding (Sennrich et al. 2016).',
    '模型讀的不是字母。它有一份清單，叫作詞表，所有文字都切成清單上的片段，也就是詞元。這份清單也是學來的：先從單一字元開始，找出最常相鄰的一對，合成一個片段，再找下一對。這叫位元組對編碼（BPE，Sennrich 等人，2016）。',
  ),
  figure(4, {
    title: say('Learning the pieces', '片段是怎麼學來的'),
    look: say(
      'Go through the merges one by one. Frequent words become one piece early; rare ones stay in parts.',
      '一次看一個合併。常見的詞很早就合成一塊，少見的詞一直是好幾塊。',
    ),
    guess: {
      ask: say('Which word is one piece?', '哪一個詞會是一整塊？'),
      options: [say('princess', 'princess（公主）'), say('generative', 'generative（生成的）')],
      right: 0,
      why: say(
        'The vocabulary comes from fairy tales: “princess” occurs all the time, “generative” never. So it falls into pieces that are frequent in other words.',
        '這份詞表是從童話學來的：princess 到處都是，generative 一次也沒有，所以只能拆成在別的詞裡常見的片段。',
      ),
    },
    parts: [
      ['jl-merges', { text: 'A generative princess', model: 'tales' }],
      ['note-bpe', { model: 'tales', text: 'A generative princess' }],
    ],
    notice: say(
      'A word is a token because it is frequent, not because it is a word. In the poem model each Chinese character is one token: there was nothing to merge.',
      '一個詞是一個詞元，是因為它常見，不是因為它是「詞」。在詩的模型裡，一個漢字就是一個詞元，沒有什麼可以合併。',
    ),
    claim: 'figure 4: k merges on screen give what a tokenizer with k merges gives',
  }),
  figure(5, {
    title: say('Cut anything', '什麼都切切看'),
    look: say(
      'Type whatever you like: spaces, numbers, emoji, two languages in one line. Every piece has a number, its id; the model sees only the ids.',
      '隨便打：空格、數字、表情符號、中英夾雜。每一塊都有編號，模型看到的只有編號。',
    ),
    parts: [['jl-tokens', { share: 'note' }]],
    notice: say(
      'Put together again, the pieces give exactly your text. A character that the vocabulary does not have is written in bytes, so nothing is ever unknown.',
      '把這些塊接回去，一字不差就是原文。詞表沒有的字會拆成位元組來寫，所以沒有「不認識」這回事。',
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
      'A few groups of tokens, drawn by two directions in which their rows differ most. Click a token to see its nearest neighbours in the whole table.',
      '選幾組詞元，用差異最大的兩個方向畫成平面。點一個詞元，看整張表裡離它最近的是誰。',
    ),
    parts: [['jl-embedding', {}]],
    notice: say(
      'Nobody sorted these words. They came to lie together because they can stand in the same places in a text. The map shows two directions out of hundreds, so near on the map is only a hint; the cosines beside it are the truth.',
      '沒有人替這些詞分類，它們聚在一起，是因為在文章裡可以站在同樣的位置。地圖只是幾百個方向裡的兩個，圖上靠近只是線索，旁邊的餘弦值才是真的。',
    ),
    claim: 'figure 6: groups are closer inside than to others',
  }),
  figure(7, {
    title: say('One token, one row', '一個詞元，一列數字'),
    look: say(
      'The same token in two sentences. Compare its row in the table with its vector after each block.',
      '同一個詞元，放在兩個句子裡。比較它在表裡的那一列，和經過每個區塊之後的向量。',
    ),
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
      'At the input the two vectors are the same, bit for bit: a table knows no context. What “bear” means here is decided later, by looking around.',
      '在輸入處，兩個向量每個位元都一樣，因為查表不看上下文。bear 在這裡是熊還是忍受，要到後面「看看四周」才決定。',
    ),
    claim: 'figure 7: the two rows are identical',
  }),
  p(
    'A sum of vectors does not know order: “dog bites man” and “man bites dog” have the same rows. So the position must get in too. The first Transformer added a pattern of sine waves to each vector; others learn a vector per place; today most models rotate the query and key vectors by an angle that grows with the position (RoPE, Su et al. 2021).',
    '把向量加起來是不分先後的：「狗咬人」和「人咬狗」查到的列一模一樣。所以位置也得放進去。最早的 Transformer 在向量上加正弦波；有的模型替每個位置學一個向量；現在多半把查詢與鍵向量依位置轉一個角度（RoPE，Su 等人，2021）。',
  ),
  figure(8, {
    title: say('Take the order away', '把順序拿掉'),
    look: say(
      'The same words, with positions on and off. Watch the guess for the next token.',
      '同樣的字，有位置與沒位置。看下一個詞元的猜測怎麼變。',
    ),
    guess: {
      ask: say(
        'With positions switched off, does a causal model still know the order of the words?',
        '關掉位置之後，這個模型還知道字的先後嗎？',
      ),
      options: [say('Not at all', '完全不知道'), say('A little', '還知道一點')],
      right: 1,
      why: say(
        'A little. A token sees only what stands before it, so how much it can see tells it where it is. In a single block the order is lost completely; over several blocks the mask lets some of it through.',
        '還知道一點。每個詞元只看得到前面，「看得到多少」就洩漏了自己在哪裡。只有一個區塊時，順序真的完全消失；疊了幾個區塊，遮罩就漏出一些順序來。',
      ),
    },
    parts: [
      ['note-positions', { model: 'position-learned' }],
      [
        'jl-compare',
        { model: 'poems', text: '\n床前明月光，疑是地上霜。舉頭望明月', rule: 'positions-off' },
      ],
    ],
    notice: say(
      'The poem model knows that a line ends after five characters: with positions it puts the comma there with near certainty, without them it has lost count.',
      '詩的模型知道五個字一句：有位置時，它幾乎確定這裡該是標點；沒有位置，它就數不出來了。',
    ),
    claim: 'figure 8: positions carry the metre',
  }),
);
