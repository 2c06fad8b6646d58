// The figures of a model that one asks for first, and the model as a file.

import { element } from '../dom.js';
import { download } from '../downloads.js';
import { requestButton } from '../request_button.js';
import { count, moment, percent } from '../words.js';

const FORMATS = { safetensors: 'safetensors', npz: 'NumPy', onnx: 'ONNX', keras: 'Keras' };

export class Facts {
  #format = 'safetensors';

  constructor(root) {
    this.list = element('dl', { className: 'facts' });
    this.problem = element('p', { className: 'problem', role: 'alert' });
    const buttons = Object.entries(FORMATS).map(([format, title]) => {
      const button = element('button', { type: 'button' }, title);
      button.addEventListener('click', () => this.#export(format));
      return button;
    });
    const request = requestButton(
      () => ({
        method: 'GET',
        path: this.#path(this.#format),
        file: `${this.name}.${this.#format}`,
      }),
      'the export',
    );
    const label = element('span', { className: 'quiet', id: 'export-label' }, 'Download as');
    this.exports = element(
      'div',
      { className: 'tools exports', role: 'group', hidden: true },
      label,
      ...buttons,
      request,
    );
    this.exports.setAttribute('aria-labelledby', 'export-label');
    root.append(this.list, this.exports, this.problem);
  }

  /** @param {string} name the id or alias by which it was chosen */
  show(model, name) {
    this.name = name;
    this.exports.hidden = false;
    this.problem.textContent = '';
    const { metrics, parameters, dataset, created_at: created, size_bytes: size } = model;
    const facts = { Parameters: count(parameters), 'Multiply-adds': '…' };
    if (metrics.test_accuracy != null) facts['Test accuracy'] = percent(metrics.test_accuracy);
    if (metrics.test_loss != null) facts['Test loss'] = metrics.test_loss.toPrecision(3);
    if (dataset) facts['Learnt from'] = dataset;
    facts.Weights = bytes(size);
    facts.Made = moment(created);
    this.list.replaceChildren(
      ...Object.entries(facts).map(([term, value]) =>
        element('div', {}, element('dt', {}, term), element('dd', { dir: 'auto' }, value)),
      ),
    );
    this.cost = this.list.children[1].querySelector('dd');
  }

  /** @param {number} macs multiply-adds of one sample */
  showCost(macs) {
    this.cost.textContent = count(macs);
  }

  #path(format) {
    return `/v1/models/${encodeURIComponent(this.name)}/export?format=${format}`;
  }

  async #export(format) {
    this.#format = format;
    this.problem.textContent = '';
    try {
      await download(this.#path(format));
    } catch (error) {
      this.problem.textContent = error.message;
    }
  }
}

function bytes(size) {
  if (size < 1e6) return `${Math.max(1, Math.round(size / 1e3))} kB`;
  return `${(size / 1e6).toFixed(1)} MB`;
}
