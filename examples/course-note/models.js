/**
 * models.js - models that figures name and that are not among the elements' own, found like the note's other files.
 */
import { provide } from '../../web/elements.js';
import { bytesOf } from './figures/files.js';

provide('position-learned', async () => new Uint8Array(await bytesOf('position-learned')));
