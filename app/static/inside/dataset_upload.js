// A dataset of one's own: sent with its progress, and what the service found out about it.

import { authorization } from '../api.js';
import { element } from '../dom.js';
import { requestButton } from '../request_button.js';
import { count } from '../words.js';
import { field } from '../field.js';

const KINDS =
  'An .npz with x_train, y_train, x_test and y_test; or a zip of the four IDX files; or a zip of ' +
  'train/<class>/*.png and test/<class>/*.png.';

export class DatasetUpload {
  #request = null;

  /**
   * @param {HTMLElement} root
   * @param {(name: string) => void} onUploaded
   */
  constructor(root, onUploaded) {
    this.onUploaded = onUploaded;
    const name = { name: 'name', required: true, maxLength: 64, autocomplete: 'off' };
    this.name = element('input', name);
    this.name.spellcheck = false;
    this.file = element('input', { type: 'file', name: 'file', required: true });
    this.file.accept = '.npz,.zip';
    this.send = element('button', { className: 'primary' }, 'Upload');
    this.stop = element('button', { type: 'button', hidden: true }, 'Stop');
    this.progress = element('progress', { max: 1, hidden: true, ariaLabel: 'Upload' });
    this.status = element('p', { role: 'status', dir: 'auto' });
    this.found = element('ul', { className: 'findings' });
    this.form = element(
      'form',
      {},
      element('p', { className: 'quiet' }, KINDS),
      element('div', { className: 'controls' }, field('Name', this.name), field('File', this.file)),
      element(
        'div',
        { className: 'tools' },
        this.send,
        this.stop,
        requestButton(() => this.#asRequest, 'this upload'),
      ),
      this.progress,
      this.status,
      this.found,
    );
    root.append(this.form);
    this.stop.addEventListener('click', () => this.#request?.abort());
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#upload();
    });
  }

  get #asRequest() {
    if (!this.file.files.length) return null;
    return { path: '/v1/datasets', body: new FormData(this.form) };
  }

  /** By XMLHttpRequest: fetch does not tell how much has been sent. */
  #upload() {
    if (this.#request) return;
    const request = (this.#request = new XMLHttpRequest());
    request.open('POST', '/v1/datasets');
    for (const [name, value] of Object.entries(authorization())) {
      request.setRequestHeader(name, value);
    }
    request.upload.addEventListener('progress', ({ loaded, total }) => this.#sent(loaded, total));
    request.addEventListener('load', () => this.#answered(request));
    request.addEventListener('error', () => this.#say('The server does not answer. Try again.'));
    request.addEventListener('abort', () => this.#say('Stopped; nothing was stored.'));
    request.addEventListener('loadend', () => {
      this.#request = null;
      this.progress.hidden = this.stop.hidden = true;
      this.send.disabled = false;
    });
    this.send.disabled = true;
    this.progress.hidden = this.stop.hidden = false;
    this.#sent(0, 1);
    request.send(new FormData(this.form));
  }

  #sent(loaded, total) {
    if (loaded < total) this.progress.value = loaded / total;
    else this.progress.removeAttribute('value'); // all is there; how long the look takes is not known
    const share = Math.floor((loaded / total) * 100);
    this.#say(loaded < total ? `${share}% sent` : 'All sent; the samples are looked at …');
  }

  #answered({ status, responseText }) {
    const answer = parsed(responseText);
    if (status === 201) {
      this.#say(uploadedWords(answer), answer.warnings ?? []);
      this.form.reset();
      this.onUploaded(answer.name);
      return;
    }
    const why = answer.detail ?? answer.title ?? `The server answered with status ${status}.`;
    const errors = answer.errors ?? [];
    this.#say(
      why,
      errors.map(({ loc, msg }) => (loc.length ? `${loc.join(' · ')}: ${msg}` : msg)),
      true,
    );
  }

  #say(words, findings = [], wrong = false) {
    this.status.textContent = words;
    this.status.classList.toggle('problem', wrong);
    this.found.replaceChildren(...findings.map((one) => element('li', { dir: 'auto' }, one)));
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function uploadedWords({ name, classes, train_samples: train, test_samples: test, checks }) {
  const parts = [`${name}: ${count(train)} to train on, ${count(test)} to test with`];
  parts.push(`${classes.length} classes`);
  const twice = checks?.duplicates;
  if (twice) parts.push(`${count(twice.train + twice.test)} duplicates`);
  if (twice?.between) parts.push(`${count(twice.between)} test samples are training samples too`);
  return `${parts.join(', ')}.`;
}
