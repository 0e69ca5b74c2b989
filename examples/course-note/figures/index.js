/** index.js - the elements that only this note has. */
import { NoteFormula } from './formula.js';
import { NoteGather } from './gather.js';
import { NoteRelevance } from './relevance.js';

NoteFormula.define('note-formula');
NoteGather.define('note-gather');
NoteRelevance.define('note-relevance');
