// A sweep in a sentence: where it stands and which of its trials is ahead, and a way to stop it.

import { get, post } from '../api.js';
import { element } from '../dom.js';
import { requestButton } from '../request_button.js';
import { isOver, percent, spaced } from '../words.js';

export class SweepSummary {
  #id = '';

  /**
   * @param {HTMLElement} root
   * @param {() => void} onCancelled
   */
  constructor(root, onCancelled) {
    this.words = element('p', { role: 'status' });
    this.cancel = element('button', { type: 'button' }, 'Cancel the sweep');
    const request = requestButton(() => ({ method: 'GET', path: this.#path }), 'this sweep');
    const tools = element('div', { className: 'tools' }, this.cancel, request);
    this.root = element('div', { className: 'sweep', hidden: true }, this.words, tools);
    root.append(this.root);
    this.cancel.addEventListener('click', async () => {
      try {
        this.#render(await post(`${this.#path}/cancel`));
        onCancelled();
      } catch (error) {
        this.words.textContent = error.message;
      }
    });
  }

  get #path() {
    return `/v1/sweeps/${encodeURIComponent(this.#id)}`;
  }

  /** @param {string} id none hides it */
  async show(id) {
    this.#id = id;
    this.root.hidden = !id;
    if (!id) return;
    try {
      const sweep = await get(this.#path);
      if (this.#id === id) this.#render(sweep);
    } catch (error) {
      if (this.#id === id) this.words.textContent = error.message;
    }
  }

  #render({ status, metric, trials }) {
    const ended = trials.filter((trial) => isOver(trial.status)).length;
    const parts = [`${ended} of ${trials.length} trials have ended: ${status}.`];
    const [first] = trials;
    if (first?.value != null) {
      const settings = Object.entries(first.parameters).map(
        ([name, value]) => `${spaced(name.split('.').at(-1))} ${JSON.stringify(value)}`,
      );
      const value = metric.endsWith('accuracy') ? percent(first.value) : first.value.toPrecision(3);
      parts.push(`Ahead by ${spaced(metric)}: ${settings.join(', ')}, with ${value}.`);
    }
    this.words.textContent = parts.join(' ');
    this.cancel.hidden = ended === trials.length;
  }
}
