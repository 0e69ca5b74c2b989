/**
 * share.js - elements with the same `share` name show the same text, layer, head and token.
 *
 * A change of one is set on all others. `select` events on document tell others, such as a frame's parent.
 */

export const SHARED = ['text', 'layer', 'head', 'token', 'model'];

/** @typedef {HTMLElement & Record<string, any>} Member */

/** @type {Map<string, { members: Set<Member>, values: Map<string, string> }>} */
const groups = new Map();

/**
 * Joins a group: takes its values, and gives its own where the group has none.
 * @param {Member} member @param {string} name
 */
export function join(member, name) {
  const group = groups.get(name) ?? { members: new Set(), values: new Map() };
  groups.set(name, group);
  group.members.add(member);
  for (const key of SHARED) {
    const value = group.values.get(key);
    const own = member.getAttribute(key);
    if (value !== undefined && value !== own) member.setAttribute(key, value);
    else if (own !== null) publish(member, name, key, own);
  }
}

/** @param {string} name of a group */
export const membersOf = (name) => groups.get(name)?.members ?? [];

/** @param {Member} member @param {string} name */
export function leave(member, name) {
  const group = groups.get(name);
  group?.members.delete(member);
  if (group && !group.members.size) groups.delete(name);
}

/**
 * Sets a value on all members. A value that all have ends the chain of changes.
 * @param {Member | null} member null: from outside of the page's elements
 * @param {string} name @param {string} key @param {string} value
 */
export function publish(member, name, key, value) {
  const group = groups.get(name);
  if (!group || group.values.get(key) === value) return;
  group.values.set(key, value);
  for (const other of group.members) {
    if (other !== member && other.getAttribute(key) !== value) other.setAttribute(key, value);
  }
  const detail = { share: name, key, value };
  document.dispatchEvent(new CustomEvent('jielong-select', { detail }));
}
