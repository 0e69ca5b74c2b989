/**
 * settings.js - the attributes of elements: types, defaults, and properties of the same name.
 *
 * An attribute is untrusted: it may come from an address. A value that does not fit is ignored; `wrong` says so.
 */

/**
 * @typedef {object} Setting
 * @property {any} fallback the value without the attribute; undefined: the scene's, or the figure's choice
 * @property {(text: string) => any} parse undefined: the text does not fit
 * @property {string[]} [options] the accepted values
 */

export const MAX_TEXT = 20_000; // UTF-16 units

/** @param {string} [fallback] @param {number} [max] UTF-16 units @returns {Setting} */
export const string = (fallback, max = MAX_TEXT) => ({
  fallback,
  parse: (text) => (text.length <= max ? text : undefined),
});

/** @param {number} [fallback] @param {number} [min] @param {number} [max] @returns {Setting} */
export const whole = (fallback, min = 0, max = 1e6) => ({
  fallback,
  parse: (text) => {
    const value = /^-?\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  },
});

/** @param {number | undefined} fallback @param {number} min @param {number} max @returns {Setting} */
export const real = (fallback, min, max) => ({
  fallback,
  parse: (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    return value >= min && value <= max ? value : undefined;
  },
});

/** @param {string} fallback @param {string[]} options @returns {Setting} */
export const oneOf = (fallback, options) => ({
  fallback,
  options,
  parse: (text) => (options.includes(text) ? text : undefined),
});

/** Present and not "false": true. @returns {Setting} */
export const flag = () => ({ fallback: false, parse: (text) => text !== 'false' });

/** The settings of all elements. @type {Record<string, Setting>} */
export const COMMON = {
  model: string(undefined, 2000), // name of an included model, or URL of a GGUF file
  text: string(),
  scene: string(undefined, 2000), // '#id' of a script in the page, or URL of a scene
  layer: whole(),
  head: whole(),
  token: whole(),
  seed: whole(undefined, 0, 999_999_999),
  share: string(undefined, 80),
  theme: oneOf('auto', ['auto', 'light', 'dark']),
  lang: string(undefined, 20),
  caption: string(undefined, 300),
};

/**
 * Values of an element's settings, parsed from its attributes once.
 */
export class Settings {
  /** @type {Map<string, any>} */ #values = new Map();
  /** Names of attributes that do not fit. @type {Set<string>} */ wrong = new Set();

  /** @param {Record<string, Setting>} table */
  constructor(table) {
    this.table = table;
  }

  /** @param {string} name @param {string | null} text of the attribute */
  read(name, text) {
    const value = text === null ? undefined : this.table[name].parse(text);
    if (text !== null && value === undefined) this.wrong.add(name);
    else this.wrong.delete(name);
    this.#values.set(name, value);
  }

  /** The attribute's value; undefined without one that fits. @param {string} name @returns {any} */
  own(name) {
    return this.#values.get(name);
  }
}

/**
 * Gives a class a property for each setting; a property is its attribute. undefined and null remove it.
 * @param {CustomElementConstructor} type @param {Record<string, Setting>} table
 */
export function defineProperties(type, table) {
  for (const name of Object.keys(table)) {
    if (name in type.prototype) continue; // lang, and those that a class defines
    Object.defineProperty(type.prototype, name, {
      configurable: true,
      get() {
        return this.value(name);
      },
      set(value) {
        if (value === undefined || value === null || value === false) this.removeAttribute(name);
        else this.setAttribute(name, value === true ? '' : String(value));
      },
    });
  }
}
