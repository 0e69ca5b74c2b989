/** long.js - long texts and what is tried: figures 24 to 26. */
import { say } from '../tree.js';
import { figure, p, section } from './figure.js';

export const long = section(
  'long',
  say('7. Long texts, and what is tried', '七、長文，與各種嘗試'),
  figure(24, {
    title: say('Why long texts are hard', '長文為什麼難'),
    look: say(
      'The work of each part as the text grows. Points are measured here; the line is the formula; what lies beyond is computed, not measured.',
      '文字變長時，各部分的工作量。點是在這裡量的，線是公式；再往右是推算，不是量出來的。',
    ),
    guess: {
      ask: say(
        'In this small model, from how many tokens on does attention cost more than everything else?',
        '在這個小模型裡，文字要多長，注意力才會比其他所有部分更貴？',
      ),
      options: [
        say('About 100', '大約 100 個詞元'),
        say('About 500', '大約 500 個'),
        say('More than 4,000', '超過 4,000 個'),
      ],
      right: 2,
      why: say(
        'About 4,458: beyond the text lengths it was trained for. Attention grows with the square, but it starts from very little.',
        '大約 4,458 個，比它訓練時的長度還長得多。注意力隨長度的平方成長，只是起點很低。',
      ),
    },
    parts: [['jl-cost', { model: 'tales' }]],
    notice: say(
      'At 100,000 tokens a model of this shape would look at five thousand million pairs, and its cache would hold 1.5 GB.',
      '到了十萬個詞元，這種形狀的模型要看五十億對，快取要佔 1.5 GB。',
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
      ['jl-cache', { model: 'tales' }],
      [
        'jl-compare',
        {
          model: 'tales',
          text: 'Once upon a time there was a king who had three daughters. The youngest was so beautiful that the sun himself wondered when he shone on her face. One day she went into the forest and sat down by the well',
          rule: 'window',
          window: 16,
        },
      ],
    ],
    notice: say(
      'A smaller window costs a little more loss and keeps memory flat. Eight bits instead of thirty-two cost almost nothing. Large models fall apart when their first tokens leave the window, because many of their heads rest there; this small one has no such heads.',
      '視窗愈小，損失多一點，記憶體卻不再成長。用 8 位元代替 32 位元，幾乎沒有代價。大模型的開頭一離開視窗就會崩潰，因為許多頭都停在那裡休息；這個小模型沒有那樣的頭。',
    ),
    claim: 'figure 25: smaller windows lose more, eight bits almost nothing',
  }),
  figure(26, {
    title: say('Trained short, tested long', '短的練，長的考'),
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
        'ALiBi even improves with longer texts. An unseen sine wave misleads more than an untrained vector, which is still about zero.',
        'ALiBi 在長文上甚至更好。沒見過的正弦波，比還沒訓練、差不多是零的向量更會誤導模型。',
      ),
    },
    parts: [['note-lengths', { model: 'tales' }]],
    notice: say(
      'A model knows only the lengths it has seen, unless positions are told in a way that needs no new numbers. Other designs give up looking back altogether and carry a state along, as recurrent networks did; they are being tried again.',
      '模型只熟悉自己見過的長度，除非位置的表示法不需要新的數字。也有人乾脆不回頭看，改成像循環網路那樣帶著一份狀態往前走，這條路最近又有人在走。',
    ),
    claim: 'figure 26: bits per byte order alibi, rope, learned, sinusoidal at 512',
  }),
  p(
    'That is the whole machine: cut, look up, look back, work, add, guess; and again. What you have seen is small enough to fit in this page. The models behind chat programs are ten thousand times larger, and they are this.',
    '整部機器就是這樣：切開、查表、回頭看、加工、相加、猜；再來一次。你看到的小到能放進這個網頁；聊天程式背後的模型大上一萬倍，做的就是這些。',
  ),
);
