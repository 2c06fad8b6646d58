// The dialog that shows requests.

import { element } from './dom.js';
import { asCurl, asPython } from './snippets.js';

let dialog;

/** @param {import('./requests.js').Request | import('./requests.js').Request[] | null} request */
export function show(request) {
  dialog ??= newDialog();
  const codes = [request ?? []]
    .flat()
    .flatMap((one) => [
      ...(one.title ? [element('h3', {}, one.title)] : []),
      code('curl', asCurl(one), one.title ? 'h4' : 'h3'),
      code('Python', asPython(one), one.title ? 'h4' : 'h3'),
    ]);
  if (!codes.length) codes.push(element('p', {}, 'There is nothing to send yet.'));
  dialog.querySelector('.codes').replaceChildren(...codes);
  dialog.showModal();
}

function newDialog() {
  const title = element('h2', { id: 'request-title' }, 'The same as a request');
  const close = element('button', {}, 'Close');
  const made = element(
    'dialog',
    { id: 'request' },
    element('form', { method: 'dialog' }, title, element('div', { className: 'codes' }), close),
  );
  made.setAttribute('aria-labelledby', title.id);
  document.body.append(made);
  return made;
}

function code(language, source, heading) {
  const pre = element('pre', { tabIndex: 0, role: 'region', ariaLabel: language }, source);
  const copy = element('button', { type: 'button', ariaLabel: `Copy as ${language}` }, 'Copy');
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(source);
      copy.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(pre); // where a page may not write to the clipboard
      copy.textContent = 'Selected';
    }
  });
  const head = element('div', { className: 'code-head' }, element(heading, {}, language), copy);
  return element('div', {}, head, pre);
}
