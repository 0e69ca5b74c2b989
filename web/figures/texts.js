/** texts.js - texts on which figures measure, longer than the reader's: Grimm's The Frog King, and three Tang poems. */

export const TEXTS = {
  english:
    'In olden times when wishing still helped one, there lived a king whose daughters were all beautiful, but the youngest was so beautiful that the sun itself was astonished whenever it shone in her face. Close by the castle lay a great dark forest, and under an old lime-tree in the forest was a well, and when the day was very warm, the princess went out into the forest and sat down by the side of the cool well.',
  chinese:
    '\n白日依山盡，黃河入海流。欲窮千里目，更上一層樓。\n春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。\n千山鳥飛絕，萬徑人蹤滅。孤舟蓑笠翁，獨釣寒江雪。',
};
