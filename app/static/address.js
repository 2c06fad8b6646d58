// What a view keeps in the address, as `#inside?model=digits`: whoever opens it sees the same, and
// the plain link `#inside` leads back to where one was.

import { remember } from './views.js';

export class Address {
  #view;
  #query;

  /**
   * @param {string} view its name in the address
   * @param {(parameters: URLSearchParams) => void} onChange another link to this view was followed
   */
  constructor(view, onChange) {
    this.#view = view;
    this.#query = this.#written ?? '';
    addEventListener('hashchange', () => {
      const written = this.#written;
      if (written === null || written === this.#query) return;
      if (written === '') return this.#write();
      this.#query = written;
      onChange(this.parameters);
    });
  }

  get parameters() {
    return new URLSearchParams(this.#query);
  }

  /** @param {Record<string, string | null | undefined>} values what is empty is left out */
  remember(values) {
    const given = Object.entries(values).filter(([, value]) => value);
    this.#query = String(new URLSearchParams(given));
    this.#write();
  }

  /** The query that the address has for this view; null while another one is shown. */
  get #written() {
    const [view, query = ''] = location.hash.slice(1).split('?', 2);
    return view === this.#view ? query : null;
  }

  #write() {
    remember(this.#view, Object.fromEntries(this.parameters));
  }
}
