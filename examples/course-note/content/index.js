/** index.js - the sections of the note, in order. */
import { attention, heads } from './attention.js';
import { answering, block, output } from './block.js';
import { meaning, token } from './input.js';
import { long } from './long.js';
import { opening } from './opening.js';

export const SECTIONS = [opening, token, meaning, attention, heads, block, output, answering, long];
