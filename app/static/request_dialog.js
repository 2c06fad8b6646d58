// Shows the request behind what one sees, to be copied and sent from elsewhere.

import { element } from './dom.js';
import { asCurl, asPython } from './requests.js';

let dialog;

/**
 * @param {() => import('./requests.js').ApiRequest} request asked when the button is pressed
 * @param {string} of what the request gives, for those who do not see where the button is
 */
export function requestButton(request, of) {
  const button = element(
    'button',
    { type: 'button', className: 'request' },
    element('span', { ariaHidden: 'true' }, '</>'),
    ' Request',
    element('span', { className: 'visually-hidden' }, ` for ${of}`),
  );
  button.addEventListener('click', () => show(request()));
  return button;
}

function show(request) {
  dialog ??= document.body.appendChild(newDialog());
  dialog.querySelector('.curl pre').textContent = asCurl(request);
  dialog.querySelector('.python pre').textContent = asPython(request);
  dialog.querySelector('[role="status"]').textContent = '';
  dialog.showModal();
}

function newDialog() {
  const status = element('p', { role: 'status', className: 'quiet' });
  const close = element('button', { className: 'primary' }, 'Close');
  const made = element(
    'dialog',
    { className: 'request-dialog' },
    element(
      'form',
      { method: 'dialog' },
      element('h2', { id: 'request-title' }, 'The same by hand'),
      snippet('curl', 'curl', status),
      snippet('python', 'Python', status),
      status,
      element('div', { className: 'tools' }, close),
    ),
  );
  made.setAttribute('aria-labelledby', 'request-title');
  return made;
}

function snippet(name, title, status) {
  const code = element('pre', { tabIndex: 0, role: 'region', ariaLabel: `Request for ${title}` });
  const button = element('button', { type: 'button' }, `Copy ${title}`);
  button.addEventListener('click', async () => {
    status.textContent = (await copied(code)) ? `${title}: copied.` : 'Selected: copy it now.';
  });
  const head = element('div', { className: 'snippet-head' }, element('h3', {}, title), button);
  return element('div', { className: name }, head, code);
}

/** Browsers give the clipboard to secure pages only; on others the text is selected instead. */
async function copied(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return false;
  }
}
