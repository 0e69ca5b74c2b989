/**
 * heat.js - the style sheet's colours for canvases, and the ramp of magnitudes.
 *
 * Colour is linear in the square root of a value, because most attention weights are small.
 */

/** @typedef {ReturnType<typeof palette>} Palette */

/**
 * The style sheet's colours and fonts, resolved for the theme.
 * @param {HTMLCanvasElement} canvas
 */
export function palette(canvas) {
  const style = getComputedStyle(canvas);
  /** @param {string} name */
  const colour = (name) => {
    canvas.style.color = `var(--jl-${name})`;
    return style.color;
  };
  const stops = [0, 1, 2, 3, 4].map((i) =>
    (colour(`heat-${i}`).match(/[\d.]+/g) ?? []).map(Number),
  );
  const mixes = ramp(stops);
  return {
    ink: colour('ink'),
    quiet: colour('quiet'),
    paper: colour('paper'),
    accent: colour('accent'),
    line: colour('line'),
    q: colour('q'),
    k: colour('k'),
    heat: mixes.map((mix) => `rgb(${mix.join()})`),
    mixes,
    sans: style.getPropertyValue('--jl-sans'),
    mono: style.getPropertyValue('--jl-mono'),
  };
}

/** 256 colours interpolated from five. @param {number[][]} stops [5][rgb] @returns {number[][]} [256][rgb] */
function ramp(stops) {
  return Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * 4;
    const low = Math.min(3, Math.floor(at));
    const mix = stops[low].map((c, k) => Math.round(c + (stops[low + 1][k] - c) * (at - low)));
    return mix.slice(0, 3);
  });
}

/** The place of a value from 0 to 1 in the ramp. @param {number} value */
export const heatOf = (value) => Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, value))));
