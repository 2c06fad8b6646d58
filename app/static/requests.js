// Every action of the page as the request that it sends, to be copied as curl or as Python.

/**
 * @typedef {object} Request
 * @property {string} path
 * @property {string} [title] where there is more than one
 * @property {string} [method] POST where there is none
 * @property {FormData | object} [body]
 * @property {string} [file] what the answer is kept as, where it is one to keep
 * @property {boolean} [stream] whether the answer comes line by line
 */

/**
 * Lets a button show what an action would send right now.
 * @param {HTMLButtonElement} button
 * @param {() => Request | Request[] | null} request null where there is nothing to send yet
 */
export function offerRequest(button, request) {
  button.addEventListener('click', async () => {
    const { show } = await import('./request-dialog.js');
    show(request());
  });
}
