/** index.js - the elements that only this note has. */
import { NoteBpe } from './bpe.js';
import { NoteEvolution } from './evolution.js';
import { NoteFormula } from './formula.js';
import { NoteGather } from './gather.js';
import { NoteLengths } from './lengths.js';
import { NotePipeline } from './pipeline.js';
import { NotePositions } from './positions.js';
import { NoteRelevance } from './relevance.js';
import { NoteSame } from './same.js';
import { NoteUnrolled } from './unrolled.js';

NoteBpe.define('note-bpe');
NoteEvolution.define('note-evolution');
NoteFormula.define('note-formula');
NoteGather.define('note-gather');
NoteLengths.define('note-lengths');
NotePipeline.define('note-pipeline');
NotePositions.define('note-positions');
NoteRelevance.define('note-relevance');
NoteSame.define('note-same');
NoteUnrolled.define('note-unrolled');
