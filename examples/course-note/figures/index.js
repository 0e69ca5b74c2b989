/** index.js - the elements that only this note has. */

