// The dialog that shows requests.

import { authorization } from './api.js';
import { element } from './dom.js';
import { asCurl, asPython } from './snippets.js';

let dialog;

/** @param {import('./requests.js').Request | import('./requests.js').Request[] | null} request */
export function show(request) {
  dialog ??= newDialog();
  const keyed = 'Authorization' in authorization();
  const codes = [request ?? []].flat().flatMap((one) => [
    ...(one.title ? [element('h3', {}, one.title)] : []),
    ...filesOf(one).map(kept),
    code('curl', asCurl(one, keyed), one.title ? 'h4' : 'h3'),
    code('Python', asPython(one, keyed), one.title ? 'h4' : 'h3'),
  ]);
  if (keyed && codes.length) codes.unshift(keyWords());
  if (!codes.length) codes.push(element('p', {}, 'There is nothing to send yet.'));
  dialog.querySelector('.codes').replaceChildren(...codes);
  dialog.showModal();
}

/** Where the key comes from; what is copied may be shown to anybody. */
const keyWords = () =>
  element('p', {}, 'Your key is not in it: put it into ', element('code', {}, 'MNISTRY_KEY'), '.');

const filesOf = ({ body }) =>
  body instanceof FormData ? [...body.values()].filter((value) => value instanceof File) : [];

/** A file that is sent has to be where the request is sent from. */
function kept(file) {
  const address = URL.createObjectURL(file);
  dialog.addEventListener('close', () => URL.revokeObjectURL(address), { once: true });
  const save = element('a', { href: address, download: file.name, dir: 'auto' }, file.name);
  return element('p', {}, 'It sends ', save, ': keep that where you send it from.');
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
