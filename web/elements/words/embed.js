/** embed.js - words of the page of one figure: [English, Traditional Chinese]. */

/** @type {import('../../ui/words.js').Words} */
export const words = {
  long: ['The address is too long and was ignored.', '網址太長，已略過。'],
  figure: [
    'There is no figure “{name}”; this is “{figure}”.',
    '沒有「{name}」這張圖，這裡顯示的是「{figure}」。',
  ],
  unknown: [
    'The address has settings that this figure does not have: {names}.',
    '網址裡有這張圖沒有的設定：{names}。',
  ],
  wrong: [
    'The address has values that do not fit, which were ignored: {names}.',
    '網址裡有不合規定的值，已略過：{names}。',
  ],
};
