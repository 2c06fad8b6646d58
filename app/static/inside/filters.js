// What the units of the first layer look for, as the API draws it.

import { send } from '../api.js';
import { element } from '../dom.js';
import { showBlob } from '../pictures.js';
import { requestButton } from '../request_button.js';

export class Filters {
  #model = null;

  constructor(root) {
    this.image = element('img', { alt: 'Weights of the first layer, a tile for each unit' });
    this.frame = element('div', { className: 'plate', hidden: true }, this.image);
    this.words = element('p', { className: 'quiet' });
    const request = requestButton(
      () => ({ method: 'GET', path: this.#path, file: 'filters.png' }),
      'the filters',
    );
    root.append(this.frame, this.words, element('div', { className: 'tools' }, request));
  }

  get #path() {
    return `/v1/models/${encodeURIComponent(this.#model.id)}/filters`;
  }

  async show(model) {
    this.#model = model;
    try {
      const picture = await (await send(this.#path)).blob();
      if (this.#model !== model) return;
      showBlob(this.image, picture);
      this.frame.hidden = false;
      this.words.textContent =
        'A tile for each unit. Bright: ink there speaks for it; dark: against it; grey: it does not matter.';
    } catch (error) {
      if (this.#model !== model) return;
      this.frame.hidden = true;
      this.words.textContent = error.message;
    }
  }
}
