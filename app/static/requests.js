// Every action of the page as the request that it sends, to be copied as curl or as Python.

import { element } from './dom.js';

/**
 * @typedef {object} Request
 * @property {string} path
 * @property {string} [title] where there is more than one
 * @property {string} [method] POST where there is none
 * @property {FormData | object} [body]
 */

/**
 * Lets a button show what an action would send right now.
 * @param {HTMLButtonElement} button
 * @param {() => Request | Request[] | null} request null where there is nothing to send yet
 */
export function offerRequest(button, request) {
  button.addEventListener('click', () => show(request()));
}

/** @param {Request} request */
export function asCurl({ method = 'POST', path, body }) {
  const lines = [`curl -X ${method} ${quoted(location.origin + path)}`];
  if (body instanceof FormData) {
    for (const [name, value] of body) {
      const part = value instanceof File ? `@${value.name}` : value;
      lines.push(`-F ${quoted(`${name}=${part}`)}`);
    }
  } else if (body) {
    lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  }
  return lines.join(' \\\n  ');
}

/** @param {Request} request */
export function asPython({ method = 'POST', path, body }) {
  const given = [JSON.stringify(location.origin + path)];
  if (body instanceof FormData) {
    const entries = [...body];
    const files = entries.filter(([, value]) => value instanceof File);
    const fields = entries.filter(([, value]) => !(value instanceof File));
    const opened = files.map(([name, { name: file }]) => `(${text(name)}, open(${text(file)}, "rb"))`);
    if (fields.length) given.push(`data=${python(Object.fromEntries(fields))}`);
    if (opened.length) given.push(`files=[${opened.join(', ')}]`);
  } else if (body) given.push(`json=${python(body)}`);
  const call = `httpx.${method.toLowerCase()}(\n    ${given.join(',\n    ')},\n)`;
  return `import httpx\n\nanswer = ${call}\nprint(answer.json())`;
}

/** For a POSIX shell. */
const quoted = (words) => `'${words.replaceAll("'", "'\\''")}'`;

/** A string of JSON is one of Python too. */
const text = (words) => JSON.stringify(words);

function python(value) {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries.map(([name, item]) => `${text(name)}: ${python(item)}`).join(', ')}}`;
}

let dialog;

function show(request) {
  dialog ??= newDialog();
  const codes = [request ?? []].flat().flatMap((one) => [
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
