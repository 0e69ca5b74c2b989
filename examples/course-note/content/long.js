/** long.js - long texts and what is tried: figures 24 to 26. */
import { say } from '../tree.js';
import { figure, p, section } from './figure.js';

/** The beginning of a page of held-out text. */
const PAGE =
  "Unluckily, a great cockchafer, who was buzzing over the river, happened to catch sight of her, and caught her up in his claws. The poor butterfly was terribly frightened at the sight of him, and he struggled hard to free himself, so that the sash bow gave way, and he flew off into the sunshine. But Maia wasn't so fortunate, and though the cockchafer collected honey from the flowers for her dinner, and told her several times how pretty she was, she could not feel at ease with him. The cockchafer noticed this, and summoned his sisters to play with her; but they only stared rudely, and said:\n'Where did you pick up that strange object? She is very ugly to be sure, but one ought to pity her for she has only two legs.'";

export const long = section(
  'long',
  say('7. Long texts, and what is tried', '七、長文與各種對策'),
  figure(24, {
    title: say('Why long texts are hard', '長文為什麼難'),
    look: say(
      'The work of each part as the text grows; both axes are logarithmic. Points were counted by the engine; the line is the formula; what lies beyond is computed, not counted.',
      '文字變長時，各部分的工作量；兩軸都是對數刻度。點是引擎數出來的，線是公式；再往右是推算，不是數出來的。',
    ),
    guess: {
      ask: say(
        'In this small model, from how many tokens on do the scores and the gathering of attention cost more than everything else, Q, K and V included?',
        '在這個小模型裡，文字要多長，注意力的分數與匯總才會比其他所有部分（包括 Q、K、V）更貴？',
      ),
      options: [
        say('About 100', '大約 100 個詞元'),
        say('About 500', '大約 500 個'),
        say('About 4,000', '大約 4,000 個'),
      ],
      right: 2,
      why: say(
        'About 3,900: set the two formulas below the table equal. (There its line crosses that of all the rest. The pass asks for the last guess only, so the last block attends from one token.) That is far more than the 512 tokens this model reads. Attention grows with the square, but it starts from very little.',
        '大約 3,900 個：讓表下面那兩個式子相等就算得出來。（圖上就是它和「其餘合計」的交點。這裡只要最後一個猜測，所以最後一個區塊只有一個詞元在看。）這個模型最多只讀 512 個詞元，還差得遠。注意力隨長度的平方成長，只是起點很低。',
      ),
    },
    parts: [
      [
        'jl-cost',
        {
          model: 'tales',
          n: 100000,
          caption: say(
            'Choose a length, or plot the times that were measured here.',
            '選一個長度，或改畫在這裡量到的時間。',
          ),
        },
      ],
    ],
    notice: say(
      'At 100,000 tokens each head of such a model would weigh five billion pairs (10⁵ × 10⁵ / 2), nearly all of its work would be attention, and its cache would hold 0.8 GB.',
      '到了十萬個詞元，這種模型的每個頭要衡量五十億對（10⁵ × 10⁵ ÷ 2），幾乎所有的工作都在注意力，快取也要佔 0.8 GB。',
    ),
    claim: 'figure 24: measured points lie on the counted curve',
  }),
  figure(25, {
    title: say('Cheaper attention', '便宜一點的注意力'),
    look: say(
      'Three savings on the same text: look back only so far (a window), keep the first tokens too (sinks), store the cache in fewer bits.',
      '同一段文字上的三種省法：只回頭看一段（視窗）、另外留住開頭幾個（注意力匯點）、快取用比較少的位元存。',
    ),
    parts: [
      [
        'jl-cache',
        {
          model: 'tales',
          text: PAGE,
          steps: 8,
          window: 16,
          show: 'step',
          caption: say(
            'Choose another window or another cache, and read the losses in the last table.',
            '換一個視窗或快取，讀最下面那張表裡的損失。',
          ),
        },
      ],
    ],
    notice: say(
      'A window keeps memory and work flat once the text is longer than the window and the 64 tokens more that this engine keeps, and costs some loss: the smaller the window, the greater the loss (try 8 or 64). Eight bits instead of thirty-two cost almost nothing. (± is the standard error of the change.) In large models the loss explodes when the first tokens leave the window, because many heads rest on them when they have nothing to look for (attention sinks, Xiao et al. 2024); sinks hardly help this small model.',
      '有了視窗，文字超過視窗（這個引擎另外多留 64 個詞元）以後，記憶體和每一步的工作就不再成長，代價是損失變大：換成 8 或 64 看看，視窗愈小，代價愈大。用 8 位元代替 32 位元，幾乎沒有代價。（± 是變化的標準誤差。）在大模型裡，開頭的詞元一離開視窗，損失就暴增，因為許多頭沒什麼好看時，就盯著開頭（注意力匯點，attention sink，Xiao 等人，2024）；匯點對這個小模型幾乎沒有幫助。',
    ),
    claim: 'figure 25: smaller windows lose more, eight bits almost nothing',
  }),
  figure(26, {
    title: say('Trained short, tested long', '練短的，考長的'),
    look: say(
      'Four small models that differ only in how they know positions. All were trained on texts of 64 tokens. See what happens beyond.',
      '四個小模型，只差在怎麼知道位置，都只用 64 個詞元的文字訓練。看看超過之後會怎樣。',
    ),
    guess: {
      ask: say('Which one survives best?', '哪一種最撐得住？'),
      options: [
        say('Sine waves', '正弦波'),
        say('Learned vectors', '學來的位置向量'),
        say('RoPE', 'RoPE'),
        say('ALiBi: scores fall with distance', 'ALiBi：分數隨距離遞減'),
      ],
      right: 3,
      why: say(
        'ALiBi: it even improves a little with longer texts. RoPE holds to twice the trained length, then gets worse. Sine waves that the model has never met mislead it most.',
        'ALiBi：文字愈長，它甚至還好一點。RoPE 撐到訓練長度的兩倍，之後就變差。模型沒見過的正弦波，誤導最大。',
      ),
    },
    parts: [
      [
        'note-lengths',
        {
          model: 'tales',
          caption: say(
            'Start: each model is scored here at every length.',
            '按「開始」：四個模型在每個長度上當場計分。',
          ),
        },
      ],
    ],
    notice: say(
      'Beyond the trained length, RoPE gives scores at distances the model never met, and added positions bring vectors it never met. ALiBi only makes far tokens count less and less, so a longer text brings little that is new. Another direction gives up looking back at every token: state-space models carry a summary of fixed size along, as recurrent networks did; there is none in this figure.',
      '超過訓練長度，RoPE 會算出模型沒見過的距離，加上去的位置也會帶來沒見過的向量。ALiBi 只讓遠處的字愈來愈淡，所以文字變長也沒什麼新東西。另一個方向是不再回頭看每個詞元：狀態空間模型像循環網路那樣，帶著一份固定大小的摘要往前走；圖裡沒有放這種模型。',
    ),
    claim: 'figure 26: bits per byte order alibi, rope, learned, sinusoidal at 512',
  }),
  p(
    'That is the whole machine: cut, look up, look back, work, add, guess; and again. What you have seen is small enough to fit on this page. The models behind chat programs are ten thousand times larger, and after the game they are trained further on conversations; but the machine is this one.',
    '整部機器就是這樣：切開、查表、回頭看、加工、相加、猜；再來一次。你看到的這一部，小到能放進這個網頁；聊天程式背後的模型大上一萬倍，玩完接龍還要再拿對話來訓練，但機器就是這一部。',
  ),
);
