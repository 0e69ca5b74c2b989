/**
 * samples.js - a dozen short notes, for readers without a folder at hand.
 */
const NOTES = {
  'bread.md':
    'Mix 500 g of flour with 350 g of water and let it rest for half an hour. Then add the salt and the starter.\n\nFold the dough four times, once every half hour, until it holds its shape. It rises overnight in the cold.\n\nBake in a closed iron pot, 20 minutes with the lid and 25 without.',
  'bicycle.md':
    'The chain was stretched, so it skipped under load. A new one and a new cassette cost 48 euros.\n\nA soft brake lever means air in the line. Bleed the system before the next long descent.',
  'tomatoes.md':
    'Seedlings go outside after the last frost, in the middle of May. Bury the stem up to the first leaves.\n\nYellow lower leaves were a lack of magnesium. A spoon of Epsom salt in the watering can helped within a week.',
  'sleep.md':
    'I fall asleep faster when the room is below 18 degrees and the phone stays in the kitchen.\n\nCoffee after two in the afternoon costs me an hour of rest.',
  'budget.md':
    'Rent takes a third of my income, food a fifth. The rest is split between travel and savings.\n\nCancel the two subscriptions that nobody has used since winter.',
  'lisbon.md':
    'The yellow tram 28 is full of visitors by nine; walk up the hill instead and take it down in the evening.\n\nThe best custard tarts are not at the famous shop but two streets behind it.',
  'piano.md':
    'Practise the left hand alone, slowly, with a metronome at 60, until no note is late.\n\nTen minutes every day bring more than an hour on Sunday.',
  'cat.md':
    'The vet weighed her: 4.9 kg, half a kilo too much. Two meals a day now, and no dry food at night.\n\nShe hides under the bed when it thunders. A blanket over the basket calms her.',
  'meeting.md':
    'We agreed to ship on the 14th. Anna writes the release notes, and Tom tests the installer on an old laptop.\n\nOpen question: who answers customers during the holidays?',
  'stars.md':
    'With binoculars the four large moons of Jupiter are visible, on a line that changes from night to night.\n\nDark skies need a new moon and an hour of driving away from the city.',
  'insulation.md':
    'The draught in the hall comes from the letter box. A brush strip stopped it.\n\nTwenty centimetres of cellulose in the attic would lower the heating bill by about a quarter.',
  'spanish.md':
    'Learn verbs in sentences, never alone. Read children\u2019s books aloud, then write one paragraph a day.\n\nFlash cards work if I see them on three different days.',
};

/** @returns {File[]} */
export const samples = () =>
  Object.entries(NOTES).map(([name, text]) => new File([text], name, { type: 'text/plain' }));
