// Speaks to screen readers through an aria-live element, no faster than they can listen.

/**
 * @param {HTMLElement} region
 * @param {number} pause ms of quiet between two sentences; the newest one is spoken
 * @returns {(sentence: string) => void}
 */
export function announcer(region, pause) {
  let timer = null;
  let newest = '';
  return (sentence) => {
    newest = sentence;
    timer ??= setTimeout(() => {
      timer = null;
      region.textContent = newest;
    }, pause);
  };
}
