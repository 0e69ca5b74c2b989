/**
 * note-elements.js - all elements of the note, for other pages: a script tag and <note-formula></note-formula> are its figure.
 */
import '../../web/elements.js';
import './figures/index.js';
import './models.js';
