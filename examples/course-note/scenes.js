/** scenes.js */
export const SCENES = {};
