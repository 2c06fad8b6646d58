// Asks for the key of a server that wants one.

const dialog = document.querySelector('#key');
const words = document.querySelector('#key-words');

/**
 * @param {boolean} refused whether the server has just turned a key down
 * @returns {Promise<string | null>} null if the person would rather not
 */
export function askForKey(refused) {
  if (refused) words.textContent = 'The server did not accept that key. Try another?';
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        const form = dialog.querySelector('form');
        resolve(dialog.returnValue === 'use' ? form.elements.key.value.trim() : null);
        form.reset();
      },
      { once: true },
    );
  });
}
