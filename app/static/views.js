// Which part of the page is in sight. The address says it: `#train?job=job_1` shows the section
// `train` and hands it its state, so that every view can be linked to and the back button works.

/**
 * @typedef {object} View
 * @property {(section: HTMLElement) => unknown} [mount] called once, before it is first shown; may be
 *   asynchronous, and is called again if it failed
 * @property {(state: URLSearchParams) => void} [show] whenever it comes into sight or its state changes
 * @property {() => void} [hide]
 */

/** @type {Map<string, View & {mounted?: Promise<unknown>}>} */
const views = new Map();
let current = null;

/**
 * @param {string} name of the section in the page, and in the address
 * @param {View} view
 */
export function register(name, view) {
  views.set(name, { ...view });
}

/** The state of the view in sight, as the address has it. */
export function state() {
  return new URLSearchParams(location.hash.split('?').slice(1).join('?'));
}

/**
 * The address of a view.
 * @param {string} name
 * @param {Record<string, string>} [values]
 */
export function address(name, values = {}) {
  const query = new URLSearchParams(values).toString();
  return query ? `#${name}?${query}` : `#${name}`;
}

/** Goes to a view, as a link to it would. */
export function go(name, values) {
  location.hash = address(name, values);
}

/**
 * Keeps the state of the view in sight in the address, without a step in the history. An address that
 * names another view already, which is about to come into sight, stays as it is.
 */
export function remember(name, values) {
  if (current === name && named() === name) history.replaceState(null, '', address(name, values));
}

/** Shows what the address names, from now on; the first view where it names none. */
export function start() {
  addEventListener('hashchange', () => follow());
  follow();
}

/** Shows what the address names; announces `view-failed` where its code is not to be had. */
export async function follow() {
  const name = named();
  const view = views.get(name);
  if (name !== current) {
    views.get(current)?.hide?.();
    current = name;
    for (const other of views.keys()) document.getElementById(other).hidden = other !== name;
    for (const link of document.querySelectorAll('.views a')) {
      if (link.hash === `#${name}`) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }
  try {
    await (view.mounted ??= Promise.resolve(view.mount?.(document.getElementById(name))));
  } catch {
    view.mounted = undefined; // the next look may do better
    dispatchEvent(new Event('view-failed'));
    return;
  }
  if (current === name) view.show?.(state());
}

/** The view that the address names, or the first. */
function named() {
  const [first] = views.keys();
  const name = location.hash.slice(1).split('?')[0];
  return views.has(name) ? name : first;
}
